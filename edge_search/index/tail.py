"""The tail: what was committed after the generation, in memory, searched exactly."""

from __future__ import annotations

import numpy as np

from edge_search.index.ranking import best
from edge_search.types import FloatArray, KeyArray

__all__ = ["Tail"]


class Tail:
    """Keys int64 (n,) ascending and unit vectors float32 (n, D). Never changed: growing gives a new one.

    Appending doubles the buffer behind it, so taking in n photos one by one costs O(n), not O(n squared).
    """

    def __init__(self, dimension: int) -> None:
        self._keys = np.empty(0, dtype=np.int64)
        self._vectors = np.empty((0, dimension), dtype=np.float32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def keys(self) -> KeyArray:
        """The keys."""
        return self._keys[: self._count]

    @property
    def vectors(self) -> FloatArray:
        """The vectors."""
        return self._vectors[: self._count]

    @property
    def last_key(self) -> int:
        """The newest key, 0 when empty."""
        return int(self._keys[self._count - 1]) if self._count else 0

    def grown(self, keys: KeyArray, vectors: FloatArray) -> Tail:
        """Return a tail with these rows behind the present ones; this one stays as it is."""
        count = self._count + len(keys)
        larger = Tail(self._vectors.shape[1])
        # The rows behind `_count` belong to nobody yet: a tail grows once, by the thread that refreshes.
        larger._keys, larger._vectors = self._keys, self._vectors
        if count > len(self._keys):
            room = max(256, 2 * count)
            larger._keys = np.zeros(room, dtype=np.int64)
            larger._vectors = np.zeros((room, self._vectors.shape[1]), dtype=np.float32)
            larger._keys[: self._count], larger._vectors[: self._count] = self.keys, self.vectors
        larger._keys[self._count : count], larger._vectors[self._count : count] = keys, vectors
        larger._count = count
        return larger

    def search(self, vector: FloatArray, count: int) -> tuple[KeyArray, FloatArray]:
        """Return the best ``count`` (keys, cosines), best first."""
        return best(self.keys, self.vectors @ vector, count)

    def score(self, vector: FloatArray, keys: KeyArray, count: int) -> tuple[KeyArray, FloatArray]:
        """Return the best ``count`` of those ``keys`` (ascending) that lie in the tail."""
        mine = np.flatnonzero(np.isin(self.keys, keys, assume_unique=True))
        return best(self.keys[mine], self.vectors[mine] @ vector, count)
