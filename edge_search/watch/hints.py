"""Hints: paths that something happened to, handed from watchdog's threads to the watcher."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_search.catalog.ignored import MARKER, has_photo_name, is_ignored_file, is_ignored_folder
from edge_search.watch.marker import SOURCE_MARKER

__all__ = ["Hint", "Hints", "is_table"]

_LIMIT = 10_000


def is_table(path: bytes) -> bool:
    """Return whether a path (relative to the root) is a product table's, whatever its format."""
    return path.lower().startswith(b"products.") and b"/" not in path and not is_ignored_file(path)


@dataclass(frozen=True)
class Hint:
    """One path (relative to the root). ``deleted``: it went, and nothing says that it only moved."""

    path: bytes
    deleted: bool


@dataclass
class Hints:
    """A bounded set of marked paths; more than it holds, or anything odd, asks for a scan instead.

    ``mark`` is called by watchdog's threads, ``take`` by the watcher's; ``wake`` is called when there is news.
    """

    wake: Callable[[], None]
    limit: int = _LIMIT
    _marked: dict[bytes, bool] = field(default_factory=dict)
    _scan: str | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def mark(self, path: bytes, *, deleted: bool = False, folder: bool = False) -> None:
        """Note that something happened to a path; what can't be a photo is left out."""
        *around, name = path.split(b"/")
        if any(map(is_ignored_folder, around)):
            return
        if name == MARKER:
            self.scan(f"{name.decode()} changed")
        elif path == SOURCE_MARKER or is_table(path) or (folder and not is_ignored_folder(name)) or _may_be_photo(name):
            with self._guard:
                if path not in self._marked and len(self._marked) >= self.limit:
                    self._marked.clear()
                    self._scan = f"more than {self.limit:,} changes at once"
                else:
                    self._marked[path] = deleted
            self.wake()

    def scan(self, why: str) -> None:
        """Ask for a look at everything; the first reason stays."""
        with self._guard:
            self._scan = self._scan or why
        self.wake()

    def take(self) -> tuple[list[Hint], str | None]:
        """Return what was marked since the last call, and why a scan is wanted, if one is."""
        with self._guard:
            marked, why = self._marked, self._scan
            self._marked, self._scan = {}, None
        return [Hint(path, deleted) for path, deleted in marked.items()], why


def _may_be_photo(name: bytes) -> bool:
    return has_photo_name(name) and not is_ignored_file(name)
