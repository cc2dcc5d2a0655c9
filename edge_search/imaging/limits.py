"""What one photo may cost at most."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "Limits"]


@dataclass(frozen=True)
class Limits:
    """Upper bounds of one photo, all checked before its pixels are decoded.

    ``max_bytes`` is the size of the file, ``max_pixels`` width x height as its header says, ``max_side`` the
    longer side in pixels.
    """

    max_bytes: int = 64 * 2**20
    max_pixels: int = 100_000_000
    max_side: int = 30_000


DEFAULT_LIMITS = Limits()
