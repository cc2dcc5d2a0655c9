"""The marker: a small file in a source's root that proves it is the folder that was read before.

A mount point without its stick is an empty folder, and another stick may be mounted there: neither has the marker.
Several boxes may follow one share, so each adds a line of its own. Where nothing may be written (a read-only stick)
the photos themselves are compared instead.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["SOURCE_MARKER", "leave_marker", "marker_doubt"]

SOURCE_MARKER = b".edge-search-source"
_LARGEST = 64 * 1024
_HEAD = "# edge-search knows this folder by this file: leave it here. One line for each box that follows it.\n"


def marker_doubt(root: Path, marker: str | None) -> str | None:
    """Return why ``root`` may not be the folder it was, None when that is not in doubt.

    ``marker`` is what `leave_marker` returned: None before it was called, empty when it could not write.
    """
    if marker is None:
        return None
    if not marker:
        return f"{root} holds other photos than before, and no marker could be left in it; is it the right disk?"
    try:
        if marker in _lines(_path(root)):
            return None
    except OSError:
        pass
    return f"{root} lost its file {SOURCE_MARKER.decode()} and holds other photos than before; is it the right disk?"


def leave_marker(root: Path, marker: str | None) -> str:
    """Write the marker (a new one when there is none yet) into ``root``; returns it, empty when it can't be written."""
    marker = marker or secrets.token_hex(8)
    path = _path(root)
    try:
        try:
            before = _lines(path)
        except FileNotFoundError:
            before = []
        if marker not in before:
            with path.open("a" if before else "w", encoding="utf-8") as file:
                file.write(("" if before else _HEAD) + f"{marker}\n")
    except (OSError, UnicodeDecodeError):
        return ""
    return marker


def _path(root: Path) -> Path:
    return root / os.fsdecode(SOURCE_MARKER)


def _lines(path: Path) -> list[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(_LARGEST).splitlines()
