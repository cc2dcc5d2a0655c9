"""The PIN: its hash, and how often it was entered wrong; the count survives a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass

from edge_search.store import meta
from edge_search.store.database import Tables

__all__ = ["KEYS", "Attempts", "attempts", "clear", "hash_of", "note_attempts", "put"]

_HASH = "pin"
_ATTEMPTS = "pin_attempts"
KEYS = (_HASH, _ATTEMPTS)
"""Where `meta` keeps both."""


@dataclass(frozen=True)
class Attempts:
    """Wrong entries in a row, and until when (seconds since 1970) no more are taken."""

    wrong: int = 0
    locked_until: float = 0.0


def put(tables: Tables, salted: str) -> None:
    """Set the hash; entries start from nought."""
    meta.put(tables, _HASH, salted)
    note_attempts(tables, Attempts())


def hash_of(tables: Tables) -> str | None:
    """Return the hash, None when there is no PIN."""
    return meta.get(tables, _HASH) or None


def clear(tables: Tables) -> bool:
    """Forget the PIN; return whether there was one."""
    found = hash_of(tables) is not None
    meta.put(tables, _HASH, "")
    note_attempts(tables, Attempts())
    return found


def attempts(tables: Tables) -> Attempts:
    """Return the count of wrong entries."""
    text = meta.get(tables, _ATTEMPTS)
    return Attempts(*json.loads(text)) if text else Attempts()


def note_attempts(tables: Tables, count: Attempts) -> None:
    """Set the count of wrong entries."""
    meta.put(tables, _ATTEMPTS, json.dumps([count.wrong, count.locked_until]))
