"""Features: what the encoder put out, by content hash and encoder fingerprint, as float16."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from edge_search.store.database import Tables
from edge_search.store.half import packed, unpacked
from edge_search.types import FloatArray, KeyArray

__all__ = [
    "collect",
    "counted",
    "drop",
    "drop_all",
    "have",
    "lacking",
    "of_images",
    "of_keys",
    "progress",
    "put",
    "states",
]


def put(tables: Tables, fingerprint: str, features: Mapping[str, FloatArray]) -> None:
    """Store features (float32, (D,)) by content hash; one that is there already stays.

    Raises:
        EncoderError: one is not finite as float16. A single such row would ruin the recall of the whole index.
    """
    rows = [(digest, fingerprint, *packed(feature, digest)) for digest, feature in features.items()]
    tables.conn.executemany(
        "INSERT OR IGNORE INTO features (content_hash, fingerprint, feature, crc32) VALUES (?, ?, ?, ?)", rows
    )


def have(tables: Tables, fingerprint: str, content_hash: str) -> bool:
    """Return whether this encoder has seen this content."""
    sql = "SELECT 1 FROM features WHERE content_hash = ? AND fingerprint = ?"
    return tables.execute(sql, [content_hash, fingerprint]).fetchone() is not None


def of_images(
    tables: Tables, fingerprint: str, *, after: int = 0, upto: int | None = None, page: int = 2000
) -> Iterator[tuple[KeyArray, FloatArray]]:
    """Yield pages of (keys int64 (n,), features float32 (n, D)) of images above key ``after``, ascending.

    Raises:
        StoreDamaged: a stored feature is not what was stored.
    """
    sql = """SELECT i.image_id, f.feature, f.crc32 FROM images i
             JOIN features f ON f.content_hash = i.content_hash AND f.fingerprint = ?
             WHERE i.image_id > ? AND i.image_id <= ? ORDER BY i.image_id LIMIT ?"""
    last = 2**62 if upto is None else upto
    while rows := tables.execute(sql, [fingerprint, after, last, page]).fetchall():
        keys = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        yield keys, unpacked(rows)
        after = int(keys[-1])


def of_keys(tables: Tables, fingerprint: str, keys: Sequence[int]) -> FloatArray:
    """Return the features (float32, (n, D)) of these images, as far as they have one; order as by key.

    Raises:
        StoreDamaged: a stored feature is not what was stored.
    """
    sql = f"""SELECT i.image_id, f.feature, f.crc32 FROM images i
              JOIN features f ON f.content_hash = i.content_hash AND f.fingerprint = ?
              WHERE i.image_id IN ({",".join("?" * len(keys))}) ORDER BY i.image_id"""
    rows = tables.execute(sql, [fingerprint, *keys]).fetchall()
    return unpacked(rows) if rows else np.empty((0, 0), dtype=np.float32)


def states(tables: Tables, fingerprint: str, *, after: str = "", limit: int = 1000) -> list[tuple[str, str]]:
    """Return a page of (content hash, ``good``, ``missing`` or ``damaged``) of what images show, by hash."""
    sql = """SELECT i.content_hash, f.feature, f.crc32 FROM (
                 SELECT DISTINCT content_hash FROM images WHERE content_hash > ? ORDER BY content_hash LIMIT ?) i
             LEFT JOIN features f ON f.content_hash = i.content_hash AND f.fingerprint = ? ORDER BY 1"""
    found = tables.execute(sql, [after, limit, fingerprint])
    return [(digest, _state(feature, crc32)) for digest, feature, crc32 in found]


def drop(tables: Tables, fingerprint: str, content_hash: str) -> None:
    """Delete a feature, so that it is computed again."""
    tables.execute("DELETE FROM features WHERE content_hash = ? AND fingerprint = ?", [content_hash, fingerprint])


def lacking(tables: Tables, fingerprint: str, *, after: int = 0, limit: int = 1) -> list[tuple[int, str]]:
    """Return (key, content hash) of images above key ``after`` that this encoder has not seen, ascending."""
    sql = """SELECT image_id, content_hash FROM images WHERE image_id > ? AND NOT EXISTS (
                 SELECT 1 FROM features f WHERE f.content_hash = images.content_hash AND f.fingerprint = ?)
             ORDER BY image_id LIMIT ?"""
    return [(row[0], row[1]) for row in tables.execute(sql, [after, fingerprint, limit])]


def progress(tables: Tables, fingerprint: str) -> tuple[int, int]:
    """Return (done, total): how many contents that images show this encoder has seen, and how many there are."""
    sql = """SELECT count(*), count(f.rowid) FROM (SELECT DISTINCT content_hash FROM images) i
             LEFT JOIN features f ON f.content_hash = i.content_hash AND f.fingerprint = ?"""
    total, done = tables.execute(sql, [fingerprint]).fetchone()
    return int(done), int(total)


def counted(tables: Tables) -> dict[str, int]:
    """Return how many features of each encoder are stored."""
    return dict(tables.execute("SELECT fingerprint, count(*) FROM features GROUP BY fingerprint").fetchall())


def _state(feature: bytes | None, crc32: int | None) -> str:
    if feature is None:
        return "missing"
    return "good" if zlib.crc32(feature) == crc32 else "damaged"


def collect(tables: Tables, wanted: Collection[str] | None = None, *, after: str = "") -> tuple[int, str | None]:
    """Delete features that nobody needs: of content no image shows, and of encoders that are not ``wanted``.

    Those of simulated photos go with them, uncounted. A call looks at about a thousand, in the order of their
    content hashes.

    Returns:
        (how many were deleted, the hash to go on ``after`` or None at the end).
    """
    gone = "content_hash NOT IN (SELECT content_hash FROM images)"
    if wanted is None:
        return _sweep(tables, gone, [], after)
    return _sweep(tables, f"({gone} OR fingerprint NOT IN ({','.join('?' * len(wanted))}))", [*wanted], after)


def drop_all(tables: Tables, fingerprint: str, *, after: str = "") -> tuple[int, str | None]:
    """Delete an encoder's features; a call, and what it returns, are as those of `collect`."""
    return _sweep(tables, "fingerprint = ?", [fingerprint], after)


def _sweep(tables: Tables, condition: str, values: Sequence[str], after: str) -> tuple[int, str | None]:
    # By ranges of the key, so that no call passes again what an earlier one left.
    last = tables.execute(
        "SELECT content_hash FROM features WHERE content_hash > ? ORDER BY content_hash LIMIT 1 OFFSET 1000", [after]
    ).fetchone()
    upto = last[0] if last else "~"
    count = 0
    for table in ("simulations", "features"):
        sql = f"DELETE FROM {table} WHERE content_hash > ? AND content_hash <= ? AND {condition}"
        count = tables.conn.execute(sql, [after, upto, *values]).rowcount
    return count, str(upto) if last else None
