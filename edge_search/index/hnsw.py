"""usearch: a graph over int8 vectors. The only module that knows it.

A vector is scaled by its own largest value before it is cut to int8: recall@10 .995 against .975 unscaled, at
the same speed; the cosine doesn't mind the scale.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from usearch.index import Index

from edge_search.errors import NoSpace
from edge_search.types import FloatArray, KeyArray

__all__ = ["Graph", "build_graph", "open_graph", "quantize"]

_log = logging.getLogger("edge_search")

_CONNECTIVITY = 16
_EXPANSION_ADD = 128
_EXPANSION_SEARCH = 128
_SELF_CHECK = 16


class Graph:
    """An HNSW graph, in memory while it is built, mapped read-only afterwards."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def __len__(self) -> int:
        return len(self._index)

    def candidates(self, vector: FloatArray, count: int) -> KeyArray:
        """Return up to ``count`` keys near a unit vector (D,), nearest first by int8 cosine."""
        count = min(count, len(self._index))
        if count == 0:
            return np.empty(0, dtype=np.int64)
        matches = self._index.search(quantize(vector[None])[0], count, threads=1)
        return np.asarray(matches.keys, dtype=np.int64)

    def save(self, path: Path) -> None:
        """Write the graph to ``path`` (not durable, not atomic: the caller's part)."""
        try:
            self._index.save(str(path))
        except RuntimeError as error:
            raise NoSpace(f"{path.parent}: the index can't be written ({error}); free some space") from error

    @property
    def length(self) -> int:
        """Bytes ``save`` must have written."""
        return int(self._index.serialized_length)


def quantize(vectors: FloatArray) -> NDArray[np.int8]:
    """Return vectors (n, D) as int8, each scaled so that its largest value is 127."""
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-12)
    codes: NDArray[np.int8] = np.rint(vectors * (127.0 / largest)).astype(np.int8)
    return codes


def build_graph(keys: KeyArray, vectors: FloatArray) -> Graph:
    """Build a graph of unit vectors (n, D) float32 in which every key can be reached.

    One thread: with two, 5 to 7 of 10,000 vectors could never be found again (USearch issue 735).
    """
    index = _empty(vectors.shape[1], lookups=True)
    codes = quantize(vectors)
    index.add(keys, codes, threads=1)
    for _ in range(3):
        lost = _unreachable(index, keys, codes)
        if not len(lost):
            break
        _log.info("index: %d vectors could not be reached and are added again", len(lost))
        for position in lost:
            index.remove(int(keys[position]))
            index.add(int(keys[position]), codes[position], threads=1)
    return Graph(index)


def open_graph(path: Path, dimension: int) -> Graph:
    """Map a graph file whose hash has been checked: a damaged one can take the process down."""
    # Without key look-ups the process keeps 2 MB instead of 11 MB for 200,000 vectors.
    index = _empty(dimension, lookups=False)
    index.view(str(path))
    # Not kept by the file. The stubs call it read-only; it is not.
    index.expansion_search = _EXPANSION_SEARCH  # type: ignore[misc]
    return Graph(index)


def _empty(dimension: int, *, lookups: bool) -> Index:
    return Index(
        ndim=dimension,
        metric="cos",
        dtype="i8",
        connectivity=_CONNECTIVITY,
        expansion_add=_EXPANSION_ADD,
        expansion_search=_EXPANSION_SEARCH,
        enable_key_lookups=lookups,
    )


def _unreachable(index: Index, keys: KeyArray, codes: NDArray[np.int8]) -> NDArray[np.int64]:
    lost: list[int] = []
    count = min(_SELF_CHECK, len(keys))
    for position, (key, code) in enumerate(zip(keys, codes, strict=True)):
        matches = index.search(code, count, threads=1)
        found = np.asarray(matches.keys, dtype=np.int64)
        # Equal vectors crowd each other out; then the last of the list is as near as the vector itself.
        if key not in found and (len(found) < count or float(matches.distances[-1]) > 1e-6):
            lost.append(position)
    return np.asarray(lost, dtype=np.int64)
