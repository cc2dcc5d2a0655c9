"""products.csv and products.jsonl: what the shop knows about its SKUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_search.catalog.doubt import Doubt, doubt
from edge_search.catalog.listing import Problem, ProductRow, printable
from edge_search.catalog.records import read_records
from edge_search.catalog.sku import clean_sku
from edge_search.catalog.spreadsheet import Layout, Sheet, read_sheet
from edge_search.catalog.values import PRODUCT_COLUMNS, cell_text, decimal_mark, product_values
from edge_search.catalog.zeros import lost_in_column

__all__ = ["RECORDS_NAME", "TABLE_NAME", "Table", "read_table"]

TABLE_NAME = "products.csv"
RECORDS_NAME = "products.jsonl"
_IMAGES = "images"
_STAYS = "until then the product stays as it was"


@dataclass(frozen=True)
class Table:
    """The rows of a product table, one for each SKU; ``images``: SKU -> paths and globs, where it names any.

    ``doubts``: the rows that can't be read, which may be about products that are not in ``rows``. ``cut``: the
    file ends in the middle of something.
    """

    name: str
    rows: tuple[ProductRow, ...]
    problems: tuple[Problem, ...]
    images: Mapping[str, tuple[str, ...]]
    warnings: tuple[Problem, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    cut: bool = False
    layout: Layout = field(default_factory=Layout)


def read_table(path: Path) -> Table:
    """Return what a product table says, ``.jsonl`` as JSON Lines, any other as CSV.

    A row without a usable SKU, or of a SKU that an earlier line has, is a problem and left out; a value that
    can't be read is a problem too, and None and ``unread`` in a row that is kept. Raises SourceMissing or
    CatalogError (unreadable, no column ``sku``).
    """
    read = read_records if path.suffix.lower() == ".jsonl" else read_sheet
    sheet = read(path, ("sku", *PRODUCT_COLUMNS, _IMAGES), ("sku",))
    first = sheet.columns[0] == "sku"
    lost = {line for line, _ in sheet.broken} - {line for line, reason in sheet.problems if "is deleted" in reason}
    found = [(line, f"{reason}; {_STAYS}" if line in lost else reason) for line, reason in sheet.problems]
    doubts = [doubt(cell if first else None) for _, cell in sheet.broken]
    doubts += [Doubt()] if sheet.cut else []
    mark = decimal_mark(cells.get("price") for _, cells in sheet.rows)
    rows: dict[str, ProductRow] = {}
    images: dict[str, tuple[str, ...]] = {}
    spellings: dict[str, str] = {}
    warnings: list[tuple[int, str]] = []
    for line, cells in sheet.rows:
        text = cell_text(cells.pop("sku"))
        try:
            sku = clean_sku(text)
        except ValueError as error:
            found.append((line, f"{error}; {_STAYS}" if text else str(error)))
            doubts.append(doubt(text, cell_text(cells.get("title"))))
            continue
        if sku in rows:
            found.append((line, f"the SKU {sku} stands in line {rows[sku].line} already; that one is used"))
            continue
        other = spellings.setdefault(sku.casefold(), sku)
        if other != sku:
            warnings.append((line, f"the SKU {sku} differs from {other} in line {rows[other].line} by case only"))
        patterns = tuple(part.strip() for part in cell_text(cells.pop(_IMAGES, "")).split("|") if part.strip())
        if patterns:
            images[sku] = patterns
        values, reasons = product_values(cells, mark)
        found += [(line, f"{reason}; until then it stays as it was") for reason in reasons.values()]
        rows[sku] = ProductRow(sku, values, line, frozenset(reasons))
    warnings += _lost_zeros(sheet, rows)
    return Table(
        name=printable(path.name),
        rows=tuple(rows.values()),
        problems=_named(path, found),
        images=images,
        warnings=_named(path, warnings),
        doubts=tuple(doubts),
        cut=sheet.cut,
        layout=sheet.layout,
    )


def _lost_zeros(sheet: Sheet, rows: Mapping[str, ProductRow]) -> list[tuple[int, str]]:
    gtins = {line: cell_text(cells.get("gtin")) for line, cells in sheet.rows}
    return [
        *lost_in_column("sku", {row.line: sku for sku, row in rows.items()}),
        *lost_in_column("gtin", {line: text for line, text in gtins.items() if text}),
    ]


def _named(path: Path, found: list[tuple[int, str]]) -> tuple[Problem, ...]:
    name = printable(path.name)
    return tuple(Problem(f"{name}:{line}", reason) for line, reason in sorted(found))
