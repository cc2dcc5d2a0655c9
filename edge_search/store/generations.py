"""Projections and generations: what a query needs besides the rows, switched by one commit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from edge_search.store.changes import LOCAL, record
from edge_search.store.database import Tables, now

__all__ = [
    "Carried",
    "Generation",
    "SegmentFile",
    "SegmentRow",
    "backlog",
    "current",
    "files",
    "projection",
    "publish",
    "put_projection",
    "retired",
]


@dataclass(frozen=True)
class SegmentFile:
    """One published file: its hash, and the stamp (size, mtime, inode) it had when it was hashed."""

    name: str
    sha256: str
    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True)
class SegmentRow:
    """One immutable segment of a generation: the images from ``first_key`` to ``last_key`` that lived then."""

    name: str
    count: int
    first_key: int
    last_key: int
    files: tuple[SegmentFile, ...]


@dataclass(frozen=True)
class Carried:
    """What a generation carries besides vectors, and hands on to the next one.

    ``calibration`` is JSON, None before one was made; ``vocabulary_id`` names the words of local features, None
    without them.
    """

    projection_id: int
    calibration: str | None = None
    vocabulary_id: int | None = None


@dataclass(frozen=True)
class Generation:
    """One published set. Images above ``last_image_id`` are the tail."""

    generation_id: int
    fingerprint: str
    carried: Carried
    last_image_id: int
    segments: tuple[SegmentRow, ...]


def put_projection(tables: Tables, fingerprint: str, kind: str, dimension: int, data: bytes) -> int:
    """Store a projection of one encoder's features, or find it again; return its number."""
    old = tables.execute(
        "SELECT projection_id FROM projections WHERE fingerprint = ? AND kind = ? AND data = ?",
        [fingerprint, kind, data],
    ).fetchone()
    if old:
        return int(old[0])
    cursor = tables.execute(
        "INSERT INTO projections (fingerprint, kind, dimension, data, created_at) VALUES (?, ?, ?, ?, ?)",
        [fingerprint, kind, dimension, data, now()],
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def projection(tables: Tables, projection_id: int) -> tuple[str, int, bytes]:
    """Return a projection's kind, dimension and data."""
    row = tables.execute(
        "SELECT kind, dimension, data FROM projections WHERE projection_id = ?", [projection_id]
    ).fetchone()
    return row[0], row[1], row[2]


def current(tables: Tables) -> Generation | None:
    """Return the generation that queries use, or None before the first."""
    row = tables.execute(
        """SELECT generation_id, fingerprint, last_image_id, projection_id, calibration, vocabulary_id
           FROM generations ORDER BY generation_id DESC LIMIT 1"""
    ).fetchone()
    if row is None:
        return None
    sql = "SELECT name, count, first_key, last_key, files FROM segments WHERE generation_id = ? ORDER BY first_key"
    segments = (
        SegmentRow(name, count, first, last, tuple(SegmentFile(**file) for file in json.loads(files)))
        for name, count, first, last, files in tables.execute(sql, [row[0]]).fetchall()
    )
    return Generation(row[0], row[1], Carried(*row[3:]), row[2], tuple(segments))


def publish(
    tables: Tables, fingerprint: str, carried: Carried, last_image_id: int, segments: Sequence[SegmentRow]
) -> int:
    """Make a new generation the current one; the files it names must be durable already."""
    cursor = tables.execute(
        """INSERT INTO generations (fingerprint, last_image_id, projection_id, calibration, vocabulary_id, published_at)
           VALUES (?, ?, ?, ?, ?, ?)""",
        [fingerprint, last_image_id, carried.projection_id, carried.calibration, carried.vocabulary_id, now()],
    )
    generation_id = cursor.lastrowid
    assert generation_id is not None
    for segment in segments:
        files = json.dumps([asdict(file) for file in segment.files])
        tables.execute(
            "INSERT INTO segments (generation_id, name, count, first_key, last_key, files) VALUES (?, ?, ?, ?, ?, ?)",
            [generation_id, segment.name, segment.count, segment.first_key, segment.last_key, files],
        )
    record(tables, "generation", LOCAL, [(None, None, str(generation_id))])
    return generation_id


def retired(tables: Tables) -> set[str]:
    """Forget all generations but the newest two, and projections that none has; return the files still in use.

    The one before the newest stays, for a reader whose snapshot is a moment old may be about to open it.
    """
    newest = [row[0] for row in tables.execute("SELECT generation_id FROM generations ORDER BY 1 DESC LIMIT 2")]
    oldest = min(newest, default=0)
    tables.execute("DELETE FROM segments WHERE generation_id < ?", [oldest])
    tables.execute("DELETE FROM generations WHERE generation_id < ?", [oldest])
    # Every fit leaves one of a megabyte or two.
    tables.execute("DELETE FROM projections WHERE projection_id NOT IN (SELECT projection_id FROM generations)")
    return files(tables)


def files(tables: Tables) -> set[str]:
    """Return the names of the index files that a generation names."""
    found = tables.execute("SELECT files FROM segments UNION ALL SELECT files FROM word_files").fetchall()
    return {file["name"] for (files,) in found for file in json.loads(files)}


def backlog(tables: Tables, generation: Generation | None) -> tuple[int, int]:
    """Return (tail, masked): images committed after the generation, and keys in it that are gone by now."""
    last = generation.last_image_id if generation else 0
    tail = tables.execute("SELECT count(*) FROM images WHERE image_id > ?", [last]).fetchone()[0]
    kept = tables.execute("SELECT count(*) FROM images").fetchone()[0] - tail
    indexed = sum(segment.count for segment in generation.segments) if generation else 0
    return tail, max(0, indexed - kept)
