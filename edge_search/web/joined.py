"""Joined writes: the head and the body of an answer leave in one packet."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["Joined"]

_MOST = 64 * 1024  # larger pieces aren't worth a copy


class Joined:
    """A transport's `write`, put off to the end of the event loop's turn; the rest is the transport's own.

    uvicorn writes head and body apart. Each is a call that wakes the client and lets another thread take Python's lock:
    a millisecond more for each answer beside a thread that computes.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        """Whatever isn't about writing."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send ``data`` when the event loop's turn ends, with whatever is written until then."""
        if not data:
            return
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)
        self._size += len(data)
        if self._size > _MOST:
            self._flush()  # its sender is to hear soon that the client is slow

    def get_write_buffer_size(self) -> int:
        """Return bytes that are not sent yet."""
        return self._size + self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Send what waits, then close in order."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once; what waits is lost."""
        self._waiting, self._size = [], 0
        self._transport.abort()

    def _flush(self) -> None:
        waiting, size = self._waiting, self._size
        self._waiting, self._size = [], 0
        if size > _MOST:
            for data in waiting:
                self._transport.write(data)
        elif waiting:
            self._transport.write(b"".join(waiting))
