"""Cells of product columns to values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping

from edge_search.catalog.listing import Value
from edge_search.catalog.sku import is_spreadsheet_error
from edge_search.catalog.spreadsheet import Cell

__all__ = [
    "PRODUCT_COLUMNS",
    "cell_text",
    "decimal_mark",
    "parse_values",
    "product_values",
    "read_gtin",
    "read_price",
    "read_stock",
]

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
_EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_LONGEST_TEXT = 4096
_GROUPED = {
    ",": re.compile(r"\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,}"),
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}"),
    "'": re.compile(r"\d{1,3}(?:'\d{3})+(?:[.,]\d+)?"),
}
_WHOLE = re.compile(r"([+-]?\d{1,18})(?:[.,]0{1,2})?")


def product_values(cells: Mapping[str, Cell], mark: str = "") -> tuple[dict[str, Value], dict[str, str]]:
    """Return the values of one row, and for each column that could not be read why; that one and an empty one are None.

    ``mark``: the decimal mark of the table's prices, where that is known.
    """
    values: dict[str, Value] = {}
    reasons: dict[str, str] = {}
    for column, cell in cells.items():
        try:
            values[column] = _value(column, cell, mark)
        except ValueError as error:
            values[column], reasons[column] = None, str(error)
    return values, reasons


def cell_text(cell: Cell) -> str:
    """Return a cell as text; a number as JSON has it."""
    return "" if cell is None else str(cell).strip()


def decimal_mark(prices: Iterable[Cell]) -> str:
    """Return the decimal mark that all prices of a table agree on, as far as they show it; else nothing."""
    found = {mark for price in prices if isinstance(price, str) and (mark := _mark_of(price))}
    return found.pop() if len(found) == 1 else ""


def _mark_of(price: str) -> str:
    amount = _amount(price)
    for separator, other in ((",", "."), (".", ",")):
        if _GROUPED[separator].fullmatch(amount):
            return other
    plain = re.fullmatch(r"\d*([.,])(?:\d{1,2}|\d{4,})", amount)
    return plain[1] if plain else ""


def _value(column: str, cell: Cell, mark: str) -> Value:
    if isinstance(cell, list):
        raise ValueError(f"{column}: a list or an object; write a text or a number")
    text = cell_text(cell)
    if not text:
        return None
    if is_spreadsheet_error(text):
        raise ValueError(f"{column}: {text} is an error of the spreadsheet; mend its formula or write the value")
    if column == "price":
        return read_price(text, mark) if isinstance(cell, str) else _price(cell)
    if column == "stock":
        return read_stock(text, mark)
    return _READERS.get(column, _text)(text)


def _price(number: float | None) -> float:
    if number is None or not math.isfinite(number) or number < 0:
        raise ValueError(f"the price {number} is not an amount; write it like 1.99")
    return float(number)


def _text(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"a text of {len(text):,} characters, at most {_LONGEST_TEXT:,} are taken; shorten it")
    return text


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
        parsed[column] = _READERS.get(column, _text)(text) if text else None
    return parsed


def read_price(text: str, mark: str = "") -> float:
    """Return an amount of money: ``1.99``, ``1,99 €``, ``EUR 1.234,50``, ``1'200.-``; at least 0.

    Where ``mark``, the decimal mark, is known, ``1.234`` and ``1,234`` are read by it. Raises ValueError for
    anything else, and without a mark for ``1,234``, which may be meant as 1.234 or as 1234.
    """
    amount = _amount(text)
    if _EITHER.fullmatch(amount) and (mark or "," in amount):
        whole = re.sub("[.,]", "", amount)
        if mark:
            return float(amount.replace(",", ".") if mark in amount else whole)
        raise ValueError(f"the price {text!r} can be read in two ways; write {whole} or {amount.replace(',', '.')}")
    for separator, pattern in _GROUPED.items():
        if pattern.fullmatch(amount):
            amount = amount.replace(separator, "")
    if not amount or not _AMOUNT.fullmatch(amount):
        raise ValueError(f"the price {text!r} is not an amount; write it like 1.99")
    return float(amount.replace(",", "."))


def _amount(text: str) -> str:
    match = _PRICE.fullmatch("".join(text.split()))
    return match["amount"] if match else ""


def read_stock(text: str, mark: str = "") -> int:
    """Return a number of pieces, negative when oversold; ValueError for anything but a whole number.

    ``mark``, where it is known, is the decimal mark, so that the other one divides thousands.
    """
    plain = "".join(text.split())
    if mark and mark not in plain and _EITHER.fullmatch(plain.lstrip("-")):
        plain = re.sub("[.,]", "", plain)
    match = _WHOLE.fullmatch(plain)
    if match is None:
        raise ValueError(f"the stock {text!r} is not a whole number; write it like 12")
    return int(match[1])


def read_gtin(text: str) -> str:
    """Return the number under the bar code as text; ValueError when it was rounded to ``4.0E+12``."""
    if re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?[eE]\+?\d+", text):
        raise ValueError(f"the gtin {text} was rounded by a spreadsheet; format the column as text and enter it again")
    return _text(text)


_READERS: dict[str, Callable[[str], Value]] = {"price": read_price, "stock": read_stock, "gtin": read_gtin}
