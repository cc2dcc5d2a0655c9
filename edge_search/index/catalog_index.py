"""The catalog's index in this process: follows the store from snapshot to snapshot."""

from __future__ import annotations

import threading

from edge_search.errors import StoreDamaged, StoreError
from edge_search.fitting.projection import Projection
from edge_search.index.segment import Segment, open_segment, stored_segment
from edge_search.index.tail import Tail
from edge_search.index.view import View
from edge_search.store import features, generations, meta
from edge_search.store.database import Database, Tables
from edge_search.store.generations import Generation, SegmentRow

__all__ = ["CatalogIndex"]


class CatalogIndex:
    """Opens published generations and keeps the tail behind them.

    One encoder (``fingerprint``) and its plain projection are given; until a generation is published the
    whole catalog is the tail.
    """

    def __init__(self, database: Database, fingerprint: str, plain: Projection) -> None:
        self._database = database
        self.fingerprint = fingerprint
        self._plain = plain
        self._view: View | None = None
        self._guard = threading.Lock()

    def view(self, tables: Tables) -> View:
        """Return a view that holds at least every image of this snapshot.

        A segment that can't be used (deleted, damaged) is made from SQLite instead: slower, never wrong.
        """
        with self._guard:
            generation = self.generation(tables)
            number = generation.generation_id if generation else 0
            epoch = meta.get(tables, meta.EPOCH) or ""
            view = self._view
            if view is None or view.generation_id < number or view.epoch != epoch:
                view = self._opened(tables, generation, epoch)
            for keys, rows in features.of_images(tables, self.fingerprint, after=view.last_key):
                view = view.with_tail(view.tail.grown(keys, view.projection(rows)))
            self._view = view
            return view

    def generation(self, tables: Tables) -> Generation | None:
        """Return the published generation, None when there is none of this encoder."""
        found = generations.current(tables)
        return found if found is not None and found.fingerprint == self.fingerprint else None

    def projection(self, tables: Tables, generation: Generation | None) -> Projection:
        """Return the generation's projection, the plain one before the first."""
        if generation is None:
            return self._plain
        return Projection.from_bytes(*generations.projection(tables, generation.projection_id))

    def segment(self, tables: Tables, row: SegmentRow, projection: Projection) -> tuple[Segment, bool]:
        """Return a segment, and whether its own files could be used."""
        try:
            found = open_segment(self._database.home.index, row, projection.dimension)
        except StoreDamaged:
            raise
        except (OSError, ValueError, RuntimeError, AssertionError, StoreError):
            found = None
        if found is not None:
            return found, found.whole
        return stored_segment(tables, row, self.fingerprint, projection), False

    def _opened(self, tables: Tables, generation: Generation | None, epoch: str) -> View:
        projection = self.projection(tables, generation)
        opened = [self.segment(tables, row, projection) for row in (generation.segments if generation else ())]
        return View(
            epoch=epoch,
            generation_id=generation.generation_id if generation else 0,
            projection=projection,
            segments=tuple(segment for segment, _ in opened),
            last_published=generation.last_image_id if generation else 0,
            tail=Tail(projection.dimension),
            degraded=not all(whole for _, whole in opened),
        )
