"""The change log: every change has a sequence number, in the order of commit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from typing import Literal

from edge_search.store.database import Tables, now

__all__ = ["LOCAL", "ChangeKind", "head", "prune", "record"]

LOCAL = 0
"""The owner of what came through CLI, HTTP or kiosk instead of a source."""

ChangeKind = Literal["image_added", "image_removed", "product", "product_removed", "source", "generation", "encoder"]


def record(
    tables: Tables,
    kind: ChangeKind,
    owner: int,
    entries: Iterable[tuple[str | None, int | None, str | None]],
) -> None:
    """Append ``(sku, image_id, data)`` entries to the log, inside the caller's transaction."""
    at = now()
    tables.conn.executemany(
        "INSERT INTO changes (at, kind, owner, sku, image_id, data) VALUES (?, ?, ?, ?, ?, ?)",
        [(at, kind, owner, *entry) for entry in entries],
    )


def prune(tables: Tables, *, days: float, most: int = 1000) -> int:
    """Delete up to ``most`` of the oldest entries older than ``days``; the newest entry always stays."""
    oldest = (datetime.now(timezone.utc) - timedelta(days=days)).isoformat(timespec="seconds")
    sql = """DELETE FROM changes WHERE seq IN (
        SELECT seq FROM changes WHERE at < ? AND seq < (SELECT max(seq) FROM changes) ORDER BY seq LIMIT ?)"""
    return int(tables.conn.execute(sql, [oldest, most]).rowcount)


def head(tables: Tables) -> int:
    """Return the number of the newest change, 0 before the first."""
    return int(tables.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0])
