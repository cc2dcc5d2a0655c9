"""Local features: the details of each photo, by content hash and extractor, as bytes within a budget."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence

from edge_search.store.database import Tables

__all__ = ["collect", "counted", "drop", "extractors", "have", "lacking", "of_images", "of_keys", "put", "states"]

_BATCH = 500


def put(tables: Tables, extractor: str, found: Mapping[str, bytes]) -> None:
    """Store details by content hash; what is there already stays."""
    tables.conn.executemany(
        "INSERT OR IGNORE INTO local_features (content_hash, extractor, points, crc32) VALUES (?, ?, ?, ?)",
        [(digest, extractor, data, zlib.crc32(data)) for digest, data in found.items()],
    )


def have(tables: Tables, extractor: str, content_hash: str) -> bool:
    """Return whether the details of this content are stored."""
    sql = "SELECT 1 FROM local_features WHERE content_hash = ? AND extractor = ?"
    return tables.execute(sql, [content_hash, extractor]).fetchone() is not None


def of_keys(tables: Tables, extractor: str, keys: Sequence[int]) -> dict[int, bytes]:
    """Return key -> details of these images, as far as they have any and they are what was stored.

    Damaged ones are left out: a photo without details is found by its vector; `verify` names them.
    """
    found: dict[int, bytes] = {}
    for start in range(0, len(keys), _BATCH):
        part = [int(key) for key in keys[start : start + _BATCH]]
        sql = f"""SELECT i.image_id, l.points, l.crc32 FROM images i
                  JOIN local_features l ON l.content_hash = i.content_hash AND l.extractor = ?
                  WHERE i.image_id IN ({",".join("?" * len(part))})"""
        rows = tables.execute(sql, [extractor, *part]).fetchall()
        found.update({key: data for key, data, crc32 in rows if zlib.crc32(data) == crc32})
    return found


def of_images(
    tables: Tables, extractor: str, *, after: int = 0, upto: int | None = None, page: int = 500
) -> Iterator[list[tuple[int, bytes]]]:
    """Yield pages of (key, details) of images above key ``after``, ascending; damaged ones are left out."""
    sql = """SELECT i.image_id, l.points, l.crc32 FROM images i
             JOIN local_features l ON l.content_hash = i.content_hash AND l.extractor = ?
             WHERE i.image_id > ? AND i.image_id <= ? ORDER BY i.image_id LIMIT ?"""
    last = 2**62 if upto is None else upto
    while rows := tables.execute(sql, [extractor, after, last, page]).fetchall():
        yield [(key, data) for key, data, crc32 in rows if zlib.crc32(data) == crc32]
        after = int(rows[-1][0])


def lacking(tables: Tables, extractor: str, *, after: int = 0, limit: int = 1) -> list[tuple[int, str]]:
    """Return (key, content hash) of images above key ``after`` whose details are not stored, ascending."""
    sql = """SELECT image_id, content_hash FROM images WHERE image_id > ? AND NOT EXISTS (
                 SELECT 1 FROM local_features l WHERE l.content_hash = images.content_hash AND l.extractor = ?)
             ORDER BY image_id LIMIT ?"""
    return [(row[0], row[1]) for row in tables.execute(sql, [after, extractor, limit])]


def states(tables: Tables, extractor: str, *, after: str = "", limit: int = 1000) -> list[tuple[str, bool]]:
    """Return a page of (content hash, whether its details are what was stored), by hash."""
    sql = """SELECT content_hash, points, crc32 FROM local_features WHERE extractor = ? AND content_hash > ?
             ORDER BY content_hash LIMIT ?"""
    rows = tables.execute(sql, [extractor, after, limit]).fetchall()
    return [(digest, zlib.crc32(data) == crc32) for digest, data, crc32 in rows]


def extractors(tables: Tables) -> list[str]:
    """Return what extractors any details are of."""
    return [row[0] for row in tables.execute("SELECT DISTINCT extractor FROM local_features ORDER BY 1")]


def drop(tables: Tables, extractor: str, content_hash: str) -> None:
    """Delete the details of a content, so that they are looked for again."""
    tables.execute("DELETE FROM local_features WHERE content_hash = ? AND extractor = ?", [content_hash, extractor])


def counted(tables: Tables, extractor: str) -> int:
    """Return of how many contents the details are stored."""
    return int(tables.execute("SELECT count(*) FROM local_features WHERE extractor = ?", [extractor]).fetchone()[0])


def collect(tables: Tables, *, after: str = "") -> tuple[int, str | None]:
    """Delete details of content that no image shows; a call, and what it returns, are as those of features' own."""
    last = tables.execute(
        "SELECT content_hash FROM local_features WHERE content_hash > ? ORDER BY content_hash LIMIT 1 OFFSET 1000",
        [after],
    ).fetchone()
    upto = last[0] if last else "~"
    sql = """DELETE FROM local_features WHERE content_hash > ? AND content_hash <= ?
             AND content_hash NOT IN (SELECT content_hash FROM images)"""
    count = tables.conn.execute(sql, [after, upto]).rowcount
    return count, str(upto) if last else None
