"""The crowd: connections that misuse a server, in a process of their own so that they don't slow who measures.

Run as ``python -m edge_search.bench.crowd PORT COUNT``; prints how long each connection lasted, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from edge_search.errors import EdgeSearchError

__all__ = ["KINDS", "Crowd", "crowd"]

_HEAD = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
_BLOCK = b"x" * 65536
_GIVE_UP_S = 60.0
_LOOK_EVERY_S = 0.02

KINDS: dict[str, tuple[bytes, bytes, float]] = {
    "idle": (b"", b"", 1),
    "trickled headers": (_HEAD, b"X-More: 1\r\n", 1),
    "trickled body": (_HEAD + b"Content-Length: 500000\r\n\r\n", b"x" * 100, 1),
    "a body of 2 GB": (_HEAD + b"Content-Length: 2000000000\r\n\r\n", _BLOCK, 0),
    "chunks without end": (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + _BLOCK + b"\r\n", 0),
}
"""What each kind sends first, then again and again, and after how many seconds."""


@dataclass
class _Line:
    kind: str
    began: float
    left: bytes
    next_at: float = 0.0


class Crowd:
    """A crowd under way in another process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def there(self) -> bool:
        """Whether any of them is still connected."""
        return self._process.poll() is None

    def lasted(self) -> dict[str, list[float]]:
        """Return for each kind how many seconds each connection lasted; waits for the last.

        Raises:
            EdgeSearchError: the process failed.
        """
        out, _ = self._process.communicate(timeout=2 * _GIVE_UP_S)
        if self._process.returncode:
            raise EdgeSearchError(f"the crowd ended with {self._process.returncode}; are there enough open files?")
        found: dict[str, list[float]] = json.loads(out)
        return found


@contextlib.contextmanager
def crowd(port: int, count: int) -> Iterator[Crowd]:
    """Let ``count`` connections, of all kinds alike, misuse the server at ``port``; they end with the block."""
    process = subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, "-m", "edge_search.bench.crowd", str(port), str(count)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        yield Crowd(process)
    finally:
        process.kill()
        process.communicate()


def _run(port: int, count: int) -> dict[str, list[float]]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count + 64:
        wanted = count + 64 if hard == resource.RLIM_INFINITY else min(hard, count + 64)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    lasted: dict[str, list[float]] = {kind: [] for kind in KINDS}
    names = list(KINDS)
    with selectors.DefaultSelector() as lines:
        for number in range(count):
            kind = names[number % len(names)]
            line = socket.create_connection(("127.0.0.1", port), timeout=10)
            line.setblocking(False)
            lines.register(line, selectors.EVENT_READ, _Line(kind, time.monotonic(), KINDS[kind][0]))
        while lines.get_map():
            for key in list(lines.get_map().values()):
                assert isinstance(key.fileobj, socket.socket)
                age = time.monotonic() - key.data.began
                if _sent(key.fileobj, key.data) and age < _GIVE_UP_S:
                    continue
                lasted[key.data.kind].append(round(age, 2))
                lines.unregister(key.fileobj)
                key.fileobj.close()
            time.sleep(_LOOK_EVERY_S)
    return lasted


def _sent(line: socket.socket, state: _Line) -> bool:
    """Send what is due; return whether the connection is still there."""
    _, then, every_s = KINDS[state.kind]
    try:
        now = time.monotonic()
        if now >= state.next_at and (then or state.left):
            state.left = state.left or then
            with contextlib.suppress(BlockingIOError):
                state.left = state.left[line.send(state.left) :]
            if not state.left:
                state.next_at = now + every_s
        with contextlib.suppress(BlockingIOError):
            while line.recv(65536):
                pass
            return False
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_run(int(sys.argv[1]), int(sys.argv[2]))))
