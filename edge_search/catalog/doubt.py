"""Rows that can't be read: which products they may be about, so that those stay as they were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from edge_search.catalog.sku import clean_sku

__all__ = ["Doubt", "Doubts", "doubt"]

_ROUNDED = re.compile(r"\+?(\d)(?:[.,](\d+))?[eE]\+?(\d{1,3})")


@dataclass(frozen=True)
class Doubt:
    """What is known of an unreadable row: its SKU, a SKU that was rounded, or a title; nothing: any product."""

    sku: str = ""
    rounded: str = ""
    title: str = ""


def doubt(sku: str | None, title: str | None = None) -> Doubt:
    """Return what a row's SKU cell and title say about the product it is about; None: they can't be told."""
    if sku is None:
        return Doubt()
    if _ROUNDED.fullmatch(sku.strip()):
        return Doubt(rounded=_key(sku.strip()))
    try:
        return Doubt(sku=clean_sku(sku))
    except ValueError:
        # Lines without a SKU are sums and remarks as a rule, and no product: only one whose SKU was wiped out is.
        return Doubt() if title is None else Doubt(title=title.casefold() or "\0")


class Doubts:
    """Many of them, asked for one product after the other."""

    def __init__(self, doubts: Iterable[Doubt]) -> None:
        found = tuple(doubts)
        self._skus = {one.sku for one in found if one.sku}
        self._rounded = {one.rounded for one in found if one.rounded}
        self._titles = {one.title for one in found if one.title}
        self._places = {len(key.partition("E")[0]) - 1 for key in self._rounded}
        self.any = any(one == Doubt() for one in found)

    def cover(self, sku: str, values: Mapping[str, Any]) -> bool:
        """Tell whether one of the rows may be about this product, ``values`` being what was last known of it."""
        if self.any or sku in self._skus:
            return True
        if self._titles and str(values.get("title") or "").casefold() in self._titles:
            return True
        return bool(self._places) and sku.isascii() and sku.isdigit() and self._rounds(sku)

    def _rounds(self, sku: str) -> bool:
        return any(_key(f"{Decimal(sku):.{places}E}") in self._rounded for places in self._places)


def _key(text: str) -> str:
    """Return ``4.00638E+12`` as ``400638E12``: digits, then the exponent."""
    found = _ROUNDED.fullmatch(text)
    return f"{found[1]}{found[2] or ''}E{int(found[3])}" if found else text
