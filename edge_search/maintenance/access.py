"""Access after a recovery: a token that was revoked since the snapshot must not come back to life."""

from __future__ import annotations

from pathlib import Path

from edge_search.maintenance.salvage import read
from edge_search.store import checks, meta, pin
from edge_search.store.database import Tables
from edge_search.store.tokens import ROLES

__all__ = ["take_over_access"]


def take_over_access(damaged: Path, tables: Tables) -> None:
    """Take over tokens, the PIN and check photos from a damaged database, as far as they can be read.

    Sessions are ended: whoever was logged in logs in again.
    """
    tables.execute("DELETE FROM sessions")
    sql = "SELECT name, role, hex(hash), created_at, coalesce(revoked_at, '') FROM tokens"
    for name, role, digest, created, revoked in read(damaged, "tokens", sql).rows:
        if role not in ROLES:
            continue
        tables.execute("DELETE FROM tokens WHERE hash = ?", [bytes.fromhex(digest)])
        tables.execute(
            "INSERT INTO tokens (name, role, hash, created_at, revoked_at) VALUES (?, ?, ?, ?, ?)",
            [name, role, bytes.fromhex(digest), created, revoked or None],
        )
    for key, value in read(damaged, "meta", "SELECT key, value FROM meta WHERE key IN (?, ?)", pin.KEYS).rows:
        meta.put(tables, key, value)
    for sku, digest, path in read(damaged, "checks", "SELECT sku, content_hash, path FROM checks").rows:
        checks.add(tables, sku, digest, path)
