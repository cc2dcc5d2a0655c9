"""Checks: photos whose SKU is known, held out to measure with; they never teach, fit or calibrate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge_search.store.database import Tables, now

__all__ = ["Check", "add", "counts", "held", "listed"]


@dataclass(frozen=True)
class Check:
    """One row; ``path`` is relative to the home. ``spoilt``: the catalog shows that photo too, so it tells nothing."""

    check_id: int
    sku: str
    content_hash: str
    path: str
    at: str
    spoilt: bool


def add(tables: Tables, sku: str, content_hash: str, path: str) -> int:
    """Insert a check, or give the same photo another SKU; returns its number."""
    row = tables.execute(
        """INSERT INTO checks (sku, content_hash, path, at) VALUES (?, ?, ?, ?)
           ON CONFLICT (content_hash) DO UPDATE SET sku = excluded.sku, at = excluded.at RETURNING check_id""",
        [sku, content_hash, path, now()],
    ).fetchone()
    return int(row[0])


def listed(tables: Tables) -> list[Check]:
    """Return all checks, oldest first."""
    sql = """SELECT check_id, sku, content_hash, path, at,
                    EXISTS (SELECT 1 FROM images i WHERE i.content_hash = checks.content_hash)
             FROM checks ORDER BY check_id"""
    return [Check(*row) for row in tables.execute(sql)]


def counts(tables: Tables) -> tuple[int, int]:
    """Return how many checks there are, and of how many SKUs."""
    row = tables.execute("SELECT count(*), count(DISTINCT sku) FROM checks").fetchone()
    return int(row[0]), int(row[1])


def held(tables: Tables, hashes: Iterable[str]) -> list[str]:
    """Return which of these contents are held out."""
    sql = "SELECT content_hash FROM checks WHERE content_hash = ?"
    return [row[0] for one in hashes if (row := tables.execute(sql, [one]).fetchone())]
