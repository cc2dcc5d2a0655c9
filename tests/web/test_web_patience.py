"""Clients that idle, trickle, flood or don't read: dropped, while others are answered."""

from __future__ import annotations

import contextlib
import resource
import selectors
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

import edge_search
from edge_search.web.door import Door
from tests.web.process import Process, serve
from tests.web.served import Served

MANY = 200
DROPPED_WITHIN_S = 30.0  # 15 are promised; the machine of a test may be busy
HEAD = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
FLOOD = b"x" * 65536
Bytes = Callable[[int], bytes]


class Crowd:
    """Connections that all behave the same: what each sends at once, then again and again, and whether it reads."""

    def __init__(self, port: int, first: bytes, then: bytes, every_s: float, *, reads: bool) -> None:
        self._port = port
        self._first, self._then, self._every_s, self._reads = first, then, every_s, reads
        self.lasted: list[float] = []
        self.open = 0

    def run(self, stop: threading.Event) -> None:
        with selectors.DefaultSelector() as ready:
            for _ in range(MANY):
                line = socket.socket()
                if not self._reads:
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                line.settimeout(10)
                line.connect(("127.0.0.1", self._port))
                line.setblocking(False)
                ready.register(line, selectors.EVENT_READ, [time.monotonic(), 0.0, self._first])
            self.open = MANY
            while self.open and not stop.is_set():
                self._turn(ready)
            for key in list(ready.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]

    def _turn(self, ready: selectors.BaseSelector) -> None:
        for key in list(ready.get_map().values()):
            line, state = key.fileobj, key.data
            assert isinstance(line, socket.socket)
            now = time.monotonic()
            try:
                if now >= state[1] and (self._then or state[2]):
                    state[2] = state[2] or self._then
                    with contextlib.suppress(BlockingIOError):
                        state[2] = state[2][line.send(state[2]) :]
                    if not state[2]:
                        state[1] = now + self._every_s
                if self._gone(line):
                    raise ConnectionError
            except OSError:
                self.lasted.append(time.monotonic() - state[0])
                self.open -= 1
                ready.unregister(line)
                line.close()
        time.sleep(0.02)

    def _gone(self, line: socket.socket) -> bool:
        if not self._reads:
            # Only a reset shows: whoever never reads never sees the end.
            return bool(line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        with contextlib.suppress(BlockingIOError):
            while chunk := line.recv(65536):
                del chunk
            return True
        return False


KINDS: dict[str, tuple[bytes, bytes, float, bool]] = {
    "idle": (b"", b"", 1, True),
    "half a request line": (b"GET /heal", b"", 1, True),
    "trickled headers": (HEAD, b"X-More: 1\r\n", 1, True),
    "empty lines": (b"", b"\r\n", 1, True),
    "trickled body": (HEAD + b"Content-Length: 500000\r\n\r\n", b"x" * 100, 1, True),
    "trickled chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"64\r\n" + b"x" * 100 + b"\r\n", 1, True),
    "chunks without end": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + FLOOD + b"\r\n", 0, True),
    "2 GB": (HEAD + b"Content-Length: 2000000000\r\n\r\n", FLOOD, 0, True),
    "2 GB to nowhere": (
        b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000000\r\n\r\n", FLOOD, 0, True,
    ),
    "answers not read": (b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200, b"", 1, False),
}  # fmt: skip

# These cost the server next to nothing but patience, so all of them try it at the same time.
WAITING = ("idle", "half a request line", "trickled headers", "trickled body", "trickled chunks")


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    folder = tmp_path_factory.mktemp("patient")
    for sku in ("MPD-MUG-FOX", "RDG-TEE-NVY"):
        shutil.copytree(repository / "catalog" / sku, folder / "catalog" / sku)
    with edge_search.open(folder / "home") as box:
        box.index(folder / "catalog")
    return folder / "home"


@pytest.fixture(scope="module")
def process(stocked: Path) -> Iterator[Process]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 4 * MANY * len(WAITING) if hard == resource.RLIM_INFINITY else min(hard, 4 * MANY * len(WAITING))
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, files), hard))
    try:
        with serve(stocked, EDGE_SEARCH_MAX_CONNECTIONS="4096") as running:
            yield running
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def photo(repository: Path) -> bytes:
    return (repository / "catalog" / "queries" / "MPD-MUG-FOX.jpg").read_bytes()


