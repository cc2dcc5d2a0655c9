"""products.csv: what the shop knows about its SKUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_search.catalog.listing import Problem, ProductRow, printable
from edge_search.catalog.sku import clean_sku
from edge_search.catalog.spreadsheet import read_sheet
from edge_search.catalog.values import PRODUCT_COLUMNS, product_values

__all__ = ["Table", "read_table"]

_IMAGES = "images"


@dataclass(frozen=True)
class Table:
    """The rows of a product table, one for each SKU; ``images``: SKU -> paths and globs, where it names any."""

    rows: tuple[ProductRow, ...]
    problems: tuple[Problem, ...]
    images: Mapping[str, tuple[str, ...]]


def read_table(path: Path) -> Table:
    """Return what a product table says.

    A row without a usable SKU, or of a SKU that an earlier line has, is a problem and left out; a price,
    stock or gtin that can't be read is a problem too, and None in a row that is kept. Raises SourceMissing
    or CatalogError (unreadable, no column ``sku``).
    """
    sheet = read_sheet(path, ("sku", *PRODUCT_COLUMNS, _IMAGES), ("sku",))
    found = list(sheet.problems)
    rows: dict[str, ProductRow] = {}
    images: dict[str, tuple[str, ...]] = {}
    for line, cells in sheet.rows:
        try:
            sku = clean_sku(cells.pop("sku"))
        except ValueError as error:
            found.append((line, str(error)))
            continue
        if sku in rows:
            found.append((line, f"the SKU {sku} stands in line {rows[sku].line} already; that one is used"))
            continue
        patterns = tuple(part.strip() for part in cells.pop(_IMAGES, "").split("|") if part.strip())
        if patterns:
            images[sku] = patterns
        values, reasons = product_values(cells)
        found += [(line, reason) for reason in reasons]
        rows[sku] = ProductRow(sku, values, line)
    name = printable(path.name)
    problems = tuple(Problem(f"{name}:{line}", reason) for line, reason in sorted(found))
    return Table(tuple(rows.values()), problems, images)
