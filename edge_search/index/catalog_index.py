"""The catalog's index in this process: follows the store from snapshot to snapshot."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from edge_search.errors import StoreError
from edge_search.fitting.calibration import Calibration
from edge_search.fitting.projection import Projection
from edge_search.index.local_index import LocalIndex
from edge_search.index.segment import Segment, open_segment, stored_segment
from edge_search.index.tail import Tail
from edge_search.index.view import View
from edge_search.store import catalog_encoder, features, generations, meta
from edge_search.store.database import Database, Tables
from edge_search.store.generations import Generation, SegmentRow

__all__ = ["CatalogIndex"]

_log = logging.getLogger("edge_search")


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
        self._told: set[str] = set()
        self.local = LocalIndex(database)

    def view(self, tables: Tables) -> View:
        """Return a view that holds at least every image of this snapshot.

        A segment that can't be used (deleted, damaged) is made from SQLite instead: slower, never wrong.

        Raises:
            EncoderChanged: the catalog has another encoder in this snapshot; another index must answer.
        """
        catalog_encoder.expect(tables, self.fingerprint)
        with self._guard:
            generation = self.generation(tables)
            number = generation.generation_id if generation else 0
            epoch = meta.get(tables, meta.EPOCH) or ""
            view = self._view
            if view is None or view.generation_id < number or view.epoch != epoch or view.replaced:
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
        return Projection.from_bytes(*generations.projection(tables, generation.carried.projection_id))

    def segment(self, tables: Tables, row: SegmentRow, projection: Projection) -> tuple[Segment, bool]:
        """Return a segment, and whether its own files could be used."""
        problems: list[str] = []
        found = self._segment(tables, row, projection, problems.append)
        self._warn(problems)
        return found, not problems

    def _segment(self, tables: Tables, row: SegmentRow, projection: Projection, tell: Callable[[str], None]) -> Segment:
        try:
            found = open_segment(self._database.home.index, row, projection.dimension, tell)
        except (OSError, ValueError, RuntimeError, AssertionError, StoreError) as error:
            tell(f"{row.name}: {error}")
            found = None
        return stored_segment(tables, row, self.fingerprint, projection) if found is None else found

    def _warn(self, problems: Sequence[str]) -> None:
        """Say what is wrong, once in this process."""
        new = [problem for problem in problems if problem not in self._told]
        self._told.update(new)
        if new:
            more = f" (and {len(new) - 1} more like it)" if len(new) > 1 else ""
            _log.warning("index: %s%s; answers stay right but slower until 'edge-search compact'", new[0], more)

    def _opened(self, tables: Tables, generation: Generation | None, epoch: str) -> View:
        projection = self.projection(tables, generation)
        problems: list[str] = []
        rows = generation.segments if generation else ()
        segments = tuple(self._segment(tables, row, projection, problems.append) for row in rows)
        self._warn(problems)
        return View(
            epoch=epoch,
            generation_id=generation.generation_id if generation else 0,
            projection=projection,
            calibration=_calibration(generation),
            segments=segments,
            last_published=generation.last_image_id if generation else 0,
            tail=Tail(projection.dimension),
            degraded=bool(problems),
        )


def _calibration(generation: Generation | None) -> Calibration | None:
    text = generation.carried.calibration if generation else None
    return None if text is None else Calibration.from_json(text)
