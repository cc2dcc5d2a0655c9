"""A view: the segments and the tail that one moment's queries search together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_search.fitting.calibration import Calibration
from edge_search.fitting.projection import Projection
from edge_search.index.ranking import best
from edge_search.index.segment import Segment
from edge_search.index.tail import Tail
from edge_search.types import FloatArray, KeyArray

__all__ = ["View"]

_Part = tuple[KeyArray, FloatArray]


@dataclass(frozen=True)
class View:
    """One generation's segments and the tail behind them; a VectorIndex. Never changed, only replaced."""

    epoch: str
    generation_id: int
    projection: Projection
    segments: tuple[Segment, ...]
    last_published: int
    tail: Tail
    degraded: bool
    calibration: Calibration | None = None

    def __len__(self) -> int:
        return sum(len(segment) for segment in self.segments) + len(self.tail)

    @property
    def replaced(self) -> bool:
        """Whether files it was opened from are gone or others by now; the mapped ones still answer."""
        return any(segment.replaced for segment in self.segments)

    @property
    def last_key(self) -> int:
        """The newest key that is in here, or was when the generation was published."""
        return max(self.last_published, self.tail.last_key)

    def with_tail(self, tail: Tail) -> View:
        """Return this view with a longer tail."""
        return replace(self, tail=tail)

    def search(self, vector: FloatArray, count: int, *, exact: bool = False) -> tuple[KeyArray, FloatArray]:
        """Return up to ``count`` keys near ``vector``, with cosines, best first."""
        parts = [segment.search(vector, count, exact=exact) for segment in self.segments]
        return _merge([*parts, self.tail.search(vector, count)], count)

    def score(self, vector: FloatArray, keys: KeyArray, count: int) -> tuple[KeyArray, FloatArray]:
        """Return the best ``count`` of ``keys`` (ascending), with cosines, best first."""
        parts = [segment.score(vector, keys, count) for segment in self.segments]
        return _merge([*parts, self.tail.score(vector, keys, count)], count)


def _merge(parts: Sequence[_Part], count: int) -> _Part:
    return best(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]), count)
