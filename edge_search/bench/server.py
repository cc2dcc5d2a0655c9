"""A server to measure: `edge-search serve` as the process that a shop runs, on a free port."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_search.errors import EdgeSearchError

__all__ = ["Caller", "Reply", "Server", "serving"]

_ANSWERING = re.compile(r"answering at http://[^ ]*:([0-9]+)")
_START_S = 120.0
_END_S = 30.0
_PATIENCE_S = 60.0
_JPEG = {"Content-Type": "image/jpeg"}


@dataclass(frozen=True)
class Server:
    """A process that answers on 127.0.0.1."""

    port: int
    pid: int


@dataclass(frozen=True)
class Reply:
    """What came back, and milliseconds from the first byte sent to the last one read."""

    status: int
    body: bytes
    ms: float

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Caller:
    """One client on one connection that stays open; made anew when the server has ended it."""

    def __init__(self, port: int) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)

    def __enter__(self) -> Caller:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._line.close()

    def get(self, path: str) -> Reply:
        """Ask."""
        return self._asked("GET", path, None, {})

    def search(self, photo: bytes) -> Reply:
        """Search with an encoded photo."""
        return self._asked("POST", "/v1/search", photo, _JPEG)

    def teach(self, sku: str, photo: bytes, token: str) -> Reply:
        """Teach one photo."""
        return self._asked("POST", f"/v1/products/{sku}/images", photo, {**_JPEG, "Authorization": f"Bearer {token}"})

    def _asked(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        started = time.perf_counter()
        try:
            self._line.request(method, path, body, dict(headers))
            answer = self._line.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self._line.close()  # the next one begins anew
            return Reply(0, b"", (time.perf_counter() - started) * 1e3)
        return Reply(answer.status, data, (time.perf_counter() - started) * 1e3)


@contextlib.contextmanager
def serving(home: Path, **settings: object) -> Iterator[Server]:
    """Run ``edge-search serve`` for ``home`` until the block ends, with these settings over its own.

    Raises:
        EdgeSearchError: it doesn't start; with the last that it said.
    """
    given = {f"EDGE_SEARCH_{name}".upper(): str(value) for name, value in settings.items() if value is not None}
    process = subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, "-m", "edge_search", "--home", str(home), "serve", "--host", "127.0.0.1", "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **given, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    listening = threading.Thread(target=_listen, args=(process, lines), daemon=True)
    listening.start()
    try:
        port = _port(lines)
        _until_ready(port)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listening.join(_END_S)


def _listen(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            lines.put(line)
    lines.put(None)


def _port(lines: queue.SimpleQueue[str | None]) -> int:
    until, said = time.monotonic() + _START_S, ""
    with contextlib.suppress(queue.Empty):
        while (line := lines.get(timeout=max(0.1, until - time.monotonic()))) is not None:
            found = _ANSWERING.search(line)
            if found:
                return int(found[1])
            said = line.strip() or said
    raise EdgeSearchError(f"the server to measure doesn't start: {said or 'it says nothing'}")


def _until_ready(port: int) -> None:
    """Wait for the canary: the network is loaded then."""
    until = time.monotonic() + _START_S
    with Caller(port) as caller:
        while caller.get("/readyz").status != 200:
            if time.monotonic() > until:
                raise EdgeSearchError("the server to measure isn't ready; see 'edge-search doctor'")
            time.sleep(0.1)
