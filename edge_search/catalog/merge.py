"""Rows of one product table taken into another: by SKU, and nothing else of it is touched."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge_search.catalog.listing import Value
from edge_search.catalog.spreadsheet import guarded
from edge_search.catalog.table import RECORDS_NAME, Table

__all__ = ["Merged", "merge"]

_IMAGES = "images"


@dataclass(frozen=True)
class Merged:
    """What a table becomes; ``data`` is None where nothing changes. ``changed``: products added or changed."""

    data: bytes | None
    changed: int


def merge(
    base: Table | None, arriving: Table, images: Mapping[str, Sequence[str]], *, listed: Iterable[str] = ()
) -> Merged:
    """Take the rows of ``arriving`` into ``base``.

    What a row has a value for replaces or adds it; an empty cell, one that can't be read, and rows that only the
    base has change nothing. Lines of the base that don't change stay as they are, byte for byte but for the
    encoding, which becomes UTF-8.

    Args:
        base: the table there is; None makes a new one.
        arriving: the rows that are taken.
        images: SKU -> paths for the column ``images``, which are written instead of the row's own.
        listed: SKUs that get a bare row in a new table, so that their photos stay known.
    """
    wanted = {row.sku: _filled(row.values, images.get(row.sku, ())) for row in arriving.rows}
    known = {row.sku: row for row in base.rows} if base else {}
    changes: dict[str, dict[str, Value]] = {}
    for sku, values in wanted.items():
        now = {**known[sku].values, _IMAGES: "|".join(base.images.get(sku, ()))} if base and sku in known else {}
        # Columns are told apart without regard to case, as in the header.
        said = {column.casefold(): value for column, value in now.items()}
        change = {column: value for column, value in values.items() if said.get(column.casefold()) != value}
        if change or sku not in known:
            changes[sku] = change
    bare = [] if base else [sku for sku in sorted(listed) if sku not in wanted]
    if not changes:
        return Merged(None, 0)
    lines = {sku: row.line for sku, row in known.items()}
    if base and base.name == RECORDS_NAME:
        return Merged(_records(base, lines, changes).encode(), len(changes))
    return Merged(_sheet(base, lines, changes, bare).encode("utf-8-sig"), len(changes))


def _filled(values: Mapping[str, Value], images: Sequence[str]) -> dict[str, Value]:
    filled: dict[str, Value] = {column: value for column, value in values.items() if value is not None}
    if images:
        filled[_IMAGES] = "|".join(images)
    return filled


def _sheet(
    base: Table | None, lines: Mapping[str, int], changes: Mapping[str, Mapping[str, Value]], bare: Sequence[str]
) -> str:
    columns = dict.fromkeys(column for change in changes.values() for column in change)
    if base is None:
        writer = _Rows(",", "\r\n")
        names = ["sku", *columns]
        rows = [[guarded(sku), *(_cell(column, changes[sku].get(column)) for column in columns)] for sku in changes]
        return "".join(writer.text(row) for row in [names, *rows, *([guarded(sku)] for sku in bare)])
    layout = base.layout
    header = layout.lines[layout.header[0] : layout.header[1]]
    end = "\r\n" if "".join(header).endswith("\r\n") else "\n"
    writer = _Rows(layout.delimiter, end)
    names = [*layout.names]
    at: dict[str, int] = {}
    for number, name in enumerate(names):
        at.setdefault(name.strip().casefold(), number)
    for column in columns:
        if column.casefold() not in at:
            at[column.casefold()] = len(names)
            names.append(column)
    out = [*layout.lines]
    if out and not out[-1].endswith(("\n", "\r")):
        out[-1] += end
    if len(names) > len(layout.names):
        _put(out, layout.header, writer.text(names))
    fresh = []
    for sku, change in changes.items():
        cells = {at[column.casefold()]: _cell(column, value) for column, value in change.items()}
        if sku in lines:
            span = layout.spans[lines[sku]]
            old = next(csv.reader(layout.lines[span[0] : span[1]], delimiter=layout.delimiter))
            _put(out, span, writer.text(_with(old, cells)))
        else:
            fresh.append(writer.text(_with([], {at["sku"]: guarded(sku), **cells})))
    return "".join([*out, *fresh])


def _with(row: Sequence[str], cells: Mapping[int, str]) -> list[str]:
    wide = [*row, *[""] * (1 + max(cells, default=0) - len(row))]
    return [cells.get(number, cell) for number, cell in enumerate(wide)]


def _put(lines: list[str], span: tuple[int, int], text: str) -> None:
    # The other spans keep their numbers: the first line takes the text, the rest of the span goes.
    lines[span[0] : span[1]] = [text, *[""] * (span[1] - span[0] - 1)]


class _Rows:
    """Writes single rows."""

    def __init__(self, delimiter: str, end: str) -> None:
        self._delimiter, self._end = delimiter, end

    def text(self, row: Sequence[str]) -> str:
        buffer = io.StringIO(newline="")
        # A row of one empty cell would be an empty line.
        csv.writer(buffer, delimiter=self._delimiter, lineterminator=self._end).writerow(row)
        return buffer.getvalue()


def _cell(column: str, value: Value) -> str:
    if value is None:
        return ""
    if column == "price":
        # Never three decimals: in a table of decimal commas 2.345 is two thousand.
        text = f"{value:.2f}" if float(f"{value:.2f}") == value else _plain(float(value))
        return f"{text}0" if len(text.partition(".")[2]) == 3 else text
    return str(value) if isinstance(value, int) else guarded(str(value))


def _plain(number: float) -> str:
    text = format(number, "f") if float(format(number, "f")) == number else f"{number:.20f}".rstrip("0")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _records(base: Table, lines: Mapping[str, int], changes: Mapping[str, Mapping[str, Value]]) -> str:
    out = [*base.layout.lines]
    if out and not out[-1].endswith(("\n", "\r")):
        out[-1] += "\n"
    fresh = []
    for sku, change in changes.items():
        if sku in lines:
            out[lines[sku] - 1] = _record(json.loads(out[lines[sku] - 1]), change)
        else:
            fresh.append(_record({"sku": sku}, change))
    return "".join([*out, *fresh])


def _record(old: dict[str, object], change: Mapping[str, Value]) -> str:
    inner = old.get("attributes")
    for column, value in change.items():
        place = inner if isinstance(inner, dict) and column in inner else old
        spelling = next((name for name in place if name.strip().casefold() == column.casefold()), column)
        place[spelling] = value
    return json.dumps(old, ensure_ascii=False) + "\n"
