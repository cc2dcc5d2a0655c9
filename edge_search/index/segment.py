"""A segment: one immutable set of vectors on disk, as a graph and as float16 rows in key order."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge_search.fitting.projection import Projection
from edge_search.index.hnsw import Graph, build_graph, open_graph
from edge_search.index.ranking import best
from edge_search.store import features
from edge_search.store.database import Tables
from edge_search.store.durable import atomic_file
from edge_search.store.generations import SegmentFile, SegmentRow
from edge_search.types import FloatArray, KeyArray

__all__ = [
    "Segment",
    "file_problem",
    "hashed_problem",
    "open_segment",
    "segment_keys",
    "segment_problem",
    "segment_size",
    "stamp",
    "stamped",
    "stored_segment",
    "write_segment",
]

_log = logging.getLogger("edge_search")
_GRAPH, _VECTORS, _KEYS = ".usearch", ".vectors.npy", ".keys.npy"
_Stamp: TypeAlias = tuple[int, int, int]
_ROWS_AT_ONCE = 16_384  # float32 working copy of an exact scan: 16 MB at 256 dimensions


class Segment:
    """Mapped read-only. Without a graph (its file was lost) the same answers come from an exact scan."""

    def __init__(
        self,
        keys: KeyArray,
        vectors: NDArray[np.float16],
        graph: Graph | None,
        files: Mapping[Path, _Stamp] | None = None,
    ) -> None:
        self.keys = keys
        self._vectors = vectors
        self._graph = graph
        self._files = dict(files or {})

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def whole(self) -> bool:
        """Whether the graph is there."""
        return self._graph is not None

    @property
    def replaced(self) -> bool:
        """Whether a file it was opened from is not there any more, or is another one by now."""
        return any(stamp(path) != known for path, known in self._files.items())

    def search(self, vector: FloatArray, count: int, *, exact: bool = False) -> tuple[KeyArray, FloatArray]:
        """Return up to ``count`` (keys, cosines from the float16 rows), best first."""
        if self._graph is None or exact or count >= len(self.keys):
            return best(self.keys, self._scan(vector), count)
        found = self._graph.candidates(vector, count)
        return self.score(vector, np.sort(found), count)

    def score(self, vector: FloatArray, keys: KeyArray, count: int) -> tuple[KeyArray, FloatArray]:
        """Return the best ``count`` of those ``keys`` (ascending) that lie in this segment."""
        positions = np.searchsorted(self.keys, keys)
        positions = np.minimum(positions, max(len(self.keys) - 1, 0))
        mine = positions[self.keys[positions] == keys] if len(self.keys) else positions[:0]
        similarity = np.empty(len(mine), dtype=np.float32)
        for start in range(0, len(mine), _ROWS_AT_ONCE):
            part = mine[start : start + _ROWS_AT_ONCE]
            similarity[start : start + len(part)] = self._vectors[part].astype(np.float32) @ vector
        return best(self.keys[mine], similarity, count)

    def rows(self, keys: KeyArray) -> tuple[KeyArray, FloatArray]:
        """Return those ``keys`` (ascending) that lie in this segment, with their vectors as float32."""
        mine = np.flatnonzero(np.isin(self.keys, keys, assume_unique=True))
        return self.keys[mine], self._vectors[mine].astype(np.float32)

    def _scan(self, vector: FloatArray) -> FloatArray:
        similarity = np.empty(len(self.keys), dtype=np.float32)
        for start in range(0, len(self.keys), _ROWS_AT_ONCE):
            part = self._vectors[start : start + _ROWS_AT_ONCE]
            similarity[start : start + len(part)] = part.astype(np.float32) @ vector
        return similarity


def segment_size(count: int, dimension: int) -> int:
    """Return about how many bytes the files of a segment take."""
    # int8 and float16 of each number, the key, and some 260 bytes of graph a vector (16 neighbours, a few twice).
    return 4096 + count * (3 * dimension + 8 + 300)


def write_segment(folder: Path, name: str, keys: KeyArray, vectors: FloatArray) -> SegmentRow:
    """Build and durably write the files of a segment; returns their hashes and stamps.

    Args:
        folder: the home's ``index`` folder.
        name: never used before: a published file is never overwritten.
        keys: int64 (n,), ascending.
        vectors: float32 (n, D), unit length.
    """
    graph = build_graph(keys, vectors)
    rows = vectors.astype("<f2")
    atomic_file(folder / (name + _GRAPH), graph.save, size=graph.length)
    atomic_file(folder / (name + _VECTORS), lambda temp: _save(temp, rows))
    atomic_file(folder / (name + _KEYS), lambda temp: _save(temp, keys.astype("<i8")))
    files = tuple(stamped(folder / (name + suffix)) for suffix in (_GRAPH, _VECTORS, _KEYS))
    return SegmentRow(name, len(keys), int(keys[0]), int(keys[-1]), files)


def open_segment(
    folder: Path, row: SegmentRow, dimension: int, tell: Callable[[str], object] = _log.warning
) -> Segment | None:
    """Map a segment after checking its files.

    A file with the stamp it had when it was hashed is taken as whole; another stamp (copied, restored or
    damaged) means hashing it again. Nothing is opened before: usearch has no checksum of its own. What is wrong
    is handed to ``tell``, in one line.

    Returns:
        The segment; without its graph if only that is damaged; None if its rows are.
    """
    stamps = {folder / file.name: stamp(folder / file.name) for file in row.files}
    problems = {file.name: file_problem(folder, file) for file in row.files}
    wrong = [f"{folder / name}: {problem}" for name, problem in problems.items() if problem]
    if wrong:
        tell(", ".join(wrong))
    sound = {name for name, problem in problems.items() if problem is None}
    if not {row.name + _VECTORS, row.name + _KEYS} <= sound:
        return None
    keys = segment_keys(folder, row)
    vectors = np.load(folder / (row.name + _VECTORS), mmap_mode="r")
    if vectors.shape != (len(keys), dimension):
        tell(f"{row.name} has another shape than its generation")
        return None
    graph = open_graph(folder / (row.name + _GRAPH), dimension) if row.name + _GRAPH in sound else None
    files = {path: found for path, found in stamps.items() if found is not None and path.name in sound}
    return Segment(keys, vectors, graph, files)


def stored_segment(tables: Tables, row: SegmentRow, fingerprint: str, projection: Projection) -> Segment:
    """Make a segment's rows from the store, without a graph: for files that were lost or damaged."""
    pages = features.of_images(tables, fingerprint, after=row.first_key - 1, upto=row.last_key)
    parts = [(keys, projection(rows).astype(np.float16)) for keys, rows in pages]
    if not parts:
        return Segment(np.empty(0, dtype=np.int64), np.empty((0, projection.dimension), dtype=np.float16), None)
    return Segment(np.concatenate([keys for keys, _ in parts]), np.concatenate([rows for _, rows in parts]), None)


