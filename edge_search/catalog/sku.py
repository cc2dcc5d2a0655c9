"""The rules for a SKU, wherever it is read from."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clean_sku"]

_LONGEST = 128
_SCIENTIFIC = re.compile(r"[+-]?\d+([.,]\d+)?[eE]\+\d+")


def clean_sku(text: str) -> str:
    """Return the SKU without outer blanks and in Unicode form NFC, so that it equals itself on every system.

    Raises ValueError with the reason: empty, over 128 characters, control characters, ``/``, or ruined by a
    spreadsheet (``4.00638E+12``).
    """
    sku = unicodedata.normalize("NFC", text.strip())
    if not sku:
        raise ValueError("the SKU is empty; give one")
    if len(sku) > _LONGEST:
        raise ValueError(f"the SKU has {len(sku)} characters, at most {_LONGEST} are taken; shorten it")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in sku):
        raise ValueError("the SKU holds a control character; remove it")
    if "/" in sku:
        raise ValueError("the SKU holds a '/'; write another character instead")
    if sku in (".", ".."):
        raise ValueError(f"the SKU is {sku!r}; give a real one")
    if _SCIENTIFIC.fullmatch(sku):
        raise ValueError(f"the SKU {sku} was rounded by a spreadsheet; enter it again, as text")
    return sku
