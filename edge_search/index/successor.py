"""The successor: a whole generation of another encoder, built beside the one that answers."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from edge_search.errors import StoreError
from edge_search.fitting.projection import Projection
from edge_search.index.builder import LARGEST, remove_unused
from edge_search.index.segment import segment_size, write_segment
from edge_search.store import features, generations, images
from edge_search.store.database import Database, Tables
from edge_search.store.generations import Carried, SegmentRow
from edge_search.types import FloatArray, KeyArray

__all__ = ["Publish", "Successor"]

T = TypeVar("T")
Publish = Callable[[Tables], int]
"""Makes the successor the current generation, inside the caller's write transaction; returns its number."""


@dataclass(frozen=True)
class Successor:
    """Takes everything from stored features of ``fingerprint``; the generation that answers is not read."""

    database: Database
    fingerprint: str
    projection: Projection

    def publish(self, upto: int, commit: Callable[[Publish], T]) -> T:
        """Build segments of all images up to key ``upto``, then let ``commit`` switch; returns what it returns.

        The build lock is held until ``commit`` has returned: nobody else may tidy the new files away. When
        anything goes wrong they are deleted, and all is as it was.

        Args:
            upto: every image up to this key must have a feature of the encoder; those above become the tail.
            commit: opens the write transaction and calls what it is given in it, once.

        Raises:
            StoreDamaged: a stored feature is not what was stored.
            NoSpace: the segments don't fit.
        """
        with self.database.exclusive("build"):
            written: list[SegmentRow] = []
            try:
                after = 0
                while after < upto:
                    keys, vectors, after = self._part(after, upto)
                    if len(keys):
                        self.database.need_space(segment_size(*vectors.shape))
                        name = f"segment-{secrets.token_hex(8)}"
                        written.append(write_segment(self.database.home.index, name, keys, vectors))
                return commit(lambda tables: self._put(tables, upto, written))
            finally:
                # The store knows which files count now, whatever went wrong, and when.
                with contextlib.suppress(StoreError):
                    with self.database.read() as tables:
                        in_use = generations.files(tables)
                    remove_unused(self.database.home, in_use)

    def _part(self, after: int, upto: int) -> tuple[KeyArray, FloatArray, int]:
        """Return keys and vectors of one segment's worth of images above key ``after``, and the key to go on after.

        Each part has a snapshot of its own, so that none is held open while a graph is built: what is removed in
        between is masked, and a key that is left never gets another photo.
        """
        with self.database.read() as tables:
            keys = images.keys_between(tables, after + 1, upto)[:LARGEST]
            # Filled in place: a part may be a third of a gigabyte, and must not be there twice.
            vectors = np.empty((len(keys), self.projection.dimension), dtype=np.float32)
            count = 0
            last = int(keys[-1]) if len(keys) == LARGEST else upto
            for page, rows in features.of_images(tables, self.fingerprint, after=after, upto=last):
                keys[count : count + len(page)] = page
                vectors[count : count + len(page)] = self.projection(rows)
                count += len(page)
        return keys[:count], vectors[:count], last

    def _put(self, tables: Tables, upto: int, segments: list[SegmentRow]) -> int:
        plain = self.projection
        number = generations.put_projection(tables, self.fingerprint, plain.kind, plain.dimension, plain.to_bytes())
        published = generations.publish(tables, self.fingerprint, Carried(number), upto, segments)
        generations.retired(tables)
        return published
