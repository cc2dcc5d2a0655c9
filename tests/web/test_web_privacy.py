"""Query photos never reach the disk, and nothing leaves the box: the kernel's view of a server."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image

import edge_search
from tests.web.process import serve

_CALLS = "trace=write,pwrite64,writev,pwritev,pwritev2,sendfile,splice,copy_file_range,memfd_create"
_LIGHT = ["-f", "-qq", "--seccomp-bpf"]  # without the last, each call of every thread stops for the tracer


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    folder = tmp_path_factory.mktemp("private")
    shutil.copytree(repository / "catalog" / "MPD-MUG-FOX", folder / "catalog" / "MPD-MUG-FOX")
    with edge_search.open(folder / "home") as box:
        box.index(folder / "catalog")
    return folder / "home"


def large_photo(seed: int) -> bytes:
    """Return a JPEG of about 3 MB: over the 1 MiB at which uploads are usually spooled to a file."""
    noise = np.random.default_rng(seed).integers(0, 255, (1800, 1800, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG", quality=92)
    assert 2_500_000 < buffer.tell() < 4_500_000
    return buffer.getvalue()


def strace() -> str:
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed: the kernel's view can't be shown")
    return found


def test_twenty_searches_write_no_byte_of_a_photo_to_any_file(stocked: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    # -xx and a long -s: whole contents in hexadecimal; -y: what each descriptor is.
    before = [strace(), *_LIGHT, "-y", "-xx", "-s", "5000000", "-e", _CALLS, "-o", str(trace)]
    with serve(stocked, before=before, TMPDIR=str(tmp_path / "tmp")) as process:
        (tmp_path / "tmp").mkdir(exist_ok=True)
        for number in range(20):
            photo = large_photo(number)
            if number % 2:
                answer = httpx.post(f"{process.url}/v1/search", files={"image": ("q.jpg", photo)}, timeout=120)
            else:
                headers = {"Content-Type": "image/jpeg"}
                answer = httpx.post(f"{process.url}/v1/search", content=photo, headers=headers, timeout=120)
            assert answer.status_code == 200, answer.text
        os.kill(_child(process.popen.pid), signal.SIGTERM)
        process.popen.wait(60)
    lines = trace.read_text(errors="replace").splitlines()
    if not lines:
        pytest.skip("this machine forbids ptrace: the kernel's view can't be shown")
    written = [line for line in lines if re.search(r"\b(?:p?writev?2?|pwrite64|pwritev2?)\(", line)]
    files = [line for line in written if "<socket:" not in line and "<pipe:" not in line and "anon_inode" not in line]
    assert files, "the journal was written: the trace sees files"
    # Windows of each photo, from its pixels: none of them may be in anything that was written.
    hexed = "".join(files).replace("\\x", "")
    for number in range(20):
        photo = large_photo(number)
        for at in range(2000, len(photo) - 64, 199_999):
            assert photo[at : at + 24].hex() not in hexed
    assert sum(len(line) for line in files) < 20 * 2_500_000, "less than one photo's worth of anything"
    assert list((tmp_path / "tmp").iterdir()) == []


def _child(pid: int) -> int:
    """Return the traced process: strace's child."""
    return int(psutil.Process(pid).children()[0].pid)


def test_a_server_opens_no_connection_and_listens_to_this_machine_only(stocked: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    before = [strace(), *_LIGHT, "-e", "trace=connect,bind,sendto", "-o", str(trace)]
    photo = large_photo(1)
    with serve(stocked, before=before) as process:
        headers = {"Content-Type": "image/jpeg"}
        assert httpx.post(f"{process.url}/v1/search", content=photo, headers=headers, timeout=120).status_code == 200
        for path in ("/", "/docs", "/openapi.json", "/readyz", "/v1/kiosk", "/v1/products"):
            httpx.get(f"{process.url}{path}", timeout=60)
        os.kill(_child(process.popen.pid), signal.SIGTERM)
        process.popen.wait(60)
    lines = trace.read_text(errors="replace").splitlines()
    internet = [line for line in lines if "AF_INET" in line]
    if not internet:
        pytest.skip("this machine forbids ptrace: the kernel's view can't be shown")
    assert all("bind(" in line and "127.0.0.1" in line for line in internet), internet


def test_no_page_names_anything_outside(repository: Path) -> None:
    outside = re.compile(r"""(?:src|href|url\(|@import|fetch\(|from)\s*[=("'\s]*(?:https?:)?//(?!www\.w3\.org/)""")
    pages = [
        path
        for path in (repository / "edge_search" / "web").rglob("*")
        if path.suffix in {".html", ".css", ".js", ".svg", ".json"}
    ]
    assert pages
    assert [path.name for path in pages if outside.search(path.read_text(encoding="utf-8"))] == []
