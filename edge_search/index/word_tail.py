"""The word tail: the words of what was committed after the files, in memory, compared one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_search.index.ranking import best
from edge_search.local.vocabulary import Vocabulary, Words
from edge_search.types import FloatArray, KeyArray

__all__ = ["WordTail"]


class WordTail:
    """Words of the pictures behind the files, compared one by one. Never changed: growing gives a new one."""

    def __init__(self, keys: Sequence[int] = (), words: Sequence[Words] = (), norms: Sequence[float] = ()) -> None:
        self._keys = np.asarray(keys, np.int64)
        self._words = list(words)
        self._norms = np.asarray(norms, np.float32)
        self._flat = np.concatenate([*self._words, np.empty(0, np.int32)])
        self._owners = np.repeat(np.arange(len(self._words)), [len(some) for some in self._words])

    def __len__(self) -> int:
        return len(self._keys)

    def grown(self, pages: Sequence[tuple[int, Words]], vocabulary: Vocabulary) -> WordTail:
        """Return a tail with these pictures behind the present ones."""
        return WordTail(
            [*self._keys.tolist(), *(key for key, _ in pages)],
            [*self._words, *(words for _, words in pages)],
            [*self._norms.tolist(), *(vocabulary.norm(words) for _, words in pages)],
        )

    def search(self, question: FloatArray, count: int) -> tuple[KeyArray, FloatArray]:
        """Return up to ``count`` (keys, scores) of pictures that share words with the question, best first."""
        scores = np.bincount(self._owners, question[self._flat], len(self._keys)) / np.maximum(self._norms, 1e-9)
        shared = np.flatnonzero(scores > 0)
        return best(self._keys[shared], scores[shared].astype(np.float32), count)
