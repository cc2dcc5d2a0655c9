"""The seam between queries and an index engine."""

from __future__ import annotations

from typing import Protocol

from edge_search.types import FloatArray, KeyArray

__all__ = ["VectorIndex"]


class VectorIndex(Protocol):
    """Vectors by key, at one moment. Keys may be dead by now: the caller asks the store."""

    def __len__(self) -> int:
        """Return how many keys there are, dead ones included."""
        ...

    def search(self, vector: FloatArray, count: int, *, exact: bool = False) -> tuple[KeyArray, FloatArray]:
        """Return up to ``count`` keys (int64) near a unit vector (D,), with cosines (float32), best first."""
        ...

    def score(self, vector: FloatArray, keys: KeyArray, count: int) -> tuple[KeyArray, FloatArray]:
        """Return the best ``count`` of the given ``keys`` (ascending) with their cosines, best first."""
        ...
