"""What tests of the watcher share: a real one in a thread, a hand-moved clock, and what folder and table hold."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_search.appliance.box import Box
from edge_search.appliance.watcher import Watcher
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.imaging.hashing import content_hash
from edge_search.store.changes import LOCAL
from edge_search.watch.follower import Follower

__all__ = ["HandClock", "Watched", "folder_hashes", "table_hashes", "until", "watched"]


@dataclass
class HandClock:
    """Clocks that stand still until they are moved."""

    now: float = 1000.0
    day: float = 1_900_000_000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.day


@dataclass
class Watched:
    """A watcher at work, its box, and a second box that looks at the same home as another process would."""

    watcher: Watcher
    thread: threading.Thread
    box: Box

    @property
    def follower(self) -> Follower:
        """The only source's follower."""
        (follower,) = self.watcher.followers.values()
        return follower

    @property
    def encoded(self) -> int:
        """Photos that went through the network."""
        runtime = self.watcher.box.encoders.ingest.runtime
        assert isinstance(runtime, CountingRuntime)
        return runtime.count

    def state(self) -> str:
        """The only source's state, as other processes see it."""
        (source,) = self.box.sources.listed()
        return source.state

    def equal(self, folder: Path, timeout_s: float = 60) -> None:
        """Wait until the table holds what the folder does, and stays so."""

        def same() -> bool:
            began = time.monotonic()
            found = table_hashes(self.box) == folder_hashes(folder)
            time.sleep(2 * (time.monotonic() - began))  # hashing a large folder again and again slows the watcher
            return found

        until(same, timeout_s, lambda: _apart(self.box, folder))
        time.sleep(0.3)
        assert table_hashes(self.box) == folder_hashes(folder)


class CountingRuntime:
    """The fake network, counting what goes through it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def run(self, batch: Any) -> Any:
        self.count += len(batch)
        return self._inner.run(batch)


@contextlib.contextmanager
def watched(home: Path, *folders: Path, ready: bool = True, **settings: Any) -> Iterator[Watched]:
    """Watch folders until the block ends; ``ready``: they were looked at before it begins."""
    encoder = FakeEncoder()
    encoder.runtime = CountingRuntime(encoder.runtime)
    # What a fit encodes would be counted as photos of the folder.
    settings = {"adapt": "off", **settings}
    with Box(home, encoder=encoder, **settings) as working, Box(home, encoder=FakeEncoder(), **settings) as looking:
        for folder in folders:
            working.sources.add(folder)
        watcher = Watcher(working)
        failed: list[BaseException] = []

        def run() -> None:
            try:
                watcher.run()
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            if ready:
                until(
                    lambda: (bool(watcher.followers) and all(f.trusted for f in watcher.followers.values())) or failed
                )
            assert not failed, failed
            yield Watched(watcher, thread, looking)
        finally:
            watcher.stop()
            thread.join(10)
        assert not thread.is_alive(), "the watcher didn't stop"
        assert not failed, failed


def until(true: Callable[[], object], timeout_s: float = 20, explain: Callable[[], object] | None = None) -> None:
    """Wait until something is true."""
    ends = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < ends, explain() if explain else "it did not come true in time"
        time.sleep(0.02)


def folder_hashes(folder: Path) -> set[tuple[str, str, str]]:
    """Return (path, SKU, content hash) of every photo of a folder with one folder a SKU."""
    found = set()
    for path in folder.glob("*/**/*"):
        if path.suffix in (".jpg", ".png") and path.is_file() and not path.name.startswith((".", "~")):
            inside = path.relative_to(folder)
            with contextlib.suppress(FileNotFoundError):
                found.add((str(inside), inside.parts[0], content_hash(path.read_bytes())))
    return found


def table_hashes(box: Box) -> set[tuple[str, str, str]]:
    """Return (path, SKU, content hash) of every row that came from a source; fails when one is there twice."""
    with box.database.read() as tables:
        rows = tables.execute("SELECT path, sku, content_hash FROM images WHERE owner != ?", [LOCAL]).fetchall()
    found = [(os.fsdecode(path), sku, digest) for path, sku, digest in rows]
    assert len(found) == len(set(found))
    return set(found)


def _apart(box: Box, folder: Path) -> str:
    table, disk = table_hashes(box), folder_hashes(folder)
    return f"only in the table: {sorted(table - disk)[:5]}, only in the folder: {sorted(disk - table)[:5]}"
