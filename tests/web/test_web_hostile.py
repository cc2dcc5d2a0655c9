"""Hostile uploads against a server process: refused one by one, and everybody else is answered.

`EDGE_SEARCH_FAULTS=full` sends 10,000; otherwise some hundred.
"""

from __future__ import annotations

import functools
import io
import os
import shutil
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

import edge_search
from edge_search.errors import PhotoError
from edge_search.imaging.decode import decode
from tests.web.process import Process, serve

UPLOADS = 10_000 if os.environ.get("EDGE_SEARCH_FAULTS") == "full" else 300
GOOD_EVERY = 25
GROWTH_BYTES = 50 * 2**20
JPEG = {"Content-Type": "image/jpeg"}
Upload = tuple[str, bytes, dict[str, str]]
Random = np.random.Generator


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("hostile")
    for sku in ("MPD-MUG-FOX", "RDG-TEE-NVY"):
        shutil.copytree(repository / "catalog" / sku, folder / "catalog" / sku)
    with edge_search.open(folder / "home") as box:
        box.index(folder / "catalog")
    with serve(folder / "home") as running:
        yield running


@pytest.fixture(scope="module")
def photo(repository: Path) -> bytes:
    return (repository / "catalog" / "queries" / "MPD-MUG-FOX.jpg").read_bytes()


def seeds(photo: bytes) -> dict[str, bytes]:
    """Return one sound photo of each format, of different modes."""
    image = Image.open(io.BytesIO(photo)).convert("RGB").resize((240, 320))
    found = {"jpeg": photo}
    for kind, mode, more in (
        ("JPEG", "CMYK", {}),
        ("JPEG", "RGB", {"progressive": True}),
        ("PNG", "RGBA", {}),
        ("PNG", "P", {}),
        ("WEBP", "RGB", {}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("GIF", "P", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "L", {"compression": "tiff_deflate"}),
        ("BMP", "RGB", {}),
    ):
        buffer = io.BytesIO()
        image.convert(mode).save(buffer, kind, **more)
        found[f"{kind} {mode} {more}"] = buffer.getvalue()
    return found


def mutated(data: bytes, draw: Random) -> bytes:
    """Return ``data`` with bytes changed, cut out, doubled or put in, most often near its beginning."""
    out = bytearray(data)
    for _ in range(int(draw.integers(1, 12))):
        reach = len(out) if draw.random() < 0.4 else min(len(out), 400)
        at = int(draw.integers(0, max(1, reach)))
        match int(draw.integers(0, 6)):
            case 0:
                out[at : at + 1] = bytes([int(draw.integers(0, 256))])
            case 1:
                out[at : at + 1] = bytes([out[at] ^ (1 << int(draw.integers(0, 8)))]) if at < len(out) else b""
            case 2:
                del out[at : at + int(draw.integers(1, 64))]
            case 3:
                out[at:at] = draw.bytes(int(draw.integers(1, 64)))
            case 4:
                out[at : at + 4] = [b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff"][
                    int(draw.integers(0, 3))
                ]
            case _:
                out[at:at] = out[at : at + int(draw.integers(1, 256))]
    return bytes(out)


def png_of(width: int, height: int, content: bytes, depth: int = 8, colour: int = 2) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def strip(width: int, height: int) -> bytes:
    return png_of(width, height, zlib.compress(b"\0" * (height * (1 + 3 * width)), 9))


def gif_bomb() -> bytes:
    return b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\xf0\0\0" + bytes(6) + b"," + bytes(4) + b"\xff" * 20


@functools.cache
def specials(photo: bytes) -> dict[str, Upload]:
    """Return what is known to hurt."""
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="image"; filename="../../etc/passwd"\r\n\r\n'
    raw = {
        "empty": b"",
        "one byte": b"\xff",
        "html": b"<!doctype html><script>alert(1)</script>",
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "zip": b"PK\x03\x04" + bytes(200),
        "60,000 x 1": strip(60_000, 1),
        "1 x 60,000": strip(1, 60_000),
        "29,000 x 16": strip(29_000, 16),
        "declares 2 gigapixels": png_of(50_000, 40_000, b"x\x9c"),
        "a bomb of 99 megapixels": png_of(9_900, 10_000, zlib.compress(bytes(10_000 * 9_901), 9), colour=0),
        "a bomb of 24 megapixels at 16 bits": png_of(
            4_000, 6_000, zlib.compress(bytes(6_000 * (1 + 8 * 4_000)), 9), depth=16, colour=6
        ),
        "png that says nothing": png_of(64, 64, zlib.compress(b"")),
        "gif bomb": gif_bomb(),
        "text chunk bomb": png_of(64, 64, zlib.compress(bytes(64 * 193))).replace(
            b"IEND", b"zTXt" + zlib.compress(bytes(10**7)), 1
        ),
        "polyglot": photo + b"<script>alert(1)</script>PK\x03\x04" + bytes(50),
        "polyglot the other way": b"<html>" + photo,
        "cut in half": photo[: len(photo) // 2],
        "header only": photo[:200],
        "twice": photo + photo,
        "zeros": bytes(100_000),
        "bmp of minus height": b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 200, 0, 0, 54, 40, 10**6, -(10**6), 1, 24, *[0] * 6),
        "tiff in a circle": b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 256, 3, 1, 100) + b"\x08\0\0\0",
    }  # fmt: skip
    uploads: dict[str, Upload] = {name: ("raw", data, JPEG) for name, data in raw.items()}
    for name, data, headers in (
        ("multipart without end", part + photo, boundary),
        ("multipart of nothing", b"--x--\r\n", boundary),
        ("multipart garbage", np.random.default_rng(5).bytes(3000), boundary),
        ("multipart without boundary", part + photo, {"Content-Type": "multipart/form-data"}),
        ("multipart with a giant header", b"--x\r\nA: " + b"b" * 50_000, boundary),
        ("multipart of many", (part + b"a\r\n") * 500 + b"--x--\r\n", boundary),
        ("multipart, sound", part + photo + b"\r\n--x--\r\n", boundary),
        ("another type", photo, {"Content-Type": "text/html"}),
        ("a type of nonsense", photo, {"Content-Type": "\xe4;;;=,"}),
    ):
        uploads[name] = ("multipart", data, headers)
    return uploads


