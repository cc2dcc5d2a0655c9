"""The journal: what was asked and answered, without the photos; and what people said about the answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from edge_search.store.database import Tables, now

__all__ = ["Asked", "Query", "add", "asked", "known", "photos", "prune", "put_feedback", "said"]

_MOST_ROWS = 1_000_000  # some 500 MB, whatever the days say


@dataclass(frozen=True)
class Query:
    """One answered query; ``hits`` and ``timings`` are JSON."""

    query_id: str
    at: str
    verdict: str
    quality: str
    hits: str
    encoder: str
    generation: int
    timings: str


@dataclass(frozen=True)
class Asked:
    """One answered query as upkeep looks at it; ``sku``: of its first hit, if it had one."""

    row: int
    query_id: str
    at: str
    verdict: str
    quality: str
    sku: str | None


def add(tables: Tables, queries: Iterable[Query]) -> None:
    """Insert queries; one that is there already stays."""
    tables.conn.executemany(
        """INSERT OR IGNORE INTO queries (query_id, at, verdict, quality, hits, encoder, generation, timings)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
        [(q.query_id, q.at, q.verdict, q.quality, q.hits, q.encoder, q.generation, q.timings) for q in queries],
    )


def known(tables: Tables, query_id: str) -> bool:
    """Return whether the journal has a query."""
    return tables.execute("SELECT 1 FROM queries WHERE query_id = ?", [query_id]).fetchone() is not None


def put_feedback(tables: Tables, query_id: str, role: str, sku: str | None, photo: str | None) -> None:
    """Note what somebody of a role said of an answer: the right SKU, or (None) that it was none of them."""
    tables.execute(
        "INSERT OR REPLACE INTO feedback (query_id, role, sku, photo, at) VALUES (?, ?, ?, ?, ?)",
        [query_id, role, sku, photo, now()],
    )


def asked(tables: Tables, *, after: int = 0, limit: int = 5000) -> list[Asked]:
    """Return a page of the queries behind row ``after``, in the order they were stored."""
    sql = """SELECT rowid, query_id, at, verdict, quality, json_extract(hits, '$[0][0]') FROM queries
             WHERE rowid > ? ORDER BY rowid LIMIT ?"""
    return [Asked(*row) for row in tables.execute(sql, [after, limit]).fetchall()]


def said(tables: Tables) -> dict[str, dict[str, str | None]]:
    """Return what people said: query -> role -> the right SKU, or None: it was none of those shown."""
    found: dict[str, dict[str, str | None]] = {}
    for query_id, role, sku in tables.execute("SELECT query_id, role, sku FROM feedback"):
        found.setdefault(query_id, {})[role] = sku
    return found


def photos(tables: Tables) -> set[str]:
    """Return the names of the photos that feedback refers to."""
    return {name for (name,) in tables.execute("SELECT photo FROM feedback WHERE photo IS NOT NULL")}


def prune(tables: Tables, *, days: float, most: int = 1000) -> int:
    """Delete up to ``most`` of the oldest queries and words about them that are older than ``days``."""
    oldest = (datetime.now(timezone.utc) - timedelta(days=days)).isoformat(timespec="seconds")
    gone = 0
    for table in ("queries", "feedback"):
        sql = f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} WHERE at < ? ORDER BY at LIMIT ?)"
        gone += tables.conn.execute(sql, [oldest, most]).rowcount
    extra = int(tables.execute("SELECT count(*) FROM queries").fetchone()[0]) - _MOST_ROWS
    if extra > 0:
        sql = "DELETE FROM queries WHERE rowid IN (SELECT rowid FROM queries ORDER BY at LIMIT ?)"
        gone += tables.conn.execute(sql, [min(extra, most)]).rowcount
    return gone
