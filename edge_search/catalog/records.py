"""products.jsonl: a product table of one JSON object a line, the twin of products.csv."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from edge_search.catalog.spreadsheet import Cell, Layout, Sheet
from edge_search.catalog.text import read_text

__all__ = ["read_records"]

_LONGEST_LINE = 2**20
_SKU = re.compile(r'"sku"\s*:\s*("(?:[^"\\]|\\.)*"|\d+)', re.IGNORECASE)
_CUT = "the file is cut short here; copy it again; nothing it lacks is deleted"


class _Pairs(list[tuple[str, Any]]):
    """An object as it stands in the file: json would drop all but the last of two equal names."""


def read_records(path: Path, known: Sequence[str], required: Sequence[str]) -> Sheet:
    """Return the rows of a JSON Lines file, as `read_sheet` does those of a CSV file.

    A row has the columns its object names; numbers stay numbers. ``attributes`` may be an object of its own and
    ``images`` a list. Raises SourceMissing when the file is not there, CatalogError when it can't be read.
    """
    text = read_text(path)
    spelling = {name.casefold(): name for name in (*known, "attributes")}
    rows: list[tuple[int, dict[str, Cell]]] = []
    problems: list[tuple[int, str]] = []
    broken: list[tuple[int, str | None]] = []
    columns: dict[str, None] = dict.fromkeys(required)
    cut = False
    for line, content in enumerate(text.lines, start=1):
        if not content.strip():
            continue
        try:
            cells: dict[str, Cell] = {}
            for name, value, reason in _cells(_parsed(content), spelling):
                if reason:
                    problems.append((line, reason))
                else:
                    cells[name] = value
        except ValueError as error:
            cut = cut or (line == len(text.lines) and not content.endswith(("\n", "\r")))
            problems.append((line, _CUT if cut else str(error)))
            broken.append((line, _guess(content)))
            continue
        rows.append((line, {**dict.fromkeys(required, ""), **cells}))
        columns.update(dict.fromkeys(cells))
    spans = {line: (line - 1, line) for line in range(1, len(text.lines) + 1)}
    layout = Layout(text.lines, spans=spans)
    return Sheet(tuple(columns), tuple(rows), tuple(problems), tuple(broken), cut, layout)


def _parsed(content: str) -> _Pairs:
    if len(content) > _LONGEST_LINE:
        raise ValueError(f"the line has {len(content):,} characters, at most {_LONGEST_LINE:,} are read")
    try:
        found = json.loads(content, object_pairs_hook=_Pairs, parse_float=Decimal, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"not a JSON object of one line ({error.msg} at column {error.colno}); write it again"
        ) from None
    except RecursionError:
        raise ValueError("lists in lists without end; write an object of texts and numbers") from None
    except ValueError as error:
        raise ValueError(f"not a JSON object of one line ({error}); write it again") from None
    if not isinstance(found, _Pairs):
        raise ValueError('not a JSON object; write a line like {"sku": "A1", "title": "Milk", "price": 1.99}')
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _cells(pairs: _Pairs, spelling: dict[str, str]) -> Iterator[tuple[str, Cell, str]]:
    """Yield (column, value, why it can't be taken) for each name of an object."""
    seen: set[str] = set()
    for raw, value in pairs:
        name = spelling.get(raw.strip().casefold(), raw.strip())
        if name.casefold() in seen:
            yield name, None, f"{name!r} stands there twice; the first one is used"
        elif name == "attributes" and isinstance(value, _Pairs):
            yield from _cells(value, {})
        elif not name or not name.isprintable() or len(name) > 64:
            yield name, None, f"{name[:64]!r} is no name of one line; it is not read"
        else:
            yield name, _value(name, value), ""
        seen.add(name.casefold())


def _value(name: str, value: Any) -> Cell:
    cell: Cell = value.strip() if isinstance(value, str) else value
    if name == "images" and isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "|".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        # Text: a number that was rounded to 4.00638E+12 must be seen as such.
        return str(value) if name in ("sku", "gtin") else float(value)
    return cell


def _guess(content: str) -> str | None:
    found = _SKU.search(content)
    try:
        return str(json.loads(found[1])) if found else None
    except ValueError:
        return None
