"""Joined writes: nothing lost, nothing turned round, and as few packets as can be."""

from __future__ import annotations

import asyncio
import socket

from edge_search.web.joined import Joined
from tests.web.served import Served


class Recorded:
    """What a transport was told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.told.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 5

    def close(self) -> None:
        self.told.append("close")

    def abort(self) -> None:
        self.told.append("abort")

    def is_closing(self) -> bool:
        return "close" in self.told


def recorded(*steps: object) -> list[bytes | str]:
    """Do the steps (bytes are written, None ends the loop's turn, names are called); return what came through."""
    transport = Recorded()

    async def run() -> None:
        line = Joined(transport, asyncio.get_running_loop())  # type: ignore[arg-type]
        for step in steps:
            if isinstance(step, bytes):
                line.write(step)
            elif step is None:
                await asyncio.sleep(0)
            else:
                getattr(line, str(step))()
        await asyncio.sleep(0)

    asyncio.run(run())
    return transport.told


def test_what_is_written_in_one_turn_leaves_at_once() -> None:
    assert recorded(b"head", b"", b"body", None, b"next") == [b"headbody", b"next"]


def test_closing_sends_what_waits_and_aborting_doesnt() -> None:
    assert recorded(b"head", b"body", "close") == [b"headbody", "close"]
    assert recorded(b"head", "abort") == ["abort"]


def test_large_pieces_go_on_at_once_and_in_order() -> None:
    large = bytes(100_000)
    assert recorded(b"head", large, b"tail") == [b"head", large, b"tail"]


def test_what_waits_counts_as_not_sent() -> None:
    async def run() -> list[int]:
        line = Joined(Recorded(), asyncio.get_running_loop())  # type: ignore[arg-type]
        line.write(b"1234")
        sizes = [line.get_write_buffer_size()]
        await asyncio.sleep(0)
        return [*sizes, line.get_write_buffer_size()]

    assert asyncio.run(run()) == [9, 5]


def test_an_answer_comes_in_one_packet(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])), timeout=30) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        first = line.recv(65536)
    assert first.endswith(b'{"status":"ok"}')
