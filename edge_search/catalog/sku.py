"""The rules for a SKU, wherever it is read from."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clean_sku", "is_spreadsheet_error"]

_LONGEST = 128
_ERROR = re.compile(r"#(?:N/A|NV|[A-ZÄÖÜ0-9/]{2,12}[!?]|#{2,})")
_SCIENTIFIC = re.compile(r"[+-]?\d+([.,]\d+)?[eE]\+\d+")


def clean_sku(text: str) -> str:
    """Return the SKU without outer blanks and in Unicode form NFC, so that it equals itself on every system.

    Raises ValueError with the reason: empty, over 128 characters, control characters, ``/``, or ruined by a
    spreadsheet (``4.00638E+12``).
    """
    sku = unicodedata.normalize("NFC", text.strip())
    if not sku:
        raise ValueError("the SKU is empty; give one")
    if sku.startswith("=") or is_spreadsheet_error(sku):
        raise ValueError(f"the SKU {sku!r} is a formula or an error of a spreadsheet; write the SKU itself")
    if len(sku) > _LONGEST:
        raise ValueError(f"the SKU has {len(sku)} characters, at most {_LONGEST} are taken; shorten it")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in sku):
        raise ValueError("the SKU holds a control character; remove it")
    if "/" in sku:
        raise ValueError("the SKU holds a '/'; write another character instead")
    if sku in (".", ".."):
        raise ValueError(f"the SKU is {sku!r}; give a real one")
    if _SCIENTIFIC.fullmatch(sku):
        raise ValueError(f"the SKU {sku} was rounded by a spreadsheet; format the column as text and enter it again")
    return sku


def is_spreadsheet_error(text: str) -> bool:
    """Tell whether a cell holds what a spreadsheet shows instead of a value: ``#REF!``, ``#N/A``, ``####``."""
    return _ERROR.fullmatch(text) is not None
