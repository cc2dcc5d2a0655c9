"""Single values about the store as a whole."""

from __future__ import annotations

import hashlib
import secrets

from edge_search.store.database import Tables

__all__ = ["EPOCH", "begin_epoch", "catalog_digest", "drop", "get", "put"]

EPOCH = "epoch"
"""Changes when a snapshot or backup takes the store's place; what was read before is worth nothing then."""


def get(tables: Tables, key: str) -> str | None:
    """Return a value, or None."""
    row = tables.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
    return None if row is None else str(row[0])


def put(tables: Tables, key: str, value: str) -> None:
    """Set a value."""
    tables.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", [key, value])


def drop(tables: Tables, key: str) -> None:
    """Forget a value."""
    tables.execute("DELETE FROM meta WHERE key = ?", [key])


def begin_epoch(tables: Tables) -> None:
    """Mark the store as another one than before: its keys and generations may repeat older ones."""
    put(tables, EPOCH, secrets.token_hex(8))


def catalog_digest(tables: Tables) -> str:
    """Return one hash of what shoppers can find: equal on two boxes exactly when products and photos are.

    Keys, paths and times don't count.
    """
    digest = hashlib.sha256()
    for row in tables.execute("SELECT * FROM products ORDER BY sku"):
        digest.update(repr(tuple(row)).encode())
    pictures = """SELECT DISTINCT i.sku, i.content_hash FROM images i JOIN products p ON p.sku = i.sku
        WHERE NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.sku = i.sku AND t.content_hash = i.content_hash)
        ORDER BY 1, 2"""
    for row in tables.execute(pictures):
        digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()[:32]
