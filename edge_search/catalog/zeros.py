"""Leading zeros that a spreadsheet ate: numbers shorter than the others of their column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

__all__ = ["lost_in_column", "lost_in_folder"]

_GTIN_LENGTHS = (8, 12, 13, 14)
_MOST_EATEN = 4
_NAMED = 20


def lost_in_column(column: str, cells: Mapping[int, str]) -> list[tuple[int, str]]:
    """Return (line, warning) for the numbers of a column, by line, that probably had more digits.

    Those shorter by up to 4 than another that begins with a zero; and those of 7 or 11 digits with a right check
    digit, which no GTIN has, where half of the numbers or more have as many as a GTIN.
    """
    numbers = {line: text for line, text in cells.items() if text.isascii() and text.isdigit()}
    padded = {len(text) for text in numbers.values() if text.startswith("0")}
    gtins = sum(len(text) in _GTIN_LENGTHS for text in numbers.values())
    found = list(_found(column, numbers, padded, gtins_only=2 * gtins >= len(numbers) > 1))
    more = len(found) - _NAMED
    if more > 0:
        found[_NAMED:] = [(found[_NAMED][0], f"{column}: {more} more numbers from here on may lack leading zeros")]
    return found


def _found(column: str, numbers: Mapping[int, str], padded: set[int], *, gtins_only: bool) -> Iterator[tuple[int, str]]:
    for line, text in numbers.items():
        if text.startswith("0"):
            continue
        lengths = sorted(length for length in padded if 0 < length - len(text) <= _MOST_EATEN)
        if not lengths and gtins_only and len(text) in (7, 11) and _check_digit_is_right(text):
            lengths = [len(text) + 1]
        if lengths:
            full = text.zfill(lengths[0])
            yield (
                line,
                f"{column} {text} may have lost its leading zeros in a spreadsheet; "
                f"if it is {full}, format the column as text and enter it again",
            )


def lost_in_folder(folders: Iterable[str], rows: Mapping[str, int]) -> list[tuple[int, str]]:
    """Return (line, warning) for SKUs of a table (SKU -> line) whose photos lie in a folder with zeros before."""
    names = set(folders)
    waiting = sorted(name for name in names - rows.keys() if name.startswith("0") and name.isascii() and name.isdigit())
    pairs = ((name, name.lstrip("0")) for name in waiting)
    return [
        (
            rows[short],
            f"sku {short} has no photos, and the folder {name} no row: leading zeros were lost in a spreadsheet; "
            f"write {name}, in a column that is formatted as text",
        )
        for name, short in pairs
        if short in rows and short not in names
    ]


def _check_digit_is_right(text: str) -> bool:
    weighed = (int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(reversed(text)))
    return sum(weighed) % 10 == 0
