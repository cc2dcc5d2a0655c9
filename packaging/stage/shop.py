"""A server of our own, as its own process on a home of its own."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

__all__ = ["ROOT", "Shop", "command"]

ROOT = Path(__file__).resolve().parents[2]
_ADDRESS = re.compile(r"https?://[\w.\[\]:-]+:\d+")
_TOKEN = re.compile(r"edge_[\w-]{20,}")


def command(home: Path, *words: str, settings: Mapping[str, object] | None = None, text: str | None = None) -> str:
    """Run one ``edge-search`` command on ``home`` and return what it printed; raises when it fails."""
    done = subprocess.run(  # noqa: S603 - our own program
        _line(home, *words), env=_environment(settings or {}), input=text, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"edge-search {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Shop:
    """``edge-search serve`` on any free port, until closed. ``token`` is the first one, where this start made it."""

    def __init__(self, home: Path, *, port: int = 0, within: Sequence[str] = (), **settings: object) -> None:
        """Start it; ``within`` is a command that runs it, such as ``unshare``."""
        self.home = home
        self._within = within
        self.settings = settings
        self.token: str | None = None
        self.address = ""
        self.start(port)

    def start(self, port: int = 0) -> None:
        """Start the process; returns when it listens."""
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [*self._within, *_line(self.home, "serve", "--port", str(port))],
            env=_environment(self.settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log: list[str] = []
        said: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(said,), daemon=True)
        self._reader.start()
        try:
            self.address = self._first(said, _ADDRESS)
            self._until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process and wait for it."""
        self._process.terminate()
        self._process.wait(30)
        self._reader.join(10)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.address.rsplit(":", 1)[1])

    def __enter__(self) -> Shop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self, said: queue.Queue[str | None]) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as lines:
            for line in lines:
                self.log.append(line)
                token = _TOKEN.search(line)
                if token is not None:
                    self.token = token.group()
                said.put(line)
        said.put(None)

    def _first(self, said: queue.Queue[str | None], wanted: re.Pattern[str]) -> str:
        while True:
            line = said.get(timeout=60)
            if line is None:
                raise RuntimeError(f"edge-search serve ended: {''.join(self.log)}")
            found = wanted.search(line)
            if found is not None:
                return found.group()

    def _until_ready(self) -> None:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"{self.address}/readyz", timeout=30):  # noqa: S310 - our own server
                    return
            except OSError:
                threading.Event().wait(0.1)
        raise RuntimeError(f"{self.address} never got ready: {''.join(self.log)}")


def _line(home: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "edge_search", "--home", str(home), *words]


def _environment(settings: Mapping[str, object]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EDGE_SEARCH_")}
    given = {f"EDGE_SEARCH_{name.upper()}": str(value) for name, value in settings.items()}
    return {**kept, **given, "PYTHONPATH": str(ROOT)}
