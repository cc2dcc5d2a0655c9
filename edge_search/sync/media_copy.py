"""Photos from a medium into a catalog folder: each looked at, and copied whole or not at all."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_search.catalog.listing import printable
from edge_search.errors import PhotoError, PhotoUnreadable, SourceMissing
from edge_search.imaging.decode import MIN_SIDE, decode
from edge_search.imaging.hashing import content_hash
from edge_search.imaging.limits import Limits
from edge_search.imaging.photo import read_photo
from edge_search.store.durable import atomic_file
from edge_search.sync.media_plan import MediaTask

__all__ = ["Looked", "MediaCopy"]

_AHEAD_PER_WORKER = 2


@dataclass(frozen=True)
class Looked:
    """What was found out about a photo, and whether it was copied; ``reason``: why it can't be taken."""

    task: MediaTask
    state: Literal["new", "changed", "unchanged", "unreadable"]
    reason: str = ""
    copied: bool = False


@dataclass(frozen=True)
class MediaCopy:
    """Looks at the photos of one medium, several at once, and copies them when told to.

    ``seen`` tells whether a content was decoded before; ``need_space`` raises when so many bytes don't fit.
    """

    root: Path
    into: Path
    limits: Limits
    workers: int
    seen: Callable[[str], bool]
    need_space: Callable[[int], None]
    copies: bool

    def run(self, tasks: Sequence[MediaTask]) -> Generator[Looked, None, None]:
        """Yield what became of each photo, in order; memory holds a few of them at a time.

        Every photo that isn't there already is decoded whole, coarsely: a JPEG of 12 megapixels takes a tenth of
        what it takes to show it.

        Raises:
            SourceMissing: the medium went away; what was copied is whole, and the rest is copied by the next run.
            NoSpace: the disk is nearly full; the same holds.
        """
        identity = _identity(self.root)
        waiting: deque[Future[Looked]] = deque()
        with ThreadPoolExecutor(max(1, self.workers), thread_name_prefix="media") as pool:
            try:
                for task in tasks:
                    waiting.append(pool.submit(self._look, task))
                    if len(waiting) >= self.workers * _AHEAD_PER_WORKER:
                        yield self._checked(waiting.popleft().result(), identity)
                while waiting:
                    yield self._checked(waiting.popleft().result(), identity)
            finally:
                for future in waiting:
                    future.cancel()

    def _checked(self, looked: Looked, identity: tuple[int, int]) -> Looked:
        # A stick that was pulled out makes every further photo unreadable: that says nothing about the photos.
        if looked.state == "unreadable" and _identity(self.root) != identity:
            raise SourceMissing(
                f"{printable(str(self.root))}: it was taken away in the middle; what was copied is kept, so plug it in "
                "and import again"
            )
        return looked

    def _look(self, task: MediaTask) -> Looked:
        try:
            data = self._read(task)
            digest = content_hash(data)
            state: Literal["new", "changed"] = "new" if task.there is None else "changed"
            target = self.into / task.target
            if task.there == len(data) and self._hash_of(target) == digest:
                return Looked(task, "unchanged")
            if not self.seen(digest):
                decode(data, self.limits, side=MIN_SIDE)
            if self.copies:
                self._write(target, data)
        except PhotoError as error:
            return Looked(task, "unreadable", str(error).removeprefix(f"{printable(self._path(task))}: "))
        return Looked(task, state, copied=self.copies)

    def _path(self, task: MediaTask) -> bytes:
        return os.path.join(os.fsencode(self.root), task.path)  # noqa: PTH118 (paths are bytes, which pathlib doesn't take)

    def _read(self, task: MediaTask) -> bytes:
        path = self._path(task)
        # Whoever prepared the medium must not be able to have other files of this box copied.
        if os.path.realpath(path) != os.path.join(os.path.realpath(os.fsencode(self.root)), task.path):  # noqa: PTH118
            raise PhotoUnreadable("a link; copy the file or folder itself")
        return read_photo(path, self.limits)

    def _hash_of(self, target: Path) -> str:
        try:
            return content_hash(read_photo(target, self.limits))
        except PhotoError:  # what can't be read there is replaced
            return ""

    def _write(self, target: Path, data: bytes) -> None:
        folder = target.parent
        while not folder.exists():
            folder = folder.parent
        if not folder.resolve().is_relative_to(self.into.resolve()):
            raise PhotoUnreadable(
                f"its place {printable(str(target))} leads out of the catalog folder; remove the link"
            )
        self.need_space(len(data))
        atomic_file(target, lambda temp: temp.write_bytes(data), size=len(data))


def _identity(root: Path) -> tuple[int, int]:
    try:
        with os.scandir(root) as entries:
            next(entries, None)
        status = root.stat()
    except OSError:
        return (0, 0)
    return status.st_dev, status.st_ino
