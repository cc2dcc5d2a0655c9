"""Cells of product columns to values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from edge_search.catalog.listing import Value

__all__ = ["PRODUCT_COLUMNS", "parse_values", "product_values", "read_gtin", "read_price", "read_stock"]

PRODUCT_COLUMNS = (
    "title",
    "category",
    "brand",
    "price",
    "currency",
    "stock",
    "location",
    "url",
    "gtin",
    "variant_group",
)
"""The columns with a meaning of their own; any other is an attribute."""

# A currency: up to four letters ("EUR", "Kč", "kr.") or a sign. "5,-" and "5.--" are whole amounts.
_CURRENCY = r"(?:[^\W\d_]{1,4}\.?)?[$¢£¥฿₠-⃏]?"
_PRICE = re.compile(rf"{_CURRENCY}(?P<amount>\d[\d.,']*?|[.,]\d+)(?:[.,][-–—]+)?{_CURRENCY}")
_AMOUNT = re.compile(r"\d{0,15}(?:[.,]\d{1,20})?")
_EITHER = re.compile(r"[1-9]\d{0,2},\d{3}")
_GROUPED = {
    ",": re.compile(r"\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,}"),
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}"),
    "'": re.compile(r"\d{1,3}(?:'\d{3})+(?:[.,]\d+)?"),
}
_WHOLE = re.compile(r"([+-]?\d{1,18})(?:[.,]0{1,2})?")


def product_values(cells: Mapping[str, str]) -> tuple[dict[str, Value], list[str]]:
    """Return the values of one row and why a cell could not be read; that one and an empty one are None."""
    values: dict[str, Value] = {}
    reasons: list[str] = []
    for column, text in cells.items():
        values[column], reason = _value(column, text)
        if reason:
            reasons.append(reason)
    return values, reasons


def _value(column: str, text: str) -> tuple[Value, str]:
    try:
        return (_READERS.get(column, str)(text) if text else None), ""
    except ValueError as error:
        return None, str(error)


def parse_values(values: Mapping[str, object]) -> dict[str, Value]:
    """Return values given one by one, read as a cell is; None and an empty text are None.

    Raises ValueError with the reason: a name that can't be a column, or a value that can't be read.
    """
    spelling = {name.casefold(): name for name in PRODUCT_COLUMNS}
    parsed: dict[str, Value] = {}
    for name, value in values.items():
        column = spelling.get(name.strip().casefold(), name.strip())
        if not column or column.casefold() in ("sku", "images") or not column.isprintable():
            raise ValueError(f"{name!r} can't be the name of a value; choose another")
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise ValueError(f"{column}: {value!r} is neither text nor a number; give one")
        text = "" if value is None else str(value).strip()
        parsed[column] = _READERS.get(column, str)(text) if text else None
    return parsed


def read_price(text: str) -> float:
    """Return an amount of money: ``1.99``, ``1,99 €``, ``EUR 1.234,50``, ``1'200.-``; at least 0.

    Raises ValueError for anything else, and for ``1,234``, which may be meant as 1.234 or as 1234.
    """
    match = _PRICE.fullmatch("".join(text.split()))
    amount = match["amount"] if match else ""
    if _EITHER.fullmatch(amount):
        whole = amount.replace(",", "")
        raise ValueError(f"the price {text!r} can be read in two ways; write {whole} or {amount.replace(',', '.')}")
    for separator, pattern in _GROUPED.items():
        if pattern.fullmatch(amount):
            amount = amount.replace(separator, "")
    if not amount or not _AMOUNT.fullmatch(amount):
        raise ValueError(f"the price {text!r} is not an amount; write it like 1.99")
    return float(amount.replace(",", "."))


def read_stock(text: str) -> int:
    """Return a number of pieces, negative when oversold; ValueError for anything but a whole number."""
    match = _WHOLE.fullmatch("".join(text.split()))
    if match is None:
        raise ValueError(f"the stock {text!r} is not a whole number; write it like 12")
    return int(match[1])


def read_gtin(text: str) -> str:
    """Return the number under the bar code as text; ValueError when it was rounded to ``4.0E+12``."""
    if re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?[eE]\+?\d+", text):
        raise ValueError(f"the gtin {text} was rounded by a spreadsheet; enter it again, as text")
    return text


_READERS: dict[str, Callable[[str], Value]] = {"price": read_price, "stock": read_stock, "gtin": read_gtin}
