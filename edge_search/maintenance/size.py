"""A size on disk or in memory, in words."""

from __future__ import annotations

__all__ = ["GIB", "MIB", "size_text"]

MIB = 2**20
GIB = 2**30


def size_text(count: float) -> str:
    """Return a number of bytes as people read it: ``14.2 GiB``, ``312 MiB``, ``87 KiB``, ``12 bytes``."""
    if count >= GIB:
        return f"{count / GIB:.1f} GiB"
    if count >= MIB:
        return f"{count / MIB:.0f} MiB"
    return f"{count / 1024:.0f} KiB" if count >= 1024 else f"{count:.0f} bytes"
