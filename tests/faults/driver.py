"""What the fault tests share: how many faults, small photos, and real processes that can be killed."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image

import edge_search
from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.store.changes import LOCAL

__all__ = [
    "FULL",
    "Acks",
    "Child",
    "Log",
    "contents",
    "draw",
    "fill",
    "index_with_acks",
    "opened",
    "report",
    "run",
    "scaled",
    "shown",
    "top",
]

# Read on import: the tests themselves run without the machine's settings.
FULL = os.environ.get("EDGE_SEARCH_FAULTS") == "full"

_PRELOADED = "tests.faults.driver"
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([_PRELOADED])


def scaled(quick: int, full: int) -> int:
    """Return how many faults to try: ``make faults`` asks for all of them, everybody else for a few."""
    return full if FULL else quick


def report(text: str) -> None:
    """Say a figure to whoever runs the suite with ``-s``."""
    sys.stdout.write(f"\n{text}\n")


def draw(seed: int) -> Image.Image:
    """Return a 64 x 64 picture of 16 flat cells; seeds apart give pictures far apart."""
    cells = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(np.kron(cells, np.ones((16, 16, 1), dtype=np.uint8)))


def fill(folder: Path, seeds: Iterable[int]) -> None:
    """Write one photo a SKU: ``<folder>/S<seed>/photo.png``."""
    for seed in seeds:
        path = folder / f"S{seed}" / "photo.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        draw(seed).save(path, compress_level=1)


def opened(home: Path, **settings: Any) -> Box:
    """Open a home on the encoder without a network."""
    return Box(home, encoder=FakeEncoder(), **settings)


def contents(box: Box) -> dict[tuple[int, str, str], int]:
    """Return (owner, path, SKU) of every image in the store, with how often it is there."""
    found: dict[tuple[int, str, str], int] = {}
    with box.database.read() as tables:
        for owner, path, sku in tables.execute("SELECT owner, path, sku FROM images"):
            key = (owner, os.fsdecode(path), sku)
            found[key] = found.get(key, 0) + 1
    return found


def top(box: Box, seed: int, *, k: int = 5) -> list[tuple[str, float]]:
    """Return the SKUs and similarities that a search for the photo of ``seed`` gives."""
    return [(hit.sku, round(hit.similarity, 3)) for hit in box.search(draw(seed), k=k).hits]


def shown(box: Box, sku: str) -> dict[str, Any] | None:
    """Return a product's merged row, None when there is none."""
    return next((row for row in box.products if row["sku"] == sku), None)


class Acks:
    """Lines that a process wrote after a call had returned; they outlive ``kill -9``.

    A line is one ``write`` to the kernel, so none is ever torn or held back in a buffer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def __enter__(self) -> Acks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def put(self, what: str, name: str) -> None:
        """Note that ``name`` was acknowledged."""
        os.write(self._file, f"ack {what} {name}\n".encode())

    @staticmethod
    def read(path: Path) -> list[tuple[str, str]]:
        """Return all (what, name) so far, oldest first."""
        if not path.exists():
            return []
        lines = (line.split(" ", 2) for line in path.read_text().splitlines())
        return [(what, name) for _, what, name in lines]


def index_with_acks(box: Box, folder: Path, acks: Acks) -> int:
    """Index ``folder``, acknowledging each photo once another connection sees it committed; returns ``encoded``."""
    with box.database.read() as tables:
        seen = tables.execute("SELECT coalesce(max(image_id), 0) FROM images").fetchone()[0]

    def committed() -> None:
        nonlocal seen
        with box.database.read() as tables:
            fresh = tables.execute(
                "SELECT image_id, path FROM images WHERE image_id > ? AND owner != ? ORDER BY image_id", [seen, LOCAL]
            ).fetchall()
        for image_id, path in fresh:
            acks.put("photo", os.fsdecode(path))
            seen = image_id

    report = box.index(folder, progress=lambda done, total: committed())
    committed()
    return report.encoded


class Log(logging.Handler):
    """Keeps what edge-search warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(record.getMessage())

    def __enter__(self) -> Log:
        logging.getLogger("edge_search").addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger("edge_search").removeHandler(self)


@dataclass
class Child:
    """A real process that runs one function; forked from a server that has everything imported already."""

    process: ForkServerProcess
    pipe: Connection

    @classmethod
    def start(cls, work: Callable[..., object], *arguments: object) -> Child:
        """Start ``work(*arguments)``, a function of a module; returns when it is about to run."""
        _serve()
        here, there = _context.Pipe()
        process = _context.Process(target=_work, args=(there, work, arguments), daemon=True)
        process.start()
        there.close()
        assert here.recv() is None
        return cls(process, here)

    def kill(self) -> float | None:
        """End it by SIGKILL; returns None, or the seconds its work had taken when it was done before."""
        assert self.process.pid is not None
        # It waits for `end` when its work is done, so this number is no other process's.
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()
        try:
            return _unpacked(self.pipe.recv())[1]
        except (EOFError, ConnectionResetError):
            return None
        finally:
            self._close()

    def wait(self) -> None:
        """Return when its work is done."""
        self.pipe.poll(None)

    def result(self, *, timeout_s: float = 120) -> Any:
        """Wait for the end of its work and return what that returned; fails when it raised or died."""
        if not self.pipe.poll(timeout_s):
            raise AssertionError(f"the process did not end within {timeout_s} s")
        try:
            return _unpacked(self.pipe.recv())[0]
        except EOFError:
            self.process.join()
            raise AssertionError(f"the process died, exit code {self.process.exitcode}") from None

    def end(self, *, timeout_s: float = 120) -> Any:
        """As ``result``, then let the process go."""
        try:
            value = self.result(timeout_s=timeout_s)
            self.pipe.send(None)
            self.process.join()
            assert self.process.exitcode == 0
            return value
        finally:
            if self.process.is_alive():
                self.process.kill()
                self.process.join()
            self._close()

    def _close(self) -> None:
        self.pipe.close()
        self.process.close()


def run(work: Callable[..., object], *arguments: object) -> Any:
    """Run ``work(*arguments)`` in a process of its own and return its result."""
    return Child.start(work, *arguments).end()


def _work(pipe: Connection, work: Callable[..., object], arguments: tuple[object, ...]) -> None:
    pipe.send(None)
    started = time.monotonic()
    error = value = None
    try:
        value = work(*arguments)
    except BaseException:
        error = traceback.format_exc()
    pipe.send((value, time.monotonic() - started, error))
    with contextlib.suppress(EOFError):
        pipe.recv()


def _unpacked(message: tuple[object, float, str | None]) -> tuple[object, float]:
    value, seconds, error = message
    if error is not None:
        raise AssertionError(f"the process failed:\n{error}")
    return value, seconds


def _serve() -> None:
    # The server starts once, as a fresh interpreter: it must find this checkout, not an installed one.
    checkout = [str(Path(__file__).resolve().parents[2]), str(Path(edge_search.__file__).resolve().parents[1])]
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*dict.fromkeys(checkout), *([before] if before else [])])
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
