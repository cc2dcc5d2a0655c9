"""Simulations: features of simulated photos, by content hash of their picture, encoder fingerprint and number."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_search.store.database import Tables
from edge_search.store.half import packed, unpacked
from edge_search.types import FloatArray

__all__ = ["Simulated", "have", "of", "put"]

_PAGE = 500


@dataclass(frozen=True)
class Simulated:
    """Features float32 (m, D) of one picture's simulated photos; ``cut_out``: it shows its product on plain ground."""

    features: FloatArray
    cut_out: bool


def put(tables: Tables, fingerprint: str, made: Mapping[str, Simulated]) -> None:
    """Store simulated photos, numbered from 0, by their picture's content hash; they replace what is there.

    Raises:
        EncoderError: a feature is not finite as float16.
    """
    rows = [
        (digest, fingerprint, number, one.cut_out, *packed(feature, digest))
        for digest, one in made.items()
        for number, feature in enumerate(one.features)
    ]
    tables.conn.executemany("INSERT OR REPLACE INTO simulations VALUES (?, ?, ?, ?, ?, ?)", rows)


def have(tables: Tables, fingerprint: str, digests: Sequence[str]) -> dict[str, int]:
    """Return how many simulated photos of these contents are stored undamaged, as far as there are any."""
    found: dict[str, int] = {}
    for start in range(0, len(digests), _PAGE):
        part = digests[start : start + _PAGE]
        sql = f"""SELECT content_hash, feature, crc32 FROM simulations
                  WHERE fingerprint = ? AND content_hash IN ({",".join("?" * len(part))})"""
        for digest, feature, crc32 in tables.execute(sql, [fingerprint, *part]):
            found[digest] = found.get(digest, 0) + (zlib.crc32(feature) == crc32)
    return found


def of(tables: Tables, fingerprint: str, digest: str, upto: int) -> Simulated | None:
    """Return a content's simulated photos numbered below ``upto``; None: it has none.

    Raises:
        StoreDamaged: a stored feature is not what was stored.
    """
    sql = """SELECT content_hash, feature, crc32, cut_out FROM simulations
             WHERE content_hash = ? AND fingerprint = ? AND number < ? ORDER BY number"""
    rows = tables.execute(sql, [digest, fingerprint, upto]).fetchall()
    return Simulated(unpacked(row[:3] for row in rows), bool(rows[0][3])) if rows else None
