"""Trouble: what SQLite says, as our errors."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from edge_search.errors import NoSpace, StoreBusy, StoreDamaged, StoreError

__all__ = ["translated"]

# What SQLite says of a damaged file; the tables are always there, so a missing one is damage too.
_DAMAGE = ("malformed", "not a database", "unsupported file format", "no such table", "no such column", "decode")


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the file at ``path`` into StoreDamaged, NoSpace, StoreBusy or StoreError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "disk is full" in text or "disk I/O error" in text:
            raise NoSpace(f"{path}: {text}; free some space on this disk, then try again") from error
        if "locked" in text or "busy" in text:
            raise StoreBusy(f"{path}: {text}; another process is writing, try again") from error
        if any(sign in text for sign in _DAMAGE):
            raise StoreDamaged(f"{path}: {text}; run 'edge-search repair'") from error
        if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError | sqlite3.InterfaceError):
            raise
        raise StoreError(f"{path}: {text}") from error