@pytest.mark.parametrize(
    "kinds",
    [WAITING, *((kind,) for kind in KINDS if kind not in WAITING)],
    ids=lambda kinds: kinds[0] if len(kinds) == 1 else "waiting",
)
def test_crowds_are_dropped_and_others_are_answered(kinds: tuple[str, ...], process: Process, photo: bytes) -> None:
    headers = {"Content-Type": "image/jpeg"}

    def ask(client: httpx.Client) -> float:
        started = time.monotonic()
        answer = client.post("/v1/search", content=photo, headers=headers)
        assert answer.status_code in {200, 503}, answer.text
        if answer.status_code == 200:
            assert answer.json()["hits"][0]["sku"] == "MPD-MUG-FOX"
        return time.monotonic() - started

    with httpx.Client(base_url=process.url, timeout=60) as client:
        quiet = [ask(client) for _ in range(20)]
        stop = threading.Event()
        crowds = {kind: Crowd(process.port, *KINDS[kind][:3], reads=KINDS[kind][3]) for kind in kinds}
        threads = [threading.Thread(target=crowd.run, args=(stop,)) for crowd in crowds.values()]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        busy = []
        while any(thread.is_alive() for thread in threads) and time.monotonic() - started < DROPPED_WITHIN_S:
            busy.append(ask(client))
            time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join(30)
        assert ask(client) < 30
    assert busy
    p99 = [1e3 * float(np.percentile(values, 99)) for values in (quiet, busy)]
    for kind, crowd in crowds.items():
        assert crowd.open == 0, f"{kind}: {crowd.open} of {MANY} are still connected after {DROPPED_WITHIN_S} s"
        assert len(crowd.lasted) == MANY
        sys.stdout.write(f"{kind}: dropped after {min(crowd.lasted):.1f} to {max(crowd.lasted):.1f} s\n")
    sys.stdout.write(f"p99 of others {p99[0]:.0f} ms before, {p99[1]:.0f} ms meanwhile ({len(busy)} answers)\n")


def test_a_slow_but_steady_photo_is_answered(process: Process, photo: bytes) -> None:
    head = HEAD + f"Content-Length: {len(photo)}\r\nConnection: close\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", process.port), timeout=60) as line:
        line.sendall(head)
        for at in range(0, len(photo), 1 + len(photo) // 7):
            line.sendall(photo[at : at + 1 + len(photo) // 7])
            time.sleep(0.5)
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200")


def test_requests_in_a_row_and_at_once_on_one_connection_are_answered(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), timeout=30) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        time.sleep(6)  # longer than headers may take, shorter than a connection may idle
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk
    assert answer.count(b"HTTP/1.1 200") == 4


def test_the_door_counts_in_all_and_by_address_and_keeps_room_for_this_machine() -> None:
    door = Door(16, 4)
    assert [door.enter("192.0.2.1") for _ in range(5)] == [True] * 4 + [False]
    assert sum(door.enter(f"192.0.2.{n}") for n in range(2, 30)) == 10, "an eighth of 16 is kept"
    assert [door.enter("127.0.0.1") for _ in range(3)] == [True, True, False]
    door.leave("192.0.2.1")
    assert door.enter("::1")
    assert door.open == 16
    assert door.refused == 1 + 18 + 1


class TestFull:
    @pytest.fixture
    def settings(self) -> dict[str, int]:
        return {"max_connections": 16}

    def test_one_too_many_hears_so_and_there_is_room_when_another_ends(self, served: Served) -> None:
        port = int(served.url.rpartition(":")[2])
        with contextlib.ExitStack() as lines:
            others = [lines.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(16)]
            with socket.create_connection(("127.0.0.1", port), timeout=30) as late:
                answer = b""
                while chunk := late.recv(65536):
                    answer += chunk
            assert answer.startswith(b"HTTP/1.1 503")
            assert b"Retry-After" in answer
            others[0].close()
            until = time.monotonic() + 20
            while time.monotonic() < until:
                with contextlib.suppress(httpx.TransportError):
                    if httpx.get(f"{served.url}/healthz").status_code == 200:
                        break
                time.sleep(0.1)
            else:
                raise AssertionError("nobody gets in any more")
