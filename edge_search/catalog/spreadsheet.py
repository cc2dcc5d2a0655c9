"""CSV files as spreadsheets write them: any usual encoding and delimiter to numbered rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_search.errors import CatalogError, PhotoError, SourceMissing
from edge_search.imaging.limits import Limits
from edge_search.imaging.photo import printable, read_photo

__all__ = ["Sheet", "read_sheet"]

_LIMITS = Limits(max_bytes=256 * 2**20)
_DELIMITERS = (",", ";", "\t")
# One quote that is never closed makes the csv module take the rest of the file for one cell.
_LONGEST_ROW = 100
_NUL = "\ue000"  # a private-use character: csv refuses a real NUL on Python 3.10
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)

csv.field_size_limit(2**20)


@dataclass(frozen=True)
class Sheet:
    """A table of text: ``rows`` are (line number from 1, column -> stripped cell), ``problems`` (line, why).

    The columns named to ``read_sheet`` come in that spelling, the others as the file has them.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    problems: tuple[tuple[int, str], ...]


def read_sheet(path: Path, known: Sequence[str], required: Sequence[str]) -> Sheet:
    """Return the rows of a CSV file: UTF-8, UTF-16 with a byte-order mark or cp1252; comma, semicolon or tab.

    ``known`` columns are matched without regard to case. Raises SourceMissing when the file is not there,
    CatalogError when it can't be read or its header lacks one of ``required``.
    """
    lines = list(io.StringIO(_text(path), newline=""))
    start, delimiter = _delimiter(lines, required)
    records = _records(lines, start, delimiter)
    header_line, header = next(records, (1, []))
    names = _names(header, known) if isinstance(header, list) else []
    if missing := [name for name in required if name not in names]:
        shown = ", ".join(name for name in names if name)[:80] or "nothing"
        raise CatalogError(
            f"{printable(str(path))}: no column {missing[0]!r} in its header ({printable(shown)}); "
            "name the columns in the first line, saved as CSV UTF-8"
        )
    problems: list[tuple[int, str]] = []
    seen: set[str] = set()
    columns: dict[int, str] = {}
    for at, name in enumerate(names):
        if name.casefold() in seen:
            problems.append((header_line, f"the column {name!r} stands there twice; the first one is used"))
        elif name:
            columns[at] = name
            seen.add(name.casefold())
    rows: list[tuple[int, dict[str, str]]] = []
    for line, record in records:
        reason = record if isinstance(record, str) else _fault(record, len(names))
        if reason:
            problems.append((line, reason))
        elif any(cell.strip() for cell in record):
            cells = {at: _cell(cell) for at, cell in enumerate(record)}
            rows.append((line, {name: cells.get(at, "") for at, name in columns.items()}))
    return Sheet(tuple(columns.values()), tuple(rows), tuple(problems))


def _text(path: Path) -> str:
    name = printable(str(path))
    try:
        data = read_photo(path, _LIMITS)
    except PhotoError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            raise SourceMissing(f"{name}: no such file; check the path or plug the disk in") from error
        raise CatalogError(str(error)) from error
    if data.startswith(b"PK\x03\x04"):
        raise CatalogError(f"{name}: a spreadsheet or ZIP file, not CSV; save it as CSV UTF-8")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    return text.replace("\0", _NUL)


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


def _records(lines: Sequence[str], begin: int, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (line number, cells), or (line number, reason) for a row that can't be cut into cells."""
    while begin < len(lines):
        feed = _Feed(lines, begin)
        reader = csv.reader(feed, delimiter=delimiter)
        begin = len(lines)
        while feed.at < len(lines):
            first = feed.row = feed.at
            try:
                cells = next(reader)
            except csv.Error as error:
                yield first + 1, f"the row can't be read ({error}); write it again"
                begin = first + 1
                break
            if feed.starved or _open_at_end(lines, first, feed.at):
                # Only this line is lost, not all that the open quotation mark took in.
                yield first + 1, "a quotation mark opens a cell that never ends; close it or double it"
                begin = first + 1
                break
            yield first + 1, cells


def _open_at_end(lines: Sequence[str], first: int, after: int) -> bool:
    if after < len(lines) or after - first < 2:
        return False
    return sum(line.count('"') for line in lines[first:after]) % 2 == 1


def _fault(record: Sequence[str], columns: int) -> str:
    if any(_NUL in cell for cell in record):
        return "the row holds NUL bytes; copy the file again"
    if any(cell.strip() for cell in record[columns:]):
        return f"{len(record)} cells for {columns} columns; quote the cells that hold the delimiter"
    return ""


def _cell(text: str) -> str:
    text = text.strip()
    # ="0012" is how a spreadsheet is kept from eating leading zeros.
    formula = _FORMULA.fullmatch(text)
    return formula[1].strip() if formula else text
