"""CSV files as spreadsheets write them: any usual encoding and delimiter to numbered rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_search.catalog.text import read_text
from edge_search.errors import CatalogError
from edge_search.imaging.photo import printable

__all__ = ["Cell", "Layout", "Sheet", "guarded", "read_sheet"]

Cell = str | int | float | list[Any] | None
"""What stands in a cell: text in CSV; JSON has numbers too, and lists, which are never taken."""

_DELIMITERS = (",", ";", "\t")
# One quote that is never closed makes the csv module take the rest of the file for one cell.
_LONGEST_ROW = 100
_NUL = "\ue000"  # how read_text gives a NUL
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
# What makes a spreadsheet take text for a formula or keep zeros: written as '=1+1 and '0012, as it is done by hand.
_GUARDED = re.compile(r"\A'(?='*(?:[=+\-@\t]|\d+\Z))")
_MOST_COLUMNS = 200
_LONGEST_NAME = 64
_OPEN = "a quotation mark opens a cell that never ends; close it or double it"
_CUT = "the file is cut short here; copy it again (if it is whole, end its last line); nothing it lacks is deleted"

csv.field_size_limit(2**20)


@dataclass(frozen=True)
class Layout:
    """Where in its file everything stands: what a change needs that leaves the rest alone.

    ``lines`` with their ends; ``header`` and ``spans`` (by line number): the lines from .. to before ..
    """

    lines: tuple[str, ...] = ()
    delimiter: str = ","
    header: tuple[int, int] = (0, 0)
    names: tuple[str, ...] = ()
    spans: Mapping[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """A table of text: ``rows`` are (line number from 1, column -> stripped cell), ``problems`` (line, why).

    The columns named to ``read_sheet`` come in that spelling, the others as the file has them. ``broken``: the
    lines that are no row, with the text of their first cell where that can be told. ``cut``: the file ends in the
    middle of something, so what it lacks may have stood in the rest.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, Cell]], ...]
    problems: tuple[tuple[int, str], ...]
    broken: tuple[tuple[int, str | None], ...] = ()
    cut: bool = False
    layout: Layout = field(default_factory=Layout)


def read_sheet(path: Path, known: Sequence[str], required: Sequence[str]) -> Sheet:
    """Return the rows of a CSV file: UTF-8, UTF-16 with a byte-order mark or cp1252; comma, semicolon or tab.

    ``known`` columns are matched without regard to case. Raises SourceMissing when the file is not there,
    CatalogError when it can't be read or its header lacks one of ``required``.
    """
    text = read_text(path)
    start, delimiter = _delimiter(text.lines, required)
    records = list(_records(text.lines, start, delimiter))
    first = records.pop(0) if records else _Record(0, 0, [])
    header = first.cells if isinstance(first.cells, list) else []
    names = _names(header, known)
    if missing := [name for name in required if name not in names]:
        shown = ", ".join(name for name in names if name)[:80] or "nothing"
        raise CatalogError(
            f"{printable(str(path))}: no column {missing[0]!r} in its header ({printable(shown)}); "
            "name the columns in the first line, saved as CSV UTF-8"
        )
    columns, problems = _columns(names, first.begin + 1)
    records, cut = _cut(records, text.lines, len(names), half=text.cut)
    rows: list[tuple[int, dict[str, Cell]]] = []
    broken: list[tuple[int, str | None]] = []
    for record in records:
        line = record.begin + 1
        reason = record.cells if isinstance(record.cells, str) else _fault(record.cells, len(names))
        if reason:
            problems.append((line, reason))
            broken.append((line, _first_cell(text.lines[record.begin], delimiter)))
        elif any(cell.strip() for cell in record.cells):
            cells = {at: _cell(cell) for at, cell in enumerate(record.cells)}
            rows.append((line, {name: cells.get(at, "") for at, name in columns.items()}))
    spans = {record.begin + 1: (record.begin, record.end) for record in records}
    layout = Layout(text.lines, delimiter, (first.begin, first.end), tuple(header), spans)
    return Sheet(tuple(columns.values()), tuple(rows), tuple(problems), tuple(broken), cut, layout)


@dataclass(frozen=True)
class _Record:
    """The lines from ``begin`` to before ``end``: cells, or why they can't be cut into cells."""

    begin: int
    end: int
    cells: list[str] | str


def _columns(names: Sequence[str], line: int) -> tuple[dict[int, str], list[tuple[int, str]]]:
    problems: list[tuple[int, str]] = []
    columns: dict[int, str] = {}
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name.casefold() in seen:
            problems.append((line, f"the column {name!r} stands there twice; the first one is used"))
        elif len(name) > _LONGEST_NAME or not name.isprintable():
            problems.append(
                (line, f"the column {printable(name[:_LONGEST_NAME])!r} is no name of one line; it is not read")
            )
        elif name and len(columns) >= _MOST_COLUMNS:
            problems.append((line, f"over {_MOST_COLUMNS} columns; those from {name!r} on are not read"))
            break
        elif name:
            columns[at] = name
            seen.add(name.casefold())
    return columns, problems


