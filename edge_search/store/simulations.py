"""Simulations: features of simulated photos, by content hash of their picture, encoder fingerprint and number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_search.store.database import Tables
from edge_search.store.half import packed, unpacked
from edge_search.types import FloatArray

__all__ = ["have", "of", "put"]

_PAGE = 500


def put(tables: Tables, fingerprint: str, features: Mapping[tuple[str, int], FloatArray]) -> None:
    """Store features (float32 (D,)) by (content hash, number); one that is there already stays.

    Raises:
        EncoderError: one is not finite as float16.
    """
    rows = [(digest, fingerprint, number, *packed(one, digest)) for (digest, number), one in features.items()]
    tables.conn.executemany("INSERT OR IGNORE INTO simulations VALUES (?, ?, ?, ?, ?)", rows)


def have(tables: Tables, fingerprint: str, digests: Sequence[str]) -> set[tuple[str, int]]:
    """Return which (content hash, number) of these contents are stored."""
    found: set[tuple[str, int]] = set()
    for start in range(0, len(digests), _PAGE):
        part = digests[start : start + _PAGE]
        sql = f"""SELECT content_hash, number FROM simulations
                  WHERE fingerprint = ? AND content_hash IN ({",".join("?" * len(part))})"""
        found.update((row[0], row[1]) for row in tables.execute(sql, [fingerprint, *part]))
    return found


def of(tables: Tables, fingerprint: str, digest: str, upto: int) -> FloatArray | None:
    """Return the features (float32 (m, D)) of a content's simulated photos numbered below ``upto``; None: it has none.

    Raises:
        StoreDamaged: a stored feature is not what was stored.
    """
    sql = """SELECT content_hash, feature, crc32 FROM simulations
             WHERE content_hash = ? AND fingerprint = ? AND number < ? ORDER BY number"""
    rows = tables.execute(sql, [digest, fingerprint, upto]).fetchall()
    return unpacked(rows) if rows else None
