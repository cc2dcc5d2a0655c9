"""The observer: watchdog's threads for one folder, and whether they still live. The only module that imports it."""

from __future__ import annotations

import errno
import logging
import os
import threading
import warnings
from pathlib import Path
from typing import Any

from watchdog import events
from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
    FileSystemMovedEvent,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from edge_search.catalog.ignored import is_ignored_folder
from edge_search.watch.hints import Hints

__all__ = ["ADVICE", "FolderObserver", "WatchLimit"]

# What it says of lost events is found out here too, and said in our words.
logging.getLogger("watchdog").addHandler(logging.NullHandler())

# Neither opening nor closing without a write: our own reads would be events, each a hint to read again.
_EVENTS: list[type[FileSystemEvent]] = [
    *(FileCreatedEvent, FileModifiedEvent, FileClosedEvent, FileMovedEvent, FileDeletedEvent),
    *(DirCreatedEvent, DirMovedEvent, DirDeletedEvent),
    # Since watchdog 7; before, a file that became readable was one that was modified.
    *([events.FileAttribEvent] if hasattr(events, "FileAttribEvent") else []),
]
ADVICE = (
    "the system's limit of inotify watches is reached, so folders are looked at every now and then instead; raise it: "
    "echo fs.inotify.max_user_watches=1048576 | sudo tee /etc/sysctl.d/60-edge-search.conf && sudo sysctl --system"
)


class WatchLimit(Exception):
    """The system gives no more inotify instances or watches; a state of a source, never shown as an error."""


class FolderObserver:
    """Watches one folder and everything below it, and marks in ``hints`` what happens there."""

    def __init__(self, root: Path, hints: Hints) -> None:
        """Begin to watch.

        Raises:
            WatchLimit: inotify's limits are reached.
            OSError: the folder is not there.
        """
        # A folder moved out and in again is watched twice for a moment: harmless, but printed by default.
        warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning)
        # inotify is told not to follow links, so a root that is one is followed here.
        self._root = os.path.realpath(os.fsencode(root))
        self.handler = _Handler(self._root, hints)
        self._exhausted = threading.Event()
        try:
            self._observer = self._started(hints)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EMFILE, errno.ENFILE):
                raise WatchLimit(ADVICE) from error
            raise
        if self._exhausted.is_set():
            self.stop()
            raise WatchLimit(ADVICE)

    def _started(self, hints: Hints) -> BaseObserver:
        observer = _observer(self._root, hints, self._exhausted)
        try:
            # Both are typed as str by watchdog; bytes work, and names need not be UTF-8.
            observer.schedule(self.handler, self._root, recursive=True, event_filter=_EVENTS)  # type: ignore[arg-type]
            observer.start()
        except BaseException:
            observer.on_thread_stop()
            raise
        return observer

    def problem(self) -> str | None:
        """Return what is wrong with it, None when all its threads live and all folders are watched."""
        if self._exhausted.is_set():
            return ADVICE
        dead = [name for name, thread in self.threads() if not thread.is_alive()]
        return f"the thread that watches ended ({', '.join(dead)})" if dead else None

    @property
    def tells_all(self) -> bool:
        """Whether it says what it lost. watchdog before 7 (Python 3.10) doesn't, and loses some folders that moved."""
        return hasattr(self._observer, "reader")

    @property
    def exhausted(self) -> bool:
        """Whether a folder that came later could not be watched, for inotify's limit was reached."""
        return self._exhausted.is_set()

    def threads(self) -> list[tuple[str, threading.Thread]]:
        """Return watchdog's threads: the one that calls us, those that make events, the one that reads inotify."""
        found: list[tuple[str, threading.Thread]] = [("dispatcher", self._observer)]
        found += [("emitter", emitter) for emitter in self._observer.emitters] or [("emitter", threading.Thread())]
        reader = getattr(self._observer, "reader", None)
        return found if reader is None else [*found, ("reader", reader)]

    def stop(self) -> None:
        """End the threads; does not wait for them."""
        self._observer.stop()


class _Handler(FileSystemEventHandler):
    """Never raises: an exception would end watchdog's thread, and nobody would hear of anything again."""

    def __init__(self, root: bytes, hints: Hints) -> None:
        self._cut = len(root.rstrip(b"/")) + 1
        self._hints = hints
        self.errors = 0

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Mark the paths of an event."""
        try:
            moved = isinstance(event, FileSystemMovedEvent)
            deleted = isinstance(event, FileDeletedEvent | DirDeletedEvent)
            for raw in (event.src_path, event.dest_path) if moved else (event.src_path,):
                path = os.fsencode(raw)[self._cut :]
                if path:
                    self._hints.mark(path, deleted=deleted, folder=event.is_directory)
        except Exception as error:
            self.errors += 1
            self._hints.scan(f"an event could not be understood ({type(error).__name__}: {error})")


def _observer(root: bytes, hints: Hints, exhausted: threading.Event) -> BaseObserver:
    """Return an observer that also tells what watchdog only logs: lost events, and folders it could not watch."""
    try:
        from watchdog.observers.inotify import InotifyEmitter
        from watchdog.observers.inotify_c import InotifyFD
    except ImportError:
        # Older than 7 (Python 3.10), or another system: overflows are guessed from the number of hints.
        hints.limit = min(hints.limit, 2000)
        return Observer()

    class Reader(InotifyFD):
        """watchdog's own reader of inotify events, listened to."""

        def add_callback(self, path: bytes, *rest: Any) -> Any:
            # What is never taken needs no watch: a NAS has an @eaDir in every folder.
            if any(map(is_ignored_folder, path[len(root) :].split(b"/"))):
                raise FileNotFoundError(errno.ENOENT, "ignored")
            try:
                return super().add_callback(path, *rest)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EMFILE):
                    exhausted.set()  # watchdog goes on without a word
                raise

        def handle_event(self, event: Any) -> None:
            if event.is_queue_overflow:
                hints.scan("the kernel lost events")
            super().handle_event(event)

    class Listener(BaseObserver):
        def __init__(self) -> None:
            self.reader = Reader()
            super().__init__(InotifyEmitter, inotify_fd=self.reader)
            self.reader.start()

        def on_thread_stop(self) -> None:
            super().on_thread_stop()
            self.reader.stop()

    return Listener()
