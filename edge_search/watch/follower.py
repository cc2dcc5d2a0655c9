"""A follower: knows of one source when and where to look; takes nothing in itself."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from edge_search.catalog.folder import list_folder
from edge_search.catalog.ignored import has_photo_name, is_ignored_file, is_ignored_folder
from edge_search.catalog.listing import Listing, printable
from edge_search.catalog.manifest import list_manifest
from edge_search.errors import CatalogError
from edge_search.store.sources import Source
from edge_search.watch.call import Call
from edge_search.watch.clock import Clock
from edge_search.watch.hints import Hints, is_table
from edge_search.watch.marker import SOURCE_MARKER, marker_doubt
from edge_search.watch.observer import FolderObserver, WatchLimit
from edge_search.watch.pace import Pace
from edge_search.watch.probe import Probe, Seen, see
from edge_search.watch.settling import Settling, Stamp

__all__ = ["Follower"]

_log = logging.getLogger("edge_search")

# Every inotify limit that was raised, every share that is local again is noticed after this long.
_OBSERVER_RETRY_S = 60.0
_UNTRUSTED_S = 3.0
# During a pause, or while nothing rests, hints must not take all memory.
_MOST_SETTLING = 20_000


class Follower:
    """Its probe says whether the source is there, its observer gives hints, its pace says when to scan.

    Everything but `Hints.mark` happens in the watcher's own thread.
    """

    def __init__(
        self,
        source: Source,
        clock: Clock,
        pace: Pace,
        *,
        settle_s: float,
        wake: Callable[[], None],
        probe: Callable[[], Seen] | None = None,
        observe: Callable[[Path, Hints], FolderObserver] = FolderObserver,
    ) -> None:
        self.source = source
        self.pace = pace
        self.hints = Hints(wake)
        self.settling = Settling(settle_s)
        self.offline: str | None = None
        self.limited: str | None = None
        self.trusted = False
        """The last look at everything found the folder that was expected; else parts of it are not looked at."""
        self.lost = 0
        self.parts = 0
        """How often a part of it was taken."""
        self.restarts = 0
        self.call: Call[tuple[Listing, str | None]] | None = None
        self.seen: Seen | None = None
        self._clock = clock
        self._settle_s = settle_s
        self._wake = wake
        self._probe = Probe(probe or (lambda: see(source.path, source.kind)), clock)
        self._observe = observe
        self._observer: FolderObserver | None = None
        self._retry_at = 0.0

    @property
    def name(self) -> str:
        """The source's path, printable."""
        return printable(str(self.source.path))

    @property
    def observer(self) -> FolderObserver | None:
        """What watches the folder; None where it is polled."""
        return self._observer

    @property
    def remote(self) -> bool:
        """Whether the source lies on another machine."""
        return self.seen is not None and self.seen.mount.remote

    def check(self) -> None:
        """Look whether the source is there, whether it is the same, and whether its observer lives."""
        seen = self._probe.seen()
        if seen is None:
            return
        before, self.seen = self.seen, seen
        if not seen.there:
            if self.offline is None:
                _log.warning("%s is offline: %s", self.name, seen.detail)
            self.offline = seen.detail or "not there"
            self.rest()
            return
        if self.offline is not None:
            _log.info("%s is back", self.name)
            self.offline = None
            self.scan("it is back")
        elif before is not None and before.there and _identity(before) != _identity(seen):
            self.rest()
            self.scan("another device or folder lies there")
        elif before is not None and before.stamp != seen.stamp and self.source.kind == "manifest":
            self.scan("the manifest changed")
        self.settling.settle_s = seen.mount.settle_s(self._settle_s)
        self._keep_observed()

    def _keep_observed(self) -> None:
        polled = self.source.kind == "manifest" or self.source.rules.poll == "always"
        polled |= self.remote and self.source.rules.poll == "auto"
        if polled:
            self._stop_observer()
        elif self._observer is not None and (problem := self._observer.problem()) is not None:
            exhausted = self._observer.exhausted
            self._stop_observer()
            if exhausted:
                self._limit(problem)
            else:
                self.restarts += 1
                _log.warning("%s: %s; it is started again", self.name, problem)
                self._start_observer("its observer had died")
        elif self._observer is None and self._clock.monotonic() >= self._retry_at:
            self._start_observer("events are listened for from now on" if self.limited else "")
        # Nobody tells of all changes there: look more often.
        often = self.source.kind == "folder" and (self._observer is None or not self._observer.tells_all)
        if often and not self.pace.often:
            self.scan("events may be missing")
        self.pace.often = often

    def _start_observer(self, why: str) -> None:
        self._retry_at = self._clock.monotonic() + _OBSERVER_RETRY_S
        try:
            self._observer = self._observe(self.source.path, self.hints)
        except WatchLimit as error:
            self._limit(str(error))
        except Exception as error:  # it vanished just now, or watchdog is not what it was: scans go on
            _log.warning("%s can't be watched (%s); it is scanned instead", self.name, error)
        else:
            if self.limited:
                _log.info("%s: events are listened for again", self.name)
            self.limited = None
            if why:
                self.scan(why)

    def _limit(self, text: str) -> None:
        if self.limited is None:
            _log.warning("%s: %s", self.name, text)
        self.limited = text

    def absorb(self) -> None:
        """Take over what events said: files begin to settle, folders are looked through for files."""
        now = self._clock.monotonic()
        marked, why = self.hints.take()
        if why is not None:
            self.scan(why)
        for hint in marked:
            if hint.path == SOURCE_MARKER:
                # We write it too; it matters when it goes, or comes back to a folder that was taken for another.
                if hint.deleted or not self.trusted:
                    self.scan(f"{SOURCE_MARKER.decode()} changed")
            elif self.trusted:
                self._settle(hint.path, now, deleted=hint.deleted)
            else:
                # A first look may be past this path already, or a foreign folder may be on its way to become ours.
                self.pace.soon(_UNTRUSTED_S)
        if len(self.settling) > _MOST_SETTLING:
            self.settling.clear()
            self.scan(f"more than {_MOST_SETTLING:,} changes wait")

    def expand(self, folders: Iterable[bytes]) -> None:
        """Begin to settle every photo below some folders, whose names came as hints."""
        now = self._clock.monotonic()
        root = os.fsencode(self.source.path)
        for folder in folders:
            for where, inner, names in os.walk(os.path.join(root, folder)):  # noqa: PTH118 (bytes)
                inner[:] = [name for name in inner if not is_ignored_folder(name)]
                for name in names:
                    if has_photo_name(name) and not is_ignored_file(name):
                        path = os.path.join(where, name)[len(root) + 1 :]  # noqa: PTH118
                        self.settling.add(path, self.stamp(path), now)

    def _settle(self, path: bytes, now: float, *, deleted: bool) -> None:
        full = os.path.join(os.fsencode(self.source.path), path)  # noqa: PTH118
        try:
            status = os.lstat(full)
        except OSError:
            self.settling.add(path, None, now, deleted=deleted)
            return
        if stat.S_ISDIR(status.st_mode):
            self.expand([path])
        else:
            self.settling.add(path, self.stamp(path), now)

    def stamp(self, path: bytes) -> Stamp:
        """Return size, mtime and inode of a file, links followed; None when it is gone."""
        try:
            status = os.stat(os.path.join(os.fsencode(self.source.path), path))  # noqa: PTH116, PTH118
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns, status.st_ino

    def settled(self, most: int) -> list[bytes]:
        """Return up to ``most`` paths that rest now."""
        if self.offline is not None or not self.trusted:
            return []
        return self.settling.settled(self._clock.monotonic(), self.stamp, most)

    def same_root(self) -> bool:
        """Return whether the root is the folder that was probed last: an unmount may be younger than that."""
        try:
            status = self.source.path.stat()
        except OSError:
            return False
        return self.seen is not None and (status.st_dev, status.st_ino) == (self.seen.device, self.seen.inode)

    def scan(self, why: str) -> None:
        """Look at everything as soon as possible."""
        if self.pace.hurry():
            _log.info("%s is looked at: %s", self.name, why)

    def scan_due(self) -> bool:
        """Return whether it is time to look at everything."""
        there = self.seen is not None and self.seen.there
        return there and self.pace.due()

    def list_all(self) -> None:
        """Begin to list everything, in a thread of its own: a mount may hang at any time."""
        source, rest_s = self.source, self.settling.settle_s
        self.pace.begin()

        def work() -> tuple[Listing, str | None]:
            before = _tables(source)
            if source.kind == "manifest":
                found: tuple[Listing, str | None] = list_manifest(source.path), None
            else:
                doubt = marker_doubt(source.path, source.marker)
                found = list_folder(source.path, source.rules), doubt
            if before:
                # A table that is half written lists half of the products: the others would be deleted.
                time.sleep(rest_s)
                if _tables(source) != before:
                    raise CatalogError(f"{printable(str(source.path))}: its table is being written; it is read later")
            return found

        self.call = Call(work, self._clock.monotonic(), self._wake)

    def rest(self) -> None:
        """Stop watching and forget what was to be looked at; a scan brings it back."""
        self._stop_observer()
        self._retry_at = 0.0
        self.settling.clear()
        self.hints.take()
        self.call = None
        self.pace.dropped()
        self.trusted = False

    def next_at(self) -> float | None:
        """Return when there is something to do next."""
        times = [self.settling.next_at() if self.trusted else None, self.pace.next_at]
        return min((time for time in times if time is not None), default=None)

    def _stop_observer(self) -> None:
        observer, self._observer = self._observer, None
        if observer is not None:
            observer.stop()


def _tables(source: Source) -> list[tuple[bytes, int, int, int]]:
    """Return the stamps of the manifest, or of the product tables in a root."""
    if source.kind == "manifest":
        status = source.path.stat()
        return [(b"", status.st_size, status.st_mtime_ns, status.st_ino)]
    with os.scandir(os.fsencode(source.path)) as entries:
        tables = [(entry.name, entry.stat()) for entry in entries if is_table(entry.name) and entry.is_file()]
    return sorted((name, status.st_size, status.st_mtime_ns, status.st_ino) for name, status in tables)


def _identity(seen: Seen) -> tuple[int, int]:
    return seen.device, seen.inode