def uploads(photo: bytes) -> Iterator[tuple[str, Upload]]:
    draw = np.random.default_rng(20_240_229)
    yield from specials(photo).items()
    sound = seeds(photo)
    names = sorted(sound)
    while True:
        name = names[int(draw.integers(0, len(names)))]
        data = sound[name]
        match int(draw.integers(0, 10)):
            case 0:
                yield f"{name}, cut", ("raw", data[: int(draw.integers(0, len(data)))], JPEG)
            case 1:
                other = sound[names[int(draw.integers(0, len(names)))]]
                at = int(draw.integers(0, len(data)))
                yield f"{name}, another inside", ("raw", data[:at] + other + data[at:], JPEG)
            case 2:
                body = b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n' + data + b"\r\n--x--\r\n"
                yield f"{name}, multipart", (
                    "multipart", mutated(body, draw), {"Content-Type": "multipart/form-data; boundary=x"},
                )  # fmt: skip
            case _:
                yield name, ("raw", mutated(data, draw), JPEG)


def decodes(data: bytes) -> bool:
    try:
        decode(data)
    except PhotoError:
        return False
    return True


def memory(process: Process) -> int:
    return int(psutil.Process(process.popen.pid).memory_info().rss)


def test_hostile_uploads_are_refused_one_by_one(process: Process, photo: bytes) -> None:
    started_at = psutil.Process(process.popen.pid).create_time()
    slowest: list[tuple[float, str]] = []
    told: Counter[int] = Counter()
    with httpx.Client(base_url=process.url, timeout=60) as client:

        def ask(content: bytes, headers: dict[str, str]) -> httpx.Response:
            sent = {name: value.encode("latin-1") for name, value in headers.items()}
            return client.post("/v1/search", content=content, headers=sent)  # type: ignore[arg-type]

        def good() -> None:
            answer = ask(photo, JPEG)
            assert answer.status_code == 200, answer.text
            assert answer.json()["hits"][0]["sku"] == "MPD-MUG-FOX"

        for _ in range(10):
            good()
        # Buffers of the network and of the largest photo that is taken belong to a server at work.
        ask(specials(photo)["29,000 x 16"][1], JPEG)
        before = memory(process)
        for number, (name, (kind, data, headers)) in zip(range(UPLOADS), uploads(photo), strict=False):
            started = time.monotonic()
            answer = ask(data, headers)
            slowest = sorted([*slowest, (time.monotonic() - started, name)], reverse=True)[:5]
            told[answer.status_code] += 1
            assert answer.status_code == 200 or 400 <= answer.status_code < 500, f"{number} {name}: {answer.text}"
            if answer.status_code == 200:
                assert answer.json()["timings_ms"]["total"] > 0
            else:
                assert answer.headers["content-type"] == "application/problem+json", name
                assert "Traceback" not in answer.text
                if kind == "raw" and answer.status_code == 422 and "too much time" not in answer.text:
                    assert not decodes(data), f"{number} {name}: refused, but it decodes"
            if number % GOOD_EVERY == 0:
                good()
        good()
        grown = memory(process) - before
    running = psutil.Process(process.popen.pid)
    assert running.is_running()
    assert running.create_time() == started_at
    assert grown <= GROWTH_BYTES, f"the server grew by {grown / 2**20:.0f} MB"
    assert told[200] >= 5
    assert sum(count for status, count in told.items() if 400 <= status < 500) >= UPLOADS // 5
    children = {child.pid: round(child.memory_info().rss / 2**20) for child in running.children()}
    sys.stdout.write(
        f"{UPLOADS} uploads: {dict(sorted(told.items()))}; server grew by {grown / 2**20:.1f} MB; "
        f"decoders {children} MB; "
        f"slowest {[(round(s, 2), name) for s, name in slowest]}\n"
    )


@pytest.mark.parametrize("name", ["60,000 x 1", "a bomb of 99 megapixels", "html", "empty", "gif bomb"])
def test_teaching_refuses_the_same(name: str, process: Process, photo: bytes, tmp_path: Path) -> None:
    token = next(word for line in process.said for word in line.split() if word.startswith("edge_"))
    path = "/v1/products/hostile/images"
    headers = {**JPEG, "Authorization": f"Bearer {token}"}
    answer = httpx.post(f"{process.url}{path}", content=specials(photo)[name][1], headers=headers, timeout=60)
    assert answer.status_code in {201, 413, 415, 422}, answer.text
    if name != "a bomb of 99 megapixels":
        assert answer.status_code != 201
