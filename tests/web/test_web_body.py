"""Bodies: whatever shape they come in, they stay in memory, and there is an end to them."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator

import pytest
from fastapi import Request
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from edge_search.web.body import Intake
from edge_search.web.problem import Problem
from tests.web.served import Served

BOUNDARY = "frontier"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, content: bytes, extra: str = "") -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def request(body: bytes, kind: str | None = FORM, *, cut: int = 7) -> Request:
    """Return a request whose body arrives in pieces of ``cut`` bytes."""
    pieces = [body[at : at + cut] for at in range(0, len(body), cut)] or [b""]

    async def receive() -> dict[str, object]:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    headers = [(b"content-type", kind.encode())] if kind is not None else []
    return Request({"type": "http", "method": "POST", "headers": headers, "path": "/"}, receive)


def taken(intake: Intake, asked: Request) -> tuple[list[bytes], dict[str, str]]:
    async def take() -> tuple[list[bytes], dict[str, str]]:
        async with intake.upload(asked) as upload:
            return upload.photos, upload.fields

    try:
        return asyncio.run(take())
    finally:
        assert intake.held == 0


@pytest.fixture
def intake() -> Intake:
    return Intake(limit=100_000, room=1_000_000)


@given(data=st.binary(min_size=1, max_size=3000), cut=st.integers(1, 700))
@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_arrive_as_they_were_sent(data: bytes, cut: int) -> None:
    intake = Intake(limit=100_000, room=1_000_000)
    assert taken(intake, request(data, "image/jpeg", cut=cut))[0] == [data]
    assert taken(intake, request(data, None, cut=cut))[0] == [data]
    if f"--{BOUNDARY}".encode() not in data:
        body = part("image", data, '; filename="../../x"\r\nContent-Type: image/jpeg') + part("title", b"Tea") + END
        assert taken(intake, request(body, cut=cut)) == ([data], {"title": "Tea"})


@given(junk=st.binary(max_size=2000), cut=st.integers(1, 500))
@hypothesis_settings(deadline=None)
def test_junk_as_multipart_is_refused_and_never_breaks(junk: bytes, cut: int) -> None:
    intake = Intake(limit=100_000, room=1_000_000)
    with pytest.raises(Problem) as refused:
        taken(intake, request(junk, cut=cut))
    assert refused.value.status in {400, 422}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (part("image", b"x"), FORM, 400),
        (part("image", b"x") + END, "multipart/form-data", 400),
        (part("image", b"x") + END, "multipart/form-data; boundary=other", 400),
        (part("photo", b"x") + END, FORM, 422),
        (END, FORM, 422),
        (part("image", b"x") * 2 + END, FORM, 422),
        (part("image", b"x") * 40 + END, FORM, 400),
        (part("title", b"x" * 5000) + part("image", b"x") + END, FORM, 400),
        (part("image", b"x", "\r\nX: " + "y" * 9000) + END, FORM, 400),
        (part("image", b"x" * 120_000) + END, FORM, 413),
        (b"x" * 120_000, "image/jpeg", 413),
        (b"", "image/jpeg", 422),
        (b"x", "text/html", 415),
        (b"x", "text/html; boundary=image/", 415),
        (b"x", "", 415),
    ],
)
def test_a_body_that_wont_do_is_refused_with_a_reason(intake: Intake, body: bytes, kind: str, status: int) -> None:
    with pytest.raises(Problem) as refused:
        taken(intake, request(body, kind, cut=1000))
    assert (refused.value.status, bool(refused.value.detail)) == (status, True)


def test_all_bodies_together_have_a_limit_too() -> None:
    intake = Intake(limit=1000, room=1500)

    async def two() -> int:
        async with intake.upload(request(b"x" * 900, "image/jpeg")):
            assert intake.held == 900
            with pytest.raises(Problem) as refused:
                async with intake.upload(request(b"x" * 900, "image/jpeg")):
                    pass
            return refused.value.status

    assert asyncio.run(two()) == 503
    assert intake.held == 0


def test_endless_bodies_leave_room_for_photos_of_the_usual_size() -> None:
    intake = Intake(limit=64 * 2**20, room=8 * 2**20)
    megabyte = b"x" * 2**20

    async def both() -> tuple[int, int]:
        async with intake.upload(request(4 * megabyte, "image/jpeg", cut=2**20)):
            with pytest.raises(Problem) as refused:
                async with intake.upload(request(2 * megabyte, "image/jpeg", cut=2**20)):
                    pass
            async with intake.upload(request(megabyte, "image/jpeg", cut=2**20)) as upload:
                return refused.value.status, len(upload.photos[0])

    assert asyncio.run(both()) == (503, 2**20)
    assert intake.held == 0


class TestOverTheWire:
    @pytest.fixture
    def settings(self) -> dict[str, object]:
        return {"max_photo_mb": 1}

    def test_a_length_that_is_too_large_is_refused_before_the_body(self, served: Served) -> None:
        with socket.create_connection(("127.0.0.1", served.client.base_url.port or 0), timeout=10) as line:
            line.sendall(
                b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
                b"Content-Length: 2000000000\r\n\r\n"
            )
            assert line.recv(4096).startswith(b"HTTP/1.1 413")

    def test_chunks_without_end_are_cut_off(self, served: Served) -> None:
        def endless() -> Iterator[bytes]:
            for _ in range(400):
                yield b"x" * 65536

        import httpx

        try:
            status = served.client.post(
                "/v1/search", content=endless(), headers={"Content-Type": "image/jpeg"}
            ).status_code
        except httpx.TransportError:  # the answer came while we still wrote
            status = 413
        assert status == 413
        assert served.app.state.edge_search.intake.held == 0
        assert served.search(served.bytes(10)).status_code == 200

    @pytest.mark.parametrize("pause_s", [0, 0.01])
    @pytest.mark.parametrize("expect", ["", "Expect: 100-continue\r\n"])
    def test_a_photo_in_pieces_arrives_as_it_was_sent(self, served: Served, pause_s: float, expect: str) -> None:
        """Also the second on the same connection, sent right behind the first."""
        photos = [served.bytes(seed, size=(900, 700), quality=100) for seed in (10, 30)]
        assert min(map(len, photos)) > 30_000
        heads = [
            f"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n{expect}"
            f"Content-Length: {len(photo)}\r\n\r\n".encode()
            for photo in photos
        ]
        stream = b"".join(head + photo for head, photo in zip(heads, photos, strict=True))
        answer = b""
        with socket.create_connection(("127.0.0.1", served.client.base_url.port or 0), timeout=30) as line:
            for at in range(0, len(stream), 7001):
                line.sendall(stream[at : at + 7001])
                time.sleep(pause_s)
            while answer.count(b"query_id") < 2:
                piece = line.recv(65536)
                assert piece, answer
                answer += piece
        alone = [served.search(photo).json()["hits"] for photo in photos]
        assert answer.count(b"HTTP/1.1 200") == 2
        for hits in alone:
            assert json.dumps(hits, separators=(",", ":"), ensure_ascii=False).encode() in answer
        assert alone[0] != alone[1]
        assert served.app.state.edge_search.intake.held == 0

    def test_who_goes_away_leaves_nothing_behind(self, served: Served) -> None:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", served.client.base_url.port or 0), timeout=10) as line:
                line.sendall(
                    b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
                    b"Content-Length: 500000\r\n\r\n" + b"x" * 100_000
                )
        until = time.monotonic() + 10
        while served.app.state.edge_search.intake.held and time.monotonic() < until:
            time.sleep(0.02)
        assert served.app.state.edge_search.intake.held == 0
        assert served.search(served.bytes(10)).status_code == 200
