"""The vocabulary: typical descriptors of this catalog. A picture's details become words."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge_search.errors import StoreDamaged
from edge_search.local.points import Descriptors
from edge_search.types import FloatArray

__all__ = ["LARGEST", "Vocabulary", "fit_vocabulary"]

LARGEST = 4096
"""Words, at most."""
_A_WORD = 8  # descriptors for each word, at least: with fewer, words are single details of single pictures
_SAMPLE = 120_000
_ROUNDS = 6
_ROWS = 4096  # descriptors compared at a time: 64 MB with 4,096 words
_QUERY_WORDS = 3

Words = NDArray[np.int32]


@dataclass(frozen=True)
class Vocabulary:
    """``centres`` uint8 (V, 128); ``idf`` float32 (V,), how telling a word is; ``spread``: mean squared distance."""

    centres: Descriptors
    idf: FloatArray
    spread: float

    def __len__(self) -> int:
        return len(self.centres)

    def words(self, descriptors: Descriptors) -> Words:
        """Return the different words of a catalog picture, ascending, int32."""
        return np.unique(self._nearest(descriptors, 1)[0]).astype(np.int32)

    def question(self, descriptors: Descriptors) -> FloatArray:
        """Return how much each word counts in a query, float32 (V,), weighed by idf squared.

        Each detail votes for its three nearest words, less for those farther away (Philbin et al., "Lost in
        Quantization", CVPR 2008); repeated details count by their square root.
        """
        votes = np.zeros(len(self), np.float32)
        if len(descriptors):
            near, distance = self._nearest(descriptors, min(_QUERY_WORDS, len(self)))
            share = np.exp((distance.min(axis=1, keepdims=True) - distance) / max(2 * self.spread, 1e-6))
            votes += np.bincount(near.ravel(), share.ravel(), len(self)).astype(np.float32)
        return np.sqrt(votes) * self.idf**2

    def norm(self, words: Words) -> float:
        """Return the length of a picture's vector of words."""
        return float(np.sqrt((self.idf[words] ** 2).sum()))

    def _nearest(self, descriptors: Descriptors, count: int) -> tuple[NDArray[np.int64], FloatArray]:
        """Return the nearest words and their squared distances, (n, count) each."""
        centres, half = self._compared
        near = np.empty((len(descriptors), count), np.int64)
        distance = np.empty((len(descriptors), count), np.float32)
        for start in range(0, len(descriptors), _ROWS):
            rows = descriptors[start : start + _ROWS].astype(np.float32)
            score = rows @ centres.T - half
            own = (rows**2).sum(axis=1)
            each = np.arange(len(rows))
            for turn in range(count):  # three times the largest takes a fifth of the time of a partition
                best = score.argmax(axis=1)
                near[start : start + len(rows), turn] = best
                distance[start : start + len(rows), turn] = own - 2 * score[each, best]
                score[each, best] = -np.inf
        return near, distance

    @cached_property
    def _compared(self) -> tuple[FloatArray, FloatArray]:
        centres = self.centres.astype(np.float32)
        return centres, (centres**2).sum(axis=1) / 2

    def to_bytes(self) -> bytes:
        """Return it as an ``.npz``."""
        buffer = io.BytesIO()
        np.savez(buffer, centres=self.centres, idf=self.idf, spread=np.float64(self.spread))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Vocabulary:
        """Read what ``to_bytes`` wrote.

        Raises:
            StoreDamaged: the bytes are no vocabulary.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return cls(arrays["centres"], arrays["idf"], float(arrays["spread"]))
        except Exception as error:  # numpy and zipfile raise nearly anything on damaged bytes
            raise StoreDamaged(f"a vocabulary can't be read ({error}); run 'edge-search adapt'") from error


def fit_vocabulary(
    descriptors: Descriptors, *, seed: int = 0, pause: Callable[[], None] = lambda: None
) -> tuple[Descriptors, float]:
    """Return centres (V, 128) of descriptors and their mean squared distance to the nearest.

    Plain k-means (Lloyd) on at most 120,000 of them, from a fixed seed, in steps of bounded memory with ``pause``
    called between: OpenCV's can't be interrupted and compares one by one, ten times slower for 4,096 words.
    """
    rng = np.random.default_rng(seed)
    if len(descriptors) > _SAMPLE:
        descriptors = descriptors[np.sort(rng.choice(len(descriptors), _SAMPLE, replace=False))]
    count = max(1, min(LARGEST, len(descriptors) // _A_WORD))
    start = rng.choice(len(descriptors), count, replace=False)
    centres = descriptors[np.sort(start)].astype(np.float32)
    spread = 0.0
    for _ in range(_ROUNDS):
        sums = np.zeros_like(centres)
        sizes = np.zeros(count, np.int64)
        spread = 0.0
        half = (centres**2).sum(axis=1) / 2
        for at in range(0, len(descriptors), _ROWS):
            pause()
            rows = descriptors[at : at + _ROWS].astype(np.float32)
            score = rows @ centres.T - half
            near = score.argmax(axis=1)
            spread += float(((rows**2).sum(axis=1) - 2 * score[np.arange(len(rows)), near]).sum())
            order = np.argsort(near, kind="stable")
            edges = np.flatnonzero(np.diff(near[order], prepend=-1))
            sums[near[order][edges]] += np.add.reduceat(rows[order], edges, axis=0)
            sizes += np.bincount(near, minlength=count)
        filled = sizes > 0
        centres[filled] = sums[filled] / sizes[filled, None]
        # A word that nothing is nearest to begins again somewhere else.
        empty = np.flatnonzero(~filled)
        if len(empty):
            centres[empty] = descriptors[rng.choice(len(descriptors), len(empty), replace=False)]
    return np.rint(centres).astype(np.uint8), spread / len(descriptors)
