"""Filters: `price<20`, `brand=Arla`, `organic=yes` -> SQL over product rows, with every value bound."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from edge_search.errors import InvalidValue
from edge_search.store.products import COLUMNS

__all__ = ["Filter", "parse_filter"]

_CONDITION = re.compile(r"^\s*([^\W\d][\w .-]*?)\s*(<=|>=|!=|==|=|<|>|~)\s*(.*?)\s*$", re.UNICODE)
# Conditions up to the next `and`; one inside the quotes of a value joins nothing.
_CONDITIONS = re.compile(r"""((?:[<>=~]\s*(?:"[^"]*"|'[^']*')|.)+?)(?:\s+and\s+(?=\S)|$)""", re.IGNORECASE | re.DOTALL)
_NUMBERS = {"price", "stock"}
_SQL_OPERATOR = {"==": "=", "~": "LIKE"}


@dataclass(frozen=True)
class Filter:
    """A condition on product rows ``p``: SQL text with placeholders, and the values for them."""

    sql: str = "1"
    values: tuple[object, ...] = ()

    def __bool__(self) -> bool:
        """Return whether it excludes anything."""
        return self.sql != "1"


def parse_filter(conditions: Sequence[str] = (), categories: Sequence[str] = ()) -> Filter:
    """Build one filter: all conditions hold, and the category is one of ``categories`` where given.

    A condition is ``name operator value``; operators are ``= != < <= > >=`` and ``~`` (contains, any case).
    ``and`` joins several in one text, unless it stands in a quoted value. Names that are not columns are
    attributes. Text compares without case (of the letters A to Z).

    Raises:
        InvalidValue: a condition that can't be read, or a number column compared with text.
    """
    parts: list[str] = []
    values: list[object] = []
    for text in conditions:
        for condition in _CONDITIONS.findall(text) or [text]:
            sql, bound = _one(condition)
            parts.append(sql)
            values += bound
    if categories:
        parts.append(f"p.category IN ({','.join('?' * len(categories))})")
        values += categories
    return Filter(" AND ".join(f"({part})" for part in parts), tuple(values)) if parts else Filter()


def _one(text: str) -> tuple[str, list[object]]:
    found = _CONDITION.match(text)
    if not found:
        raise InvalidValue(f"filter {text!r}: write NAME OPERATOR VALUE, such as 'price<20' or 'brand=Arla'")
    name, operator, raw = found.groups()
    name = name.lower() if name.lower() in {"sku", *COLUMNS} else name
    raw = raw[1:-1] if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "'\"" else raw
    number = _number(raw)
    if name == "sku" or name in COLUMNS:
        column, bound = f"p.{name}", []
    else:
        column, bound = "json_extract(p.attributes, ?)", [f'$."{name}"']
    sql_operator = _SQL_OPERATOR.get(operator, operator)
    if operator == "~":
        escaped = raw.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"{column} LIKE ? ESCAPE '\\'", [*bound, f"%{escaped}%"]
    if name in _NUMBERS:
        if number is None:
            raise InvalidValue(f"filter {text!r}: {name} is compared with a number, not {raw!r}")
        return f"{column} {sql_operator} ?", [*bound, number]
    if number is not None and operator in {"<", "<=", ">", ">="}:
        # Attributes are text; a comparison with a number means the number in the text.
        return f"CAST({column} AS REAL) {sql_operator} ?", [*bound, number]
    if operator == "!=":
        # What has no brand has another brand than this one; SQL would leave it out.
        return f"({column} IS NULL OR {column} != ? COLLATE NOCASE)", [*bound, *bound, raw]
    return f"{column} {sql_operator} ? COLLATE NOCASE", [*bound, raw]


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
