"""The inverted file: which pictures have a word. A query looks only at pictures that share words with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_search.local.vocabulary import Vocabulary, Words
from edge_search.types import FloatArray, KeyArray

__all__ = ["READ_AT_MOST", "Inverted"]

READ_AT_MOST = 400_000
"""Entries read for one query, at most, most telling words first: what bounds a query, however large the catalog."""

_Offsets = NDArray[np.int64]


class Inverted:
    """Words of pictures, both ways: picture -> words (to merge files) and word -> pictures (to search)."""

    def __init__(
        self,
        keys: KeyArray,
        starts: _Offsets,
        words: NDArray[np.uint16],
        offsets: _Offsets,
        members: Words,
        norms: FloatArray,
    ) -> None:
        """Take arrays as they are in memory or mapped from a file.

        Args:
            keys: int64 (n,), ascending.
            starts: int64 (n + 1,): where each picture's words begin.
            words: uint16 (p,): the words, picture after picture.
            offsets: int64 (V + 1,): where each word's pictures begin.
            members: int32 (p,): the pictures (rows of ``keys``), word after word.
            norms: float32 (n,): length of each picture's vector of words.
        """
        self.keys, self.starts, self.words = keys, starts, words
        self.offsets, self.members, self.norms = offsets, members, norms

    @classmethod
    def built(cls, keys: KeyArray, words: Sequence[Words], vocabulary: Vocabulary) -> Inverted:
        """Build from the (different) words of each picture; ``keys`` ascending."""
        sizes = np.array([len(some) for some in words], np.int64)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        flat = np.concatenate([*words, np.empty(0, np.int32)]).astype(np.uint16)
        order = np.argsort(flat, kind="stable")
        owners = np.repeat(np.arange(len(keys), dtype=np.int32), sizes)
        offsets = np.concatenate([[0], np.cumsum(np.bincount(flat, minlength=len(vocabulary)))]).astype(np.int64)
        norms = np.array([vocabulary.norm(some) for some in words], np.float32)
        return cls(keys, starts, flat, offsets, owners[order], norms)

    def __len__(self) -> int:
        return len(self.keys)

    def words_of(self, row: int) -> Words:
        """Return the words of one picture."""
        return self.words[self.starts[row] : self.starts[row + 1]].astype(np.int32)

    def search(self, question: FloatArray, count: int) -> tuple[KeyArray, FloatArray]:
        """Return up to ``count`` (keys, scores) of pictures that share words with the question, best first.

        ``question`` as `Vocabulary.question` returns it.
        """
        asked = np.flatnonzero(question)
        lengths = self.offsets[asked + 1] - self.offsets[asked]
        # A word of few pictures has a high idf: reading those first loses what says least.
        order = np.argsort(lengths, kind="stable")
        read = order[: max(1, int(np.searchsorted(np.cumsum(lengths[order]), READ_AT_MOST, "right")))]
        read = read[lengths[read] > 0]
        if not len(read):
            return np.empty(0, np.int64), np.empty(0, np.float32)
        parts = [self.members[self.offsets[word] : self.offsets[word + 1]] for word in asked[read].tolist()]
        weights = np.repeat(question[asked[read]], lengths[read])
        scores = np.bincount(np.concatenate(parts), weights, len(self.keys)) / np.maximum(self.norms, 1e-9)
        count = min(count, int(np.count_nonzero(scores)))
        if not count:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        best = np.argpartition(-scores, count - 1)[:count]
        best = best[np.lexsort((self.keys[best], -scores[best]))]
        return self.keys[best].astype(np.int64), scores[best].astype(np.float32)
