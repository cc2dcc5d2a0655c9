"""Features: what the encoder put out, by content hash and encoder fingerprint, as float16."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from edge_search.errors import EncoderError
from edge_search.store.database import Tables
from edge_search.types import FloatArray, KeyArray

__all__ = ["collect", "have", "of_images", "put"]

_LARGEST = float(np.finfo(np.float16).max)


def put(tables: Tables, fingerprint: str, features: Mapping[str, FloatArray]) -> None:
    """Store features (float32, (D,)) by content hash; one that is there already stays.

    Raises:
        EncoderError: one is not finite as float16. A single such row would ruin the recall of the whole index.
    """
    for digest, feature in features.items():
        if not np.abs(feature).max(initial=0) <= _LARGEST:
            raise EncoderError(f"photo {digest[:12]}: its feature is not finite; run 'edge-search model verify'")
    tables.conn.executemany(
        "INSERT OR IGNORE INTO features (content_hash, fingerprint, feature) VALUES (?, ?, ?)",
        [(digest, fingerprint, feature.astype("<f2").tobytes()) for digest, feature in features.items()],
    )


def have(tables: Tables, fingerprint: str, content_hash: str) -> bool:
    """Return whether this encoder has seen this content."""
    sql = "SELECT 1 FROM features WHERE content_hash = ? AND fingerprint = ?"
    return tables.execute(sql, [content_hash, fingerprint]).fetchone() is not None


def of_images(
    tables: Tables, fingerprint: str, *, after: int = 0, upto: int | None = None, page: int = 2000
) -> Iterator[tuple[KeyArray, FloatArray]]:
    """Yield pages of (keys int64 (n,), features float32 (n, D)) of images above key ``after``, ascending."""
    sql = """SELECT i.image_id, f.feature FROM images i
             JOIN features f ON f.content_hash = i.content_hash AND f.fingerprint = ?
             WHERE i.image_id > ? AND i.image_id <= ? ORDER BY i.image_id LIMIT ?"""
    last = 2**62 if upto is None else upto
    while rows := tables.execute(sql, [fingerprint, after, last, page]).fetchall():
        keys = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        yield keys, np.stack([np.frombuffer(row[1], dtype="<f2") for row in rows]).astype(np.float32)
        after = int(keys[-1])


def collect(tables: Tables) -> int:
    """Delete features whose content no image shows any more; return how many."""
    sql = "DELETE FROM features WHERE content_hash NOT IN (SELECT content_hash FROM images)"
    return int(tables.conn.execute(sql).rowcount)
