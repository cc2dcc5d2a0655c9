"""Views that stand in for the catalog's own, to see what each of its shortcuts costs.

What is nearest to each query is found beforehand, for all queries in one pass over the vectors: a pass for each would
take a hundred times as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from edge_search.fitting.projection import Projection
from edge_search.index.catalog_index import CatalogIndex
from edge_search.index.hnsw import quantize
from edge_search.index.segment import stored_segment
from edge_search.index.tail import Tail
from edge_search.index.view import View
from edge_search.store import images
from edge_search.store.database import Database, Tables
from edge_search.store.generations import SegmentRow
from edge_search.types import FloatArray, KeyArray

__all__ = ["CodedView", "ExactView", "InsteadIndex", "coded", "exact", "plain_view"]

_ROWS_AT_ONCE = 4096
_QUERIES_AT_ONCE = 512
_NEAREST = 512
"""Candidates kept of each query; a search that asks for more looks at everything again."""


@dataclass(frozen=True)
class ExactView(View):
    """The same vectors, all compared; ``known``: the nearest keys of vectors by their bytes, best first."""

    known: Mapping[bytes, KeyArray] = field(default_factory=dict)

    def search(
        self,
        vector: FloatArray,
        count: int,
        *,
        exact: bool = False,  # noqa: ARG002 - as the view that it stands in for
    ) -> tuple[KeyArray, FloatArray]:
        """Return the ``count`` nearest keys with their cosines, whether ``exact`` is asked for or not."""
        return self.score(vector, np.sort(self.nearest(vector, count)), count)

    def nearest(self, vector: FloatArray, count: int) -> KeyArray:
        """Return the ``count`` nearest keys, best first."""
        found = self.known.get(vector.tobytes())
        if found is None or len(found) < min(count, len(self)):
            found = self._found(vector[None], count)[0]
        return found[:count]

    def asked(self, vectors: Sequence[FloatArray]) -> ExactView:
        """Return this view knowing what is nearest to each of these vectors (d,)."""
        known: dict[bytes, KeyArray] = {}
        for start in range(0, len(vectors), _QUERIES_AT_ONCE):
            part = vectors[start : start + _QUERIES_AT_ONCE]
            found = self._found(np.stack(part), _NEAREST)
            known.update({vector.tobytes(): keys for vector, keys in zip(part, found, strict=True)})
        return replace(self, known=known)

    def _found(self, vectors: FloatArray, count: int) -> list[KeyArray]:
        keys = np.empty(0, dtype=np.int64)
        best = np.empty((len(vectors), 0), dtype=np.float32)
        places = np.empty((len(vectors), 0), dtype=np.int64)
        for page, rows in self._pages():
            scores = np.concatenate([best, self._compared(vectors, rows)], axis=1)
            fresh = np.broadcast_to(len(keys) + np.arange(len(page)), (len(vectors), len(page)))
            at = np.concatenate([places, fresh], axis=1)
            keys = np.concatenate([keys, page])
            if scores.shape[1] > count:
                chosen = np.argpartition(-scores, count - 1, axis=1)[:, :count]
                scores, at = np.take_along_axis(scores, chosen, 1), np.take_along_axis(at, chosen, 1)
            best, places = scores, at
        order = np.argsort(-best, axis=1, kind="stable")
        return list(keys[np.take_along_axis(places, order, 1)])

    def _compared(self, vectors: FloatArray, rows: FloatArray) -> FloatArray:
        return np.asarray(vectors @ rows.T, dtype=np.float32)

    def _pages(self) -> Iterator[tuple[KeyArray, FloatArray]]:
        for segment in self.segments:
            for start in range(0, len(segment), _ROWS_AT_ONCE):
                yield segment.rows(segment.keys[start : start + _ROWS_AT_ONCE])
        if len(self.tail):
            yield self.tail.keys, self.tail.vectors


@dataclass(frozen=True)
class CodedView(ExactView):
    """The same, by comparing int8 codes with each other; what is nearest is then scored by its float16 rows.

    That is what the box's graph would do if it never missed a neighbour.
    """

    def _compared(self, vectors: FloatArray, rows: FloatArray) -> FloatArray:
        asked, codes = quantize(vectors).astype(np.float32), quantize(rows).astype(np.float32)
        length = np.linalg.norm(asked, axis=1)[:, None] * np.linalg.norm(codes, axis=1)
        return np.asarray(asked @ codes.T / np.maximum(length, 1.0), dtype=np.float32)


class InsteadIndex(CatalogIndex):
    """Gives one view, whatever was committed since."""

    def __init__(self, database: Database, own: CatalogIndex, view: ExactView) -> None:
        super().__init__(database, own.fingerprint, view.projection)
        self._instead = view

    def view(self, tables: Tables) -> View:  # noqa: ARG002 - as the index that it stands in for
        """Return the stand-in."""
        return self._instead


def exact(view: View) -> ExactView:
    """Return a view of the same vectors that compares all of them."""
    return ExactView(**_parts(view))


def coded(view: View) -> CodedView:
    """Return a view of the same vectors that compares all of their int8 codes."""
    return CodedView(**_parts(view))


def plain_view(tables: Tables, index: CatalogIndex, plain: Projection) -> ExactView:
    """Return a view of all stored features by the plain projection, as float16 rows in memory."""
    own = index.view(tables)
    everything = SegmentRow("", images.count(tables), 1, own.last_key, ())
    rows = stored_segment(tables, everything, index.fingerprint, plain)
    return replace(
        exact(own),
        projection=plain,
        segments=(rows,),
        last_published=own.last_key,
        tail=Tail(plain.dimension),
        degraded=False,
    )


def _parts(view: View) -> dict[str, Any]:
    return {one.name: getattr(view, one.name) for one in fields(view)}
