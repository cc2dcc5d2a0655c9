"""Indexes that stand in for the catalog's own, to see what each of its shortcuts costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_search.fitting.projection import Projection
from edge_search.index.catalog_index import CatalogIndex
from edge_search.index.hnsw import quantize
from edge_search.index.ranking import best
from edge_search.index.segment import Segment, stored_segment
from edge_search.index.tail import Tail
from edge_search.index.view import View
from edge_search.store import images
from edge_search.store.database import Database, Tables
from edge_search.store.generations import SegmentRow
from edge_search.types import FloatArray, KeyArray

__all__ = ["CodedIndex", "ExactIndex", "index_bytes"]

_ROWS_AT_ONCE = 16_384


def index_bytes(count: int, dimension: int, *, coded: bool) -> int:
    """Return about how much memory a stand-in for so many vectors takes."""
    return count * (8 + dimension * (3 if coded else 2))


class ExactIndex(CatalogIndex):
    """All stored features by one projection, as float16 rows in memory, searched exactly."""

    def __init__(self, database: Database, own: CatalogIndex, projection: Projection) -> None:
        super().__init__(database, own.fingerprint, projection)
        self._own = own
        self._chosen = projection
        self._made: View | None = None

    def view(self, tables: Tables) -> View:
        """Return the stand-in of this snapshot; made again when photos were added since."""
        own = self._own.view(tables)
        if self._made is None or self._made.last_key != own.last_key:
            everything = SegmentRow("", images.count(tables), 1, own.last_key, ())
            rows = stored_segment(tables, everything, self.fingerprint, self._chosen)
            self._made = replace(
                own,
                projection=self._chosen,
                segments=(self._searched(rows),),
                last_published=own.last_key,
                tail=Tail(self._chosen.dimension),
                degraded=False,
            )
        return self._made

    def _searched(self, rows: Segment) -> Segment:
        return rows


class CodedIndex(ExactIndex):
    """The same, its candidates found by comparing int8 codes with each other, then scored by their float16 rows.

    That is what the box's graph would do if it never missed a neighbour.
    """

    def _searched(self, rows: Segment) -> Segment:
        return _Coded(rows)


class _Coded(Segment):
    def __init__(self, rows: Segment) -> None:
        super().__init__(rows.keys, np.empty((0, 0), dtype=np.float16), None)
        self._rows = rows
        pages = [rows.keys[at : at + _ROWS_AT_ONCE] for at in range(0, len(rows.keys), _ROWS_AT_ONCE)]
        self._codes = [quantize(rows.rows(keys)[1]) for keys in pages]

    def search(self, vector: FloatArray, count: int, *, exact: bool = False) -> tuple[KeyArray, FloatArray]:
        if exact:
            return self._rows.search(vector, count, exact=True)
        code = quantize(vector[None])[0].astype(np.float32)
        cosines = [np.empty(0, dtype=np.float32)]
        for codes in self._codes:
            part = codes.astype(np.float32)
            cosines.append(part @ code / np.maximum(np.linalg.norm(part, axis=1), 1.0))
        found = best(self.keys, np.concatenate(cosines), count)[0]
        return self.score(vector, np.sort(found), count)

    def score(self, vector: FloatArray, keys: KeyArray, count: int) -> tuple[KeyArray, FloatArray]:
        return self._rows.score(vector, keys, count)
