"""Decoding elsewhere: the same pixels, the same refusals, and a process that may die alone."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

import edge_search
from edge_search.errors import PhotoError, PhotoTooLarge, PhotoUnreadable, PhotoUnsupported
from edge_search.imaging.decode import decode
from edge_search.imaging.limits import DEFAULT_LIMITS, Limits
from edge_search.web.decoder import Decoder
from tests.web.process import serve
from tests.web.served import png


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    with Decoder() as started:
        started.start(1, DEFAULT_LIMITS.max_bytes)
        yield started


def encoded(kind: str, mode: str = "RGB", size: tuple[int, int] = (900, 1400), **more: object) -> bytes:
    bands = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(3).integers(0, 255, (size[1], size[0], bands), dtype=np.uint8)
    image = Image.fromarray(pixels.squeeze()) if bands in {1, 3} else Image.fromarray(pixels, mode)
    buffer = io.BytesIO()
    image.save(buffer, kind, **more)
    return buffer.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded("JPEG", size=(1500, 2900), exif=exif.tobytes())


PHOTOS: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: encoded("JPEG", size=(3000, 2000)),
    "turned": lambda: turned(6),
    "png with alpha": lambda: encoded("PNG", "RGBA"),
    "grey png": lambda: encoded("PNG", "L"),
    "webp": lambda: encoded("WEBP"),
    "gif": lambda: encoded("GIF", "L"),
    "tiff": lambda: encoded("TIFF", compression="tiff_lzw"),
    "bmp": lambda: encoded("BMP"),
    "tiny": lambda: png(16, 16),
    "a strip": lambda: encoded("PNG", size=(20, 9000)),
}


@pytest.mark.parametrize("name", PHOTOS)
def test_pixels_are_the_same_as_decoded_here(name: str, decoder: Decoder) -> None:
    data = PHOTOS[name]()
    here, elsewhere = decode(data), decoder(data, DEFAULT_LIMITS)
    assert elsewhere.mode == "RGB"
    assert np.array_equal(np.asarray(here), np.asarray(elsewhere))
    assert elsewhere.info == here.info
    assert decoder.processes != [os.getpid()]


@pytest.mark.parametrize(
    ("data", "limits", "kind"),
    [
        (b"", DEFAULT_LIMITS, PhotoUnreadable),
        (b"<html>", DEFAULT_LIMITS, PhotoUnsupported),
        (png()[:-30], DEFAULT_LIMITS, PhotoUnreadable),
        (png(8, 8), DEFAULT_LIMITS, PhotoUnreadable),
        (png(100, 100), Limits(max_pixels=5000), PhotoTooLarge),
        (png(100, 100), Limits(max_bytes=50), PhotoTooLarge),
    ],
)
def test_refusals_are_the_same(data: bytes, limits: Limits, kind: type[PhotoError], decoder: Decoder) -> None:
    with pytest.raises(PhotoError) as here:
        decode(data, limits)
    with pytest.raises(PhotoError) as elsewhere:
        decoder(data, limits)
    assert type(elsewhere.value) is type(here.value) is kind
    assert str(elsewhere.value) == str(here.value)
    assert decoder.died == 0


def test_a_process_that_dies_costs_one_photo(decoder: Decoder) -> None:
    decoder(png(), DEFAULT_LIMITS)
    (first,) = decoder.processes
    os.kill(first, signal.SIGSTOP)  # it hangs with the photo ...
    failures: list[Exception] = []

    def ask() -> None:
        try:
            decoder(png(), DEFAULT_LIMITS)
        except PhotoError as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.3)
    assert decoder(png(), DEFAULT_LIMITS).size == (64, 64), "others have a process of their own"
    os.kill(first, signal.SIGKILL)  # ... and dies
    thread.join(30)
    assert [type(error) for error in failures] == [PhotoUnreadable]
    assert "can't be used" in str(failures[0])
    assert decoder.died == 1
    assert first not in decoder.processes
    assert decoder(png(), DEFAULT_LIMITS).size == (64, 64)


def test_a_process_that_hangs_is_ended(decoder: Decoder) -> None:
    decoder(png(), DEFAULT_LIMITS)
    (first,) = decoder.processes
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(PhotoUnreadable, match="too much time"):
        decoder(png(), DEFAULT_LIMITS)
    assert not psutil.pid_exists(first)
    assert decoder(png(), DEFAULT_LIMITS).size == (64, 64)


def endless() -> bytes:
    """Return what takes long: a PNG of 99 megapixels of 16 bits, small in bytes."""
    width, height = 9900, 10000
    row = b"\0" + bytes(8 * width)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 16, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_processor_time_is_limited(decoder: Decoder) -> None:
    data = endless()
    started = time.monotonic()
    with contextlib.suppress(PhotoError):  # a fast machine does it in 2 s
        decoder(data, DEFAULT_LIMITS)
    assert time.monotonic() - started < 30
    assert decoder(png(), DEFAULT_LIMITS).size == (64, 64)


def test_it_has_few_rights(decoder: Decoder) -> None:
    decoder(png(), DEFAULT_LIMITS)
    (pid,) = decoder.processes
    child = psutil.Process(pid)
    assert child.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert child.rlimit(psutil.RLIMIT_NOFILE)[0] <= 16
    assert 0 < child.rlimit(psutil.RLIMIT_AS)[0] < 4 * 2**30
    assert child.open_files() == []
    assert child.net_connections(kind="inet") == []


def test_all_end_with_the_decoder() -> None:
    with Decoder() as decoder:
        decoder.start(2, DEFAULT_LIMITS.max_bytes)
        pids = decoder.processes
        assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert decoder(png(), DEFAULT_LIMITS).size == (64, 64), "decoded here again"


def test_the_server_answers_the_same_with_and_without(tmp_path: Path, repository: Path) -> None:
    for sku in sorted(path for path in (repository / "catalog").iterdir() if path.name[:3].isupper())[:10]:
        shutil.copytree(sku, tmp_path / "catalog" / sku.name)
    with edge_search.open(tmp_path / "home") as box:
        assert box.index(tmp_path / "catalog").images >= 10
    queries = sorted((repository / "catalog" / "queries").glob("*.jpg"))[:8]
    answers = {}
    for isolated in ("true", "false"):
        with serve(tmp_path / "home", EDGE_SEARCH_ISOLATE_DECODING=isolated) as process:
            children = psutil.Process(process.popen.pid).children()
            assert bool(children) == (isolated == "true")
            found = [
                httpx.post(
                    f"{process.url}/v1/search?k=20",
                    content=path.read_bytes(),
                    headers={"Content-Type": "image/jpeg"},
                    timeout=60,
                ).json()["hits"]
                for path in queries
            ]
            answers[isolated] = found
            for child in children:
                child.kill()
            time.sleep(0.5)
            again = httpx.post(
                f"{process.url}/v1/search",
                content=queries[0].read_bytes(),
                headers={"Content-Type": "image/jpeg"},
                timeout=60,
            )
            assert again.status_code == 200, "what ended between two photos costs none"
            children = psutil.Process(process.popen.pid).children()
            process.end(signal.SIGKILL)
            psutil.wait_procs(children, 10)
            assert not any(child.is_running() for child in children), "they never outlive the server"
    assert answers["true"] == answers["false"]
