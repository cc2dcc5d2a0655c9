"""Bodies: photos that arrive, raw or multipart, in memory and nowhere else."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from edge_search.web.problem import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

__all__ = ["Intake", "Upload"]

_FIELD_BYTES = 4096  # of a field that is no photo
_HEADER_BYTES = 8192  # of one part
_MOST_PARTS = 32
# Bytes of a photo of the usual size, with and without a Content-Length (which every browser sends).
_USUAL_TOLD, _USUAL_UNTOLD = 16 * 2**20, 2**20
_PHOTO = "image"
_RAW = ("image/", "application/octet-stream")
_HINT = "send the photo as it is with Content-Type: image/jpeg (or its own type), or as multipart field 'image'"


@dataclass(frozen=True)
class Upload:
    """What one request brought: photos (each the bytes of a file), small fields, and how long it took."""

    photos: list[bytes]
    fields: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class Intake:
    """Reads bodies into memory: each at most ``limit`` bytes, all that are held at a time at most ``room``.

    Starlette's own form parser would spool whatever is over 1 MiB to a file; a query photo must never get there.
    """

    def __init__(self, limit: int, room: int) -> None:
        self.limit = limit
        self.room = room
        self.held = 0

    @asynccontextmanager
    async def upload(
        self, request: Request, *, most: int = 1, least: int = 1, photo: str = _PHOTO
    ) -> AsyncIterator[Upload]:
        """Give ``least`` to ``most`` photos of a request's body; they count as held until the block ends.

        Args:
            request: raw (one photo) or multipart (any number in the field named by ``photo``).
            most: photos that are taken.
            least: photos that there must be.
            photo: the multipart field they come in.

        Raises:
            Problem: 400 broken multipart, 413 too large, 415 neither raw nor multipart, 422 no photo or too
                many, 503 too much in memory already.
        """
        held = _Held(self, self.limit * most)
        started = time.perf_counter()
        try:
            kind, options = parse_options_header(request.headers.get("content-type", "application/octet-stream"))
            held.expect(request.headers.get("content-length"))
            if kind == b"multipart/form-data":
                photos, fields = await self._multipart(request, held, options.get(b"boundary", b""), photo)
            elif kind.decode("latin-1").startswith(_RAW):
                data = await self._raw(request, held)
                photos, fields = [data] if data else [], {}
            else:
                raise Problem(415, f"Content-Type {kind.decode('latin-1')[:80]!r} is no photo; {_HINT}")
            if len(photos) < least:
                raise Problem(422, f"there is no photo in the body; {_HINT}")
            if len(photos) > most:
                raise Problem(422, f"{len(photos)} photos are too many; send at most {most}")
            yield Upload(photos, fields, time.perf_counter() - started)
        finally:
            held.release()

    async def small(self, request: Request, limit: int) -> bytes:
        """Return a body of at most ``limit`` bytes.

        Raises:
            Problem: 400 cut short, 413 too large.
        """
        held = _Held(self, limit - _HEADER_BYTES)
        try:
            return await self._raw(request, held)
        finally:
            held.release()

    async def _raw(self, request: Request, held: _Held) -> bytes:
        parts = []  # joined once: a buffer that grows copies megabytes again and again
        async for chunk in _chunks(request):
            held.add(len(chunk))
            parts.append(chunk)
        return b"".join(parts)

    async def _multipart(
        self, request: Request, held: _Held, boundary: bytes, photo: str
    ) -> tuple[list[bytes], dict[str, str]]:
        parts = _Parts(photo)
        try:
            parser = MultipartParser(boundary, parts.callbacks())
            async for chunk in _chunks(request):
                held.add(len(chunk))
                parser.write(chunk)
            parser.finalize()
        except FormParserError as error:
            raise Problem(400, f"the multipart body is broken; {_HINT}") from error
        if not parts.ended:
            raise Problem(400, "the multipart body is cut short; send it again")
        return [bytes(data) for data in parts.photos], parts.fields


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise Problem(400, "the body is cut short; send it again") from None


class _Held:
    """The bytes one request holds."""

    def __init__(self, intake: Intake, limit: int) -> None:
        self._intake = intake
        self._limit = limit
        self._mine = 0
        self._usual = _USUAL_UNTOLD

    def expect(self, length: str | None) -> None:
        """Refuse a body that says itself that it is too large."""
        if length is not None:
            self._usual = _USUAL_TOLD
        if length is not None and length.isdigit() and int(length) > self._limit + _HEADER_BYTES:
            raise self._too_large()

    def add(self, size: int) -> None:
        if self._mine + size > self._limit + _HEADER_BYTES:
            raise self._too_large()
        # The last half of the room is for photos of the usual size: a few endless bodies keep nobody else out.
        room = self._intake.room if self._mine + size <= self._usual else self._intake.room // 2
        if self._intake.held + size > room:
            raise Problem(503, "too many photos arrive at once; try again in a moment", retry_after_s=1)
        self._mine += size
        self._intake.held += size

    def release(self) -> None:
        self._intake.held -= self._mine
        self._mine = 0

    def _too_large(self) -> Problem:
        # The rest of the body is not read: the connection ends with this answer.
        return Problem(413, f"more than {self._limit / 2**20:.3g} MB; send less", headers={"Connection": "close"})


class _Parts:
    """Takes a multipart body's parts from the parser; names of files are not even looked at."""

    def __init__(self, photo: str) -> None:
        self.photos: list[bytearray] = []
        self.fields: dict[str, str] = {}
        self.ended = False
        self._photo = photo
        self._parts = 0
        self._name = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._data = bytearray()
        self._field = ""

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._part_data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise Problem(400, f"more than {_MOST_PARTS} multipart fields; {_HINT}")
        self._headers = {}
        self._data = bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        if len(self._value) + len(self._name) > _HEADER_BYTES:
            raise Problem(400, f"a multipart header is too long; {_HINT}")

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._field != self._photo and len(self._data) + end - start > _FIELD_BYTES:
            raise Problem(400, f"the multipart field {self._field[:40]!r} is too long; {_HINT}")
        self._data += data[start:end]

    def _end(self) -> None:
        if self._field == self._photo:
            self.photos.append(self._data)
        else:
            self.fields[self._field] = self._data.decode("utf-8", "replace")

    def _finish(self) -> None:
        self.ended = True
