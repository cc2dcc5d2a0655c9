"""The catalog's index in this process: follows the store from snapshot to snapshot."""

from __future__ import annotations

import secrets
import threading

import numpy as np

from edge_search.errors import StoreError
from edge_search.fitting.projection import Projection
from edge_search.index.segment import Segment, open_segment, write_segment
from edge_search.index.tail import Tail
from edge_search.index.view import View
from edge_search.store import features, generations
from edge_search.store.database import Database, Tables
from edge_search.store.generations import Generation, SegmentRow

__all__ = ["CatalogIndex"]

# A tail this long is searched exactly in under a millisecond; beyond, it is a share of what a build costs.
_TAIL_FREE = 256
_TAIL_SHARE = 0.1


class CatalogIndex:
    """Opens published generations, keeps the tail, and builds new generations.

    One encoder (``fingerprint``) and its plain projection are given; until a generation is published the
    whole catalog is the tail.
    """

    def __init__(self, database: Database, fingerprint: str, plain: Projection) -> None:
        self._database = database
        self._fingerprint = fingerprint
        self._plain = plain
        self._view: View | None = None
        self._guard = threading.Lock()

    def view(self, tables: Tables) -> View:
        """Return a view that holds at least every image of this snapshot.

        A segment that can't be used (deleted, damaged, of another encoder) is left out, and its images are
        taken from SQLite instead: slower, never wrong.
        """
        with self._guard:
            generation = generations.current(tables)
            if generation is not None and generation.fingerprint != self._fingerprint:
                generation = None
            number = generation.generation_id if generation else 0
            view = self._view
            if view is None or view.generation_id < number:
                view = self._opened(tables, generation)
            for keys, rows in features.of_images(tables, self._fingerprint, after=view.last_key):
                tail = view.tail.grown(keys, view.projection(rows))
                view = View(view.generation_id, view.projection, view.segments, tail, view.degraded)
            self._view = view
            return view

    def publish(self, tail_from: int | None = None) -> int:
        """Build one new segment of all images and switch to it by one commit; returns the generation.

        Readers go on with the old one meanwhile. ``tail_from`` is for tests: leave images above it in the tail.
        """
        with self._database.exclusive("build"):
            with self._database.read() as tables:
                generation = generations.current(tables)
                projection_id, projection = self._projection(tables, generation)
                # Projected page by page: features are several times larger than vectors.
                pages = [
                    (keys, projection(rows))
                    for keys, rows in features.of_images(tables, self._fingerprint, upto=tail_from)
                ]
            keys = np.concatenate([page[0] for page in pages]) if pages else np.empty(0, dtype=np.int64)
            segments: list[SegmentRow] = []
            if len(keys):
                vectors = np.concatenate([page[1] for page in pages])
                name = f"segment-{secrets.token_hex(8)}"
                segments.append(write_segment(self._database.home.index, name, keys, vectors))
            last = int(keys[-1]) if len(keys) else 0
            with self._database.write() as tables:
                if projection_id is None:
                    projection_id = generations.put_projection(
                        tables,
                        self._fingerprint,
                        projection.kind,
                        projection.dimension,
                        projection.to_bytes(),
                    )
                number = generations.publish(tables, self._fingerprint, projection_id, last, segments)
                in_use = generations.retired(tables)
            self._collect(in_use)
            return number

    def due(self, tables: Tables) -> bool:
        """Return whether a new generation is worth building: nothing published yet, damage, or a long tail."""
        generation = generations.current(tables)
        tail, masked = generations.backlog(tables, generation)
        if generation is None or generation.fingerprint != self._fingerprint:
            return tail > 0
        indexed = sum(segment.count for segment in generation.segments)
        return self.view(tables).degraded or tail + masked > max(_TAIL_FREE, _TAIL_SHARE * indexed)

    def _projection(self, tables: Tables, generation: Generation | None) -> tuple[int | None, Projection]:
        if generation is None or generation.fingerprint != self._fingerprint:
            return None, self._plain
        kind, dimension, data = generations.projection(tables, generation.projection_id)
        return generation.projection_id, Projection.from_bytes(kind, dimension, data)

    def _opened(self, tables: Tables, generation: Generation | None) -> View:
        _, projection = self._projection(tables, generation)
        segments: list[Segment] = []
        whole = True
        for row in generation.segments if generation else ():
            try:
                segment = open_segment(self._database.home.index, row, projection.dimension)
            except (OSError, ValueError, RuntimeError, AssertionError, StoreError):
                segment = None
            whole = whole and segment is not None and segment.whole
            if segment is None:
                # Keys ascend from segment to segment, so the tail must start before the lost one.
                break
            segments.append(segment)
        number = generation.generation_id if generation else 0
        return View(number, projection, tuple(segments), Tail(projection.dimension), not whole)

    def _collect(self, in_use: set[str]) -> None:
        # Unlinking a mapped file is harmless to the process that maps it.
        for path in self._database.home.index.iterdir():
            if path.name not in in_use:
                path.unlink(missing_ok=True)
