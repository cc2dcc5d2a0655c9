"""Line-ups: what held-out photos of the catalog would be answered with, with their SKU there and without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge_search.fitting.projection import Projection
from edge_search.fitting.split import Split
from edge_search.fitting.strength import strength
from edge_search.types import FloatArray

__all__ = ["Lineup", "lineups"]

_HITS = 5
_IMAGES = 128  # of the nearest images, all of the first five SKUs' best four nearly always are among them


@dataclass(frozen=True)
class Lineup:
    """The first SKUs for one query, best first: their strengths, and which of them is right (None: none of them)."""

    strengths: tuple[float, ...]
    right: int | None
    absent: bool

    @property
    def leads(self) -> tuple[float, ...]:
        """How far each is ahead of the best of the others; below 0 for all but the first."""
        return leads(self.strengths)


def leads(strengths: tuple[float, ...]) -> tuple[float, ...]:
    """Return how far each of ``strengths`` (best first) is ahead of the best other; with no other, of nothing."""
    second = strengths[1] if len(strengths) > 1 else 0.0
    return tuple(value - (second if place == 0 else strengths[0]) for place, value in enumerate(strengths))


def lineups(split: Split, projection: Projection, pause: Callable[[], None] = lambda: None) -> list[Lineup]:
    """Return two line-ups of each query: one with its SKU in the catalog, one without."""
    pause()
    gallery, queries = projection(split.gallery.features), projection(split.queries)
    found: list[Lineup] = []
    for at in range(0, len(queries), 256):
        cosines = queries[at : at + 256] @ gallery.T
        for row, own in zip(cosines, split.query_skus[at : at + 256].tolist(), strict=True):
            found += _of(row, split.gallery.skus, own)
    return found


def _of(cosines: FloatArray, skus: np.ndarray[tuple[int], np.dtype[np.int64]], own: int) -> list[Lineup]:
    count = min(len(cosines), _IMAGES)
    nearest = np.argpartition(-cosines, count - 1)[:count]
    nearest = nearest[np.argsort(-cosines[nearest], kind="stable")]
    mine: dict[int, list[float]] = {}
    for sku, value in zip(skus[nearest].tolist(), cosines[nearest].tolist(), strict=True):
        mine.setdefault(sku, []).append(value)
    ranked = sorted(((strength(values), sku) for sku, values in mine.items()), reverse=True)
    others = [(value, sku) for value, sku in ranked if sku != own]
    places = [place for place, (_, sku) in enumerate(ranked[:_HITS]) if sku == own]
    found = [Lineup(tuple(value for value, _ in ranked[:_HITS]), places[0] if places else None, absent=False)]
    if others:
        found.append(Lineup(tuple(value for value, _ in others[:_HITS]), None, absent=True))
    return found