def _delimiter(lines: Sequence[str], required: Sequence[str]) -> tuple[int, str]:
    """Return (index of the header line, delimiter), told by which delimiter finds the columns."""
    start = next((at for at, line in enumerate(lines) if line.strip()), 0)
    if start < len(lines) and (named := re.fullmatch(r'"?sep=([,;\t])"?\s*', lines[start])):
        return start + 1, named[1]  # Excel's own way to say it

    def score(delimiter: str) -> tuple[int, int]:
        try:
            names = _names(next(csv.reader(lines[start : start + 1], delimiter=delimiter), []), required)
        except csv.Error:
            return 0, 0
        return sum(name in names for name in required), len(names)

    return start, max(_DELIMITERS, key=score)


def _names(header: Sequence[str], known: Sequence[str]) -> list[str]:
    spelling = {name.casefold(): name for name in known}
    return [spelling.get(cell.strip().casefold(), cell.strip()) for cell in header]


class _Feed:
    """Lines for csv.reader from ``begin`` on, ending early when one row takes too many of them."""

    def __init__(self, lines: Sequence[str], begin: int) -> None:
        self.lines = lines
        self.at = self.row = begin
        self.starved = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        self.starved = self.at - self.row >= _LONGEST_ROW
        if self.starved or self.at >= len(self.lines):
            raise StopIteration
        self.at += 1
        return self.lines[self.at - 1]


def _records(lines: Sequence[str], begin: int, delimiter: str) -> Iterator[_Record]:
    while begin < len(lines):
        feed = _Feed(lines, begin)
        reader = csv.reader(feed, delimiter=delimiter)
        begin = len(lines)
        while feed.at < len(lines):
            first = feed.row = feed.at
            try:
                cells = next(reader)
            except csv.Error as error:
                yield _Record(first, first + 1, f"the row can't be read ({error}); write it again")
                begin = first + 1
                break
            if feed.starved or _open_at_end(lines, first, feed.at):
                # Only this line is lost, not all that the open quotation mark took in.
                yield _Record(first, first + 1, _OPEN)
                begin = first + 1
                break
            yield _Record(first, feed.at, cells)


def _open_at_end(lines: Sequence[str], first: int, after: int) -> bool:
    if after < len(lines) or not first < after:
        return False
    quotes = sum(line.count('"') for line in lines[first:after])
    # In a row of one line a lone quotation mark may be a sign for inches; in its last cell it may be an open one.
    alone = after - first < 2 and not re.search(r'(?:^|[,;\t])\s*"[^"]*$', lines[first].rstrip("\r\n"))
    return quotes % 2 == 1 and not alone


def _cut(records: list[_Record], lines: Sequence[str], columns: int, *, half: bool) -> tuple[list[_Record], bool]:
    """Tell whether the file ends in the middle of a row, and take what is left of that for no row."""
    opened = next((at for at, record in enumerate(records) if record.cells == _OPEN), None)
    # A cell of several lines that was broken off: what follows its begin are scraps, not rows.
    widths = [len(record.cells) for record in records[:opened] if isinstance(record.cells, list) and record.cells]
    width = min([columns, *widths])
    if opened is not None and all(_short(record, width) for record in records[opened + 1 :]):
        return [*records[:opened], _Record(records[opened].begin, len(lines), _CUT)], True
    if not records or records[-1].end != len(lines) or lines[-1].endswith(("\n", "\r")):
        return records, False
    whole = len(records) > 1 and not any(_short(record, columns) for record in records[:-1])
    if half or (whole and _short(records[-1], columns)):
        return [*records[:-1], _Record(records[-1].begin, records[-1].end, _CUT)], True
    return records, False


def _short(record: _Record, columns: int) -> bool:
    return isinstance(record.cells, list) and len(record.cells) < columns


def _first_cell(line: str, delimiter: str) -> str | None:
    """Return the first cell of a line that is no row, if it ends before the trouble can begin."""
    cell, found, _ = line.partition(delimiter)
    return cell.strip() if found and cell.strip() and '"' not in cell and _NUL not in cell else None


def _fault(record: Sequence[str], columns: int) -> str:
    if any(_NUL in cell for cell in record):
        return "the row holds NUL bytes; copy the file again"
    if any(cell.strip() for cell in record[columns:]):
        return f"{len(record)} cells for {columns} columns; quote the cells that hold the delimiter"
    return ""


def guarded(text: str) -> str:
    """Return a text as it is written into a cell, so that no spreadsheet takes it for a formula; read back the same."""
    return f"'{text}" if text[:1] in tuple("=+-@\t") or _GUARDED.match(text) else text


def _cell(text: str) -> str:
    text = text.strip()
    # ="0012" is how a spreadsheet is kept from eating leading zeros.
    formula = _FORMULA.fullmatch(text)
    return formula[1].strip() if formula else _GUARDED.sub("", text)
