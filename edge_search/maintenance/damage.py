"""Damage: one thing that is not as it should be, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Damage", "DamageKind"]

DamageKind = Literal["database", "feature", "product", "segment", "preview", "taught", "details", "vocabulary"]


@dataclass(frozen=True)
class Damage:
    """``key`` names the thing for repair (a content hash, SKU or file name); ``text`` says it to people.

    ``lost`` means that this box can't mend it by itself: its only copy is gone.
    """

    kind: DamageKind
    key: str
    text: str
    lost: bool = False
