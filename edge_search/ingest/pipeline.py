"""The pipeline: several photos are read, decoded and encoded at once; results come back in order."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from PIL import Image

from edge_search.encoder.encoder import Encoder
from edge_search.errors import PhotoError, PhotoUnsettled
from edge_search.imaging.decode import decode
from edge_search.imaging.hashing import content_hash
from edge_search.imaging.limits import Limits
from edge_search.ingest.workers import worker_pool
from edge_search.types import FloatArray

__all__ = ["Known", "Outcome", "Pipeline", "Task"]

T = TypeVar("T")

# Photos in the making a worker: enough to keep the others busy while one decodes a large photo, and a bound
# on memory (each holds at most one file and one decoded picture).
_AHEAD_PER_WORKER = 4
_TURN_S = 0.0005


_turns_guard = threading.Lock()
_turns_before: list[float] = []  # one entry for each run that goes on; the first is what was there before all


@contextlib.contextmanager
def _short_turns() -> Iterator[None]:
    """Let threads take the interpreter from each other sooner while photos are taken.

    A worker that comes back from the network waits up to a whole turn for the thread that stores: with turns of
    0.5 instead of 5 ms a sync reached .865 instead of .828 of what decoder and encoder alone could do.
    """
    with _turns_guard:
        _turns_before.append(sys.getswitchinterval())
        sys.setswitchinterval(min(_turns_before[0], _TURN_S))
    try:
        yield
    finally:
        with _turns_guard:
            # Two runs may overlap without one being inside of the other.
            first = _turns_before[0]
            _turns_before.pop()
            if not _turns_before:
                sys.setswitchinterval(first)


class Known(Protocol):
    """Asks what is stored already under a content hash."""

    def __call__(self, digest: str) -> tuple[int, int] | None:
        """Return (width, height) when nothing is left to make for this content, else None.

        (0, 0): nothing but the size, for no image shows it any more (moved out of a folder, and in again).
        """
        ...


@dataclass(frozen=True)
class Task(Generic[T]):
    """One photo to take: ``item`` is the caller's own, ``read`` brings the file's bytes."""

    item: T
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What became of a task: either a ``reason`` it was skipped for, or what there is to store.

    ``feature`` (float32 (D,)) is None when the store has it already. ``again``: the reason may be over soon.
    """

    item: T
    content_hash: str = ""
    width: int = 0
    height: int = 0
    feature: FloatArray | None = None
    reason: str | None = None
    again: bool = False


@dataclass(frozen=True)
class _Made:
    width: int
    height: int
    feature: FloatArray | None


class Pipeline:
    """Reads, hashes, decodes and encodes photos on ``workers`` threads with bounded memory.

    A content hash saves encoding again, never recording: the same bytes under two SKUs give two outcomes.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        known: Known,
        keep: Callable[[str, Image.Image, bytes], None],
        limits: Limits,
        workers: int,
        opener: Callable[[bytes, Limits], Image.Image] = decode,
        hurry: bool = False,
    ) -> None:
        """Make a pipeline.

        Args:
            encoder: safe to call from several threads.
            known: whether a content needs nothing made; called from the workers.
            keep: gets (content hash, decoded picture, file) of each new content, to store a preview.
            limits: byte and pixel limits of a photo.
            workers: threads; one a core is best, each decodes and encodes in turn.
            opener: decodes as `imaging.decode.decode` does.
            hurry: somebody waits for these photos (see `worker_pool`).
        """
        self._encoder = encoder
        self._known = known
        self._keep = keep
        self._limits = limits
        self._workers = max(1, workers)
        self._opener = opener
        self._hurry = hurry
        self._making: dict[str, Future[_Made]] = {}
        self._guard = threading.Lock()
        self.encoded = 0

    def run(self, tasks: Iterable[Task[T]]) -> Generator[Outcome[T], None, None]:
        """Yield one outcome a task, in the tasks' order; a bad photo gives a reason and shifts nothing.

        Raises:
            EdgeSearchError: what concerns all photos (an encoder that fails, a full disk).
        """
        waiting: deque[Future[Outcome[T]]] = deque()
        with _short_turns(), worker_pool(self._workers, "ingest", hurry=self._hurry) as pool:
            try:
                for task in tasks:
                    waiting.append(pool.submit(self._take, task))
                    if len(waiting) >= self._workers * _AHEAD_PER_WORKER:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def _take(self, task: Task[T]) -> Outcome[T]:
        try:
            data = task.read()
            digest = content_hash(data)
            size = self._known(digest)
            if size is None:
                made = self._made_once(digest, data)
            else:
                made = _Made(*(size if any(size) else _size(decode(data, self._limits))), feature=None)
        except PhotoError as error:
            return Outcome(task.item, reason=str(error), again=isinstance(error, PhotoUnsettled))
        return Outcome(task.item, digest, made.width, made.height, made.feature)

    def _made_once(self, digest: str, data: bytes) -> _Made:
        with self._guard:
            future = self._making.get(digest)
            mine = future is None
            if future is None:
                future = self._making[digest] = Future()
        if mine:
            try:
                future.set_result(self._make(digest, data))
            except BaseException as error:
                future.set_exception(error)
                # An error holds on to the frames it came through, and so to the file's bytes.
                self.forget([digest])
        try:
            return future.result()
        finally:
            del future  # an error in it leads back to this frame, which only the garbage collector would end

    def forget(self, digests: Iterable[str]) -> None:
        """Drop what was made for these contents, once they are stored and ``known`` answers for them."""
        with self._guard:
            for digest in digests:
                self._making.pop(digest, None)

    def _make(self, digest: str, data: bytes) -> _Made:
        image = self._opener(data, self._limits)
        feature = self._encoder.encode([image])[0]
        self._keep(digest, image, data)
        with self._guard:
            self.encoded += 1
        return _Made(*_size(image), np.asarray(feature, dtype=np.float32))


def _size(image: Image.Image) -> tuple[int, int]:
    width, height = image.info.get("original_size", image.size)
    return width, height
