"""Vocabularies, and the files that say which image has which word.

A file belongs to words, not to a generation: what words a photo has never changes, so files stay over generations, and
a generation is published without waiting for them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone

from edge_search.errors import StoreDamaged
from edge_search.store.database import Tables, now
from edge_search.store.generations import SegmentFile

__all__ = ["VocabularyRow", "WordFile", "collect", "drop", "get", "of_words", "put", "replace"]


@dataclass(frozen=True)
class VocabularyRow:
    """One row: ``words`` names whose words these are (its own or those it goes on with), ``judging`` is JSON."""

    vocabulary_id: int
    words: int
    extractor: str
    data: bytes
    judging: str


@dataclass(frozen=True)
class WordFile:
    """One published file: the words of all images from ``first_key`` to ``last_key`` that lived then."""

    name: str
    words: int
    first_key: int
    last_key: int
    count: int
    files: tuple[SegmentFile, ...]


def put(tables: Tables, extractor: str, data: bytes, judging: str, *, words: int | None = None) -> int:
    """Store a vocabulary; return its number.

    Args:
        tables: in a write transaction.
        extractor: whose details its words are of.
        data: the words themselves; empty when they are those of ``words``.
        judging: how agreement is weighed, JSON.
        words: the vocabulary whose words and files this one goes on with.
    """
    cursor = tables.execute(
        "INSERT INTO vocabularies (words, extractor, data, crc32, judging, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        [words, extractor, data, zlib.crc32(data), judging, now()],
    )
    assert cursor.lastrowid is not None
    if words is None:
        tables.execute("UPDATE vocabularies SET words = vocabulary_id WHERE vocabulary_id = ?", [cursor.lastrowid])
    return cursor.lastrowid


def get(tables: Tables, vocabulary_id: int) -> VocabularyRow:
    """Return a vocabulary with its words.

    Raises:
        StoreDamaged: they are not what was stored, or not there.
    """
    sql = """SELECT v.vocabulary_id, v.words, v.extractor, w.data, v.judging, w.crc32
             FROM vocabularies v JOIN vocabularies w ON w.vocabulary_id = v.words WHERE v.vocabulary_id = ?"""
    row = tables.execute(sql, [vocabulary_id]).fetchone()
    if row is None or zlib.crc32(row[3]) != row[5]:
        raise StoreDamaged(f"vocabulary {vocabulary_id} is damaged or gone; run 'edge-search adapt'")
    return VocabularyRow(*row[:5])


def of_words(tables: Tables, words: int) -> list[WordFile]:
    """Return the files of a vocabulary's words, by key."""
    sql = """SELECT name, words, first_key, last_key, count, files FROM word_files
             WHERE words = ? AND NOT retired ORDER BY first_key"""
    return [
        WordFile(name, of, first, last, count, tuple(SegmentFile(**file) for file in json.loads(files)))
        for name, of, first, last, count, files in tables.execute(sql, [words]).fetchall()
    ]


def replace(tables: Tables, gone: Collection[str], new: Sequence[WordFile]) -> None:
    """Put new files in place of old ones; the files of the old stay until the next time, for readers a moment old."""
    tables.execute("DELETE FROM word_files WHERE retired")
    for name in gone:
        tables.execute("UPDATE word_files SET retired = 1 WHERE name = ?", [name])
    for file in new:
        tables.execute(
            "INSERT INTO word_files (name, words, first_key, last_key, count, files) VALUES (?, ?, ?, ?, ?, ?)",
            [
                file.name, file.words, file.first_key, file.last_key, file.count,
                json.dumps([asdict(one) for one in file.files]),
            ],
        )  # fmt: skip


def drop(tables: Tables, vocabulary_id: int) -> None:
    """Delete a vocabulary that no generation names, and the files of its own words."""
    tables.execute("DELETE FROM vocabularies WHERE vocabulary_id = ?", [vocabulary_id])
    tables.execute("DELETE FROM word_files WHERE words = ?", [vocabulary_id])


def collect(tables: Tables) -> int:
    """Forget vocabularies that no generation names, and their files; return how many vocabularies.

    The newest stay for a day: one that was just fitted is named by no generation yet.
    """
    used = "SELECT vocabulary_id FROM generations WHERE vocabulary_id IS NOT NULL"
    words = f"SELECT words FROM vocabularies WHERE vocabulary_id IN ({used})"
    young = (datetime.now(timezone.utc) - timedelta(days=1)).isoformat(timespec="seconds")
    gone = tables.conn.execute(
        f"""DELETE FROM vocabularies WHERE vocabulary_id NOT IN ({used}) AND vocabulary_id NOT IN ({words})
            AND (created_at < ? OR vocabulary_id < (SELECT max(vocabulary_id) FROM generations))""",
        [young],
    ).rowcount
    tables.execute("DELETE FROM word_files WHERE words NOT IN (SELECT words FROM vocabularies)")
    return gone
