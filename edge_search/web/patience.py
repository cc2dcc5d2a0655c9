"""Patience: how long a connection may idle, speak, and take to read its answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from edge_search.web.door import Door
from edge_search.web.joined import Joined
from edge_search.web.straight import counted_as_body

__all__ = ["KEEP_ALIVE_S", "PatientLoop", "PatientProtocol", "patient"]

KEEP_ALIVE_S = 10
"""Seconds until the next request on a connection."""

_LOOK_EVERY_S = 1.0
_HEAD_S = 5.0  # until the headers are complete
_BODY_S = 12.0  # until the body is, ...
_BODY_RATE = 2**20  # ... longer for one that said itself how long it is: bytes a second
_SLOWEST = 16 * 1024  # bytes a second on average, either way
_SLACK_S = 5.0  # for a stutter, before that rate counts
_DRAIN_S = 3.0  # after an answer that needed no more of the body, for the client to notice
_DRAIN_BYTES = 2**20
# Read before the app has taken what came before; uvicorn's 64 KiB stop a photo at each packet.
_AHEAD_BYTES = 2**20
_READ_S = 8.0  # for each 128 KiB of the answer
# The kernel would take megabytes of answers for each connection that reads none.
_SEND_BYTES = 128 * 1024
_HANDSHAKE_S = 5.0
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Type: application/problem+json\r\nContent-Length: 98\r\n\r\n"
    b'{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"too many connections"}\n'
)


def patient(door: Door) -> Any:
    """Return what `uvicorn.Config` takes as ``http``: makes protocols that share one door."""

    def made(**given: Any) -> PatientProtocol:
        return PatientProtocol(door, **given)

    return made


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, whose own timer knows nothing but idling after an answer.

    Measured without this: idle connections, slow headers and slow bodies were all open after a minute. One look a
    second at each connection costs less than a timer that is set again with every packet.
    """

    def __init__(self, door: Door, **given: Any) -> None:
        super().__init__(**given)
        self._door = door
        self._inside = False
        self._address = ""
        self._next_look: asyncio.TimerHandle | None = None
        self._head_since: float | None = None
        self._request: RequestResponseCycle | None = None
        self._body_since = 0.0
        self._body_bytes = 0
        self._body_until = 0.0
        self._drain_until: float | None = None
        self._drained = 0
        self._reading: tuple[float, int] | None = None
        self._closing_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, or say that there are too many already."""
        super().connection_made(transport)
        self.transport = Joined(transport, self.loop)  # type: ignore[assignment]
        self._address = self.client[0] if self.client else ""
        self._inside = self._door.enter(self._address)
        self._set(socket.SO_SNDBUF, _SEND_BYTES)
        self._head_since = self.loop.time()
        self._next_look = self.loop.call_later(_LOOK_EVERY_S, self._look)
        if not self._inside:
            transport.write(_BUSY)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._next_look is not None:
            self._next_look.cancel()
        if self._inside:
            self._inside = False
            self._door.leave(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a packet, and note what it belongs to."""
        if not self._inside or self.transport.is_closing():
            return
        if counted_as_body(self.conn, data):
            self._take_body(data)
        else:
            super().data_received(data)
        self._body_bytes += len(data)
        if self._drain_until is not None:
            self._drained += len(data)
            if self._drained > _DRAIN_BYTES:
                self._drop()
                return
        self._note(len(data))

    def _take_body(self, data: bytes) -> None:
        """Do what uvicorn does with a piece of the body."""
        if self.conn.our_state is h11.DONE:
            return
        self.cycle.body += data
        if len(self.cycle.body) > _AHEAD_BYTES:
            self.flow.pause_reading()
        self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of a body that nobody needs."""
        draining = self.conn.their_state is h11.SEND_BODY
        self._drain_until = self.loop.time() + _DRAIN_S if draining else None
        self._drained = 0
        super().on_response_complete()
        self._note(0)

    def _note(self, size: int) -> None:
        """Note which part of a request is being waited for now."""
        now = self.loop.time()
        if self._drain_until is not None and self.conn.their_state is not h11.SEND_BODY:
            self._drain_until = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._head_since = None
            if self.cycle is not self._request:
                self._request = self.cycle
                self._body_since = now
                self._body_bytes = size
                self._body_until = now + _BODY_S + _declared(self.headers) / _BODY_RATE
        elif size and self._head_since is None and self._drain_until is None:
            self._head_since = now

    def _look(self) -> None:
        self._next_look = self.loop.call_later(_LOOK_EVERY_S, self._look)
        now = self.loop.time()
        if self._too_slow(now) or self._unread(now):
            self._drop()

    def _drop(self) -> None:
        # Not closed in order: that waits for a client to read what it hasn't read all the time. Without lingering
        # the kernel forgets what is on its way, too, instead of keeping megabytes for minutes.
        self._set(socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _set(self, option: int, value: int | bytes) -> None:
        line = self.transport.get_extra_info("socket")
        if line is not None:
            with contextlib.suppress(OSError):
                line.setsockopt(socket.SOL_SOCKET, option, value)

    def _too_slow(self, now: float) -> bool:
        if self._head_since is not None:
            return now - self._head_since > _HEAD_S
        if self._drain_until is not None:
            return now > self._drain_until
        if self.cycle is None or self.cycle.response_complete or not self.cycle.more_body:
            return False
        if now > self._body_until:
            return True
        spent = now - self._body_since
        # Where we don't read, it isn't the client that is slow.
        return not self.flow.read_paused and spent > _SLACK_S and self._body_bytes < _SLOWEST * spent

    def _unread(self, now: float) -> bool:
        """Return whether the client takes no answer, also while the connection is being closed."""
        if self.transport.is_closing():
            self._closing_since = self._closing_since or now
            if now - self._closing_since > _READ_S:
                return True
        left = self.transport.get_write_buffer_size()
        if not left:
            self._reading = None
        elif self._reading is None or left <= self._reading[1] - _SLOWEST * _READ_S:
            self._reading = (now, left)
        elif left > self._reading[1]:
            self._reading = (self._reading[0], left)
        return self._reading is not None and now - self._reading[0] > _READ_S


class PatientLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop, which gives a TLS handshake a minute unless told otherwise; uvicorn doesn't tell it."""

    async def create_server(self, protocol_factory: Callable[[], Any], *args: Any, **more: Any) -> Any:
        """Listen, with patience for handshakes where there are any."""
        if more.get("ssl"):
            more.setdefault("ssl_handshake_timeout", _HANDSHAKE_S)
        return await super().create_server(protocol_factory, *args, **more)


def _declared(headers: list[tuple[bytes, bytes]]) -> int:
    length = next((value for name, value in headers if name == b"content-length"), b"0")
    return int(length) if length.isdigit() else 0