def segment_problem(folder: Path, row: SegmentRow) -> str | None:
    """Hash a segment's files whatever their stamps say; return what is wrong with them."""
    problem = hashed_problem(folder, row.files)
    if problem is not None:
        return problem
    keys = segment_keys(folder, row)
    if len(keys) != row.count or (len(keys) and (np.diff(keys) <= 0).any()):
        return f"{row.name} holds other keys than its generation says"
    return None


def hashed_problem(folder: Path, files: Sequence[SegmentFile]) -> str | None:
    """Hash published files whatever their stamps say; return what is wrong with the first that is not as published."""
    for file in files:
        path = folder / file.name
        try:
            if stamped(path).sha256 != file.sha256:
                return f"{path} is damaged"
        except OSError as error:
            return f"{path}: {error.strerror or error}"
    return None


def segment_keys(folder: Path, row: SegmentRow) -> KeyArray:
    """Return the keys of a segment, ascending."""
    keys: KeyArray = np.load(folder / (row.name + _KEYS)).astype(np.int64)
    return keys


def _save(path: Path, array: NDArray[np.generic]) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def file_problem(folder: Path, file: SegmentFile) -> str | None:
    """Return what is wrong with a published file; it is hashed again only when its stamp is another."""
    path = folder / file.name
    if stamp(path) == (file.size, file.mtime_ns, file.inode):
        return None
    try:
        return None if stamped(path).sha256 == file.sha256 else "damaged"
    except OSError as error:
        return error.strerror or str(error)


def stamp(path: Path) -> _Stamp | None:
    """Return size, mtime (ns) and inode of a file, None when it is not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked for each file in each query
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


def stamped(path: Path) -> SegmentFile:
    """Hash a file; return that with its stamp."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        stat = path.stat()
        while block := file.read(2**20):
            digest.update(block)
    return SegmentFile(path.name, digest.hexdigest(), stat.st_size, stat.st_mtime_ns, stat.st_ino)
