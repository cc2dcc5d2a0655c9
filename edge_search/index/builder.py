"""The builder: turns the tail into segments, off the query path, and switches by one commit."""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Collection, Sequence

import numpy as np

from edge_search.errors import StoreDamaged
from edge_search.fitting.projection import Projection
from edge_search.index.catalog_index import CatalogIndex
from edge_search.index.segment import segment_size, write_segment
from edge_search.index.word_builder import WordBuilder
from edge_search.store import catalog_encoder, features, generations, images
from edge_search.store.database import Database, Tables
from edge_search.store.generations import Carried, Generation, SegmentRow
from edge_search.store.home import Home
from edge_search.types import FloatArray, KeyArray

__all__ = ["LARGEST", "Builder", "merge_from", "remove_unused"]

_log = logging.getLogger("edge_search")

# A tail this long is searched exactly in a quarter of a millisecond.
_TAIL_FREE = 1000
# Masked keys cost candidates: at this share of a segment it is written anew.
_MASKED_SHARE = 0.3
_MASKED_FREE = 256
# Every segment is more than this many times as large as all newer ones together, so that there are at most
# about log3(n) of them, and a vector is rebuilt about log3(n) times in its life.
_RATIO = 2
# Building takes more than n: 20,000 vectors took 10 s, 32,000 took 40 s on one core. So no segment gets larger
# than this, a build is bounded in time and memory, and a query asks some more segments.
LARGEST = 50_000
"""Vectors of one segment, at most."""

_Vectors = tuple[KeyArray, FloatArray]


def merge_from(counts: Sequence[int], tail: int, masked: Sequence[int]) -> int:
    """Return how many of the oldest segments stay; the others and the tail become one.

    Args:
        counts: keys of each segment, oldest first.
        tail: images behind them.
        masked: how many keys of each segment are gone.
    """
    keep, newer = len(counts), tail
    while keep and counts[keep - 1] < LARGEST and counts[keep - 1] - masked[keep - 1] <= _RATIO * newer:
        keep -= 1
        newer += counts[keep] - masked[keep]
    for place in range(keep):
        if masked[place] > max(_MASKED_FREE, _MASKED_SHARE * counts[place]):
            return place
    return keep


class Builder:
    """Publishes generations; one process at a time (the build lock), while all go on searching and writing."""

    def __init__(self, database: Database, index: CatalogIndex) -> None:
        self._database = database
        self._index = index

    def due(self, tables: Tables) -> bool:
        """Return whether a new generation is worth building: none yet, damage, a long tail, or many masks."""
        generation = self._index.generation(tables)
        if generation is None:
            return images.count(tables) > 0
        tail, masked = generations.backlog(tables, generation)
        indexed = sum(row.count for row in generation.segments)
        return (
            tail > _TAIL_FREE
            or tail > max(_MASKED_FREE, indexed // 10)
            or masked > max(_MASKED_FREE, _MASKED_SHARE * indexed)
            or self._index.view(tables).degraded
            or self._index.local.due(tables, generation)
        )

    def publish(self, *, anew: bool = False) -> int:
        """Bring the tail into a segment and merge what the policy says; returns the generation's number.

        With ``anew`` everything becomes one segment, from the stored features.

        Raises:
            EncoderChanged: the catalog has another encoder by now, and a generation of it.
        """
        with self._database.exclusive("build"):
            with self._database.read() as tables:
                catalog_encoder.expect(tables, self._index.fingerprint)
                generation = None if anew else self._index.generation(tables)
                before = self._index.generation(tables)
                projection = self._index.projection(tables, before)
                last = generation.last_image_id if generation else 0
                kept, parts = self._parts(tables, generation, projection)
                # Projected page by page: features are several times larger than vectors.
                parts += [(keys, projection(rows)) for keys, rows in features.of_images(
                    tables, self._index.fingerprint, after=last
                )]  # fmt: skip
            last = max([last, *(int(keys[-1]) for keys, _ in parts if len(keys))])
            written = self._written(parts)
            number = self._switched(before, projection, last, [*kept, *written])
            self._file_words(anew=anew)
            return number

    def _file_words(self, *, anew: bool) -> None:
        """Bring the words of the tail into a file too, where details are compared."""
        with self._database.read() as tables:
            generation = self._index.generation(tables)
            number = generation.carried.vocabulary_id if generation else None
            due = anew or self._index.local.due(tables, generation)
        if number is None or not due:
            return
        try:
            WordBuilder(self._database).publish(number, anew=anew)
        except StoreDamaged as error:
            _log.warning("index: %s", error)
            return
        with self._database.read() as tables:
            in_use = generations.files(tables)
        remove_unused(self._database.home, in_use)

    def _parts(
        self, tables: Tables, generation: Generation | None, projection: Projection
    ) -> tuple[list[SegmentRow], list[_Vectors]]:
        """Return the segments that stay, and the live vectors of those that are merged."""
        rows = list(generation.segments) if generation else []
        tail, _ = generations.backlog(tables, generation)
        live = [images.keys_between(tables, row.first_key, row.last_key) for row in rows]
        opened = [self._index.segment(tables, row, projection) for row in rows]
        masked = [max(0, row.count - len(keys)) for row, keys in zip(rows, live, strict=True)]
        keep = merge_from([row.count for row in rows], tail, masked)
        # A segment that lost a file is written anew, whatever its size.
        keep = min([keep, *(place for place, (_, whole) in enumerate(opened) if not whole)])
        merged = [segment.rows(keys) for (segment, _), keys in zip(opened[keep:], live[keep:], strict=True)]
        return rows[:keep], merged

    def _written(self, parts: Sequence[_Vectors]) -> list[SegmentRow]:
        keys = np.concatenate([part[0] for part in parts]) if parts else np.empty(0, dtype=np.int64)
        if not len(keys):
            return []
        vectors = np.concatenate([part[1] for part in parts])
        self._database.need_space(segment_size(*vectors.shape))
        pieces = np.array_split(np.arange(len(keys)), math.ceil(len(keys) / LARGEST))
        return [
            write_segment(self._database.home.index, f"segment-{secrets.token_hex(8)}", keys[piece], vectors[piece])
            for piece in pieces
        ]

    def _switched(
        self, before: Generation | None, projection: Projection, last: int, segments: Sequence[SegmentRow]
    ) -> int:
        fingerprint = self._index.fingerprint
        with self._database.write() as tables:
            catalog_encoder.expect(tables, fingerprint)
            if before is None:
                projection_id = generations.put_projection(
                    tables, fingerprint, projection.kind, projection.dimension, projection.to_bytes()
                )
                carried = Carried(projection_id)
            else:
                carried = before.carried
            number = generations.publish(tables, fingerprint, carried, last, segments)
            in_use = generations.retired(tables)
        remove_unused(self._database.home, in_use)
        return number


def remove_unused(home: Home, in_use: Collection[str]) -> None:
    """Delete the index files that no generation names; to be called under the build lock."""
    # Unlinking a mapped file is harmless to the process that maps it.
    for path in home.index.iterdir():
        if path.name not in in_use:
            path.unlink(missing_ok=True)
