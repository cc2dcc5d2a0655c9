"""How soon a dropped photo is found in a large folder, and what a full-speed ingest costs the searches beside it.

The figures are reported, with the real encoder and real processes; what fails is only far from what is promised.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import edge_search
from edge_search.appliance.box import Box
from edge_search.store import images
from tests.conftest import make_photo
from tests.faults.driver import FULL, draw, fill, report
from tests.watch.watched import until

pytestmark = pytest.mark.skipif(not FULL, reason="figures take minutes: 'make faults' measures them")

_FOLDER = 10_000
_DROPS = 50
_SETTLE_S = 0.5
_INGESTED = 3000
_TURNS = 12
_TURN_S = 2.5


@contextlib.contextmanager
def _watcher(home: Path, *folders: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "edge_search", "--home", str(home), "watch", *map(str, folders)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with (home.parent / "log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, env=environment)
    try:
        yield process
        process.send_signal(signal.SIGCONT)
        process.terminate()
        assert process.wait(60) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _fill_store(box: Box, folder: Path) -> None:
    """Index many photos without waiting for the network: they are there to be many."""
    runtime = box.encoders.ingest.runtime
    real = runtime.run
    size = box.encoders.ingest.dimension

    def quick(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        noise = np.random.default_rng(int(batch.astype(np.int64).sum()))
        return np.abs(noise.normal(size=(len(batch), size))).astype(np.float32)

    runtime.run = quick  # type: ignore[method-assign]
    try:
        box.index(folder)
    finally:
        runtime.run = real  # type: ignore[method-assign]


def _there(box: Box, sku: str, path: Path) -> bool:
    # Searching all the time would take the cores that the watcher needs.
    with box.database.read() as tables:
        return any(os.fsdecode(image.path).endswith(path.name) for image in images.of_sku(tables, sku))


@pytest.mark.parametrize("shape", ["a folder a product", "all in the root"])
def test_drop_into_a_large_folder(shape: str, tmp_path: Path) -> None:
    home, shop = tmp_path / "home", tmp_path / "shop"
    shop.mkdir()
    flat = shape == "all in the root"
    if flat:
        for seed in range(_FOLDER):
            draw(seed).save(shop / f"S{seed}__1.png", compress_level=1)
    else:
        fill(shop, range(_FOLDER))
    with edge_search.open(home, previews=False) as box:
        _fill_store(box, shop)
        with _watcher(home, shop):
            until(lambda: box.status().images >= _FOLDER and box.watching.state().state == "running", 300)
            until(lambda: all(source.state == "online" for source in box.sources.listed()), 300)
            time.sleep(3)
            seconds = []
            for number in range(_DROPS):
                data = make_photo(tmp_path / "photo.jpg", 70_000 + number, size=(640, 480)).read_bytes()
                target = shop / (f"N{number}__1.jpg" if flat else f"S{number}/new.jpg")
                sku = f"N{number}" if flat else f"S{number}"
                target.write_bytes(data)
                dropped = time.perf_counter()
                while not _there(box, sku, target):
                    assert time.perf_counter() - dropped < 120, (home.parent / "log").read_text()
                    time.sleep(0.01)
                hits = box.search(data, 3).hits
                seconds.append(time.perf_counter() - dropped - _SETTLE_S)
                assert (sku, 1.0) in [(hit.sku, round(hit.similarity, 2)) for hit in hits]
    low, high = (float(np.percentile(seconds, q)) for q in (50, 95))
    report(
        f"{_DROPS} photos dropped into {_FOLDER}, {shape}: findable {low * 1e3:.0f} ms (p50), "
        f"{high * 1e3:.0f} ms (p95) after they settled"
    )


def test_searches_beside_a_full_speed_ingest(tmp_path: Path) -> None:
    home, shop, later = tmp_path / "home", tmp_path / "shop", tmp_path / "later"
    fill(shop, range(300))
    for number in range(_INGESTED):
        make_photo(later / f"L{number}" / "1.jpg", 90_000 + number, size=(640, 480))
    photos = [_bytes(seed) for seed in range(20)]
    quiet: list[float] = []
    busy: list[float] = []
    with edge_search.open(home) as box:
        box.index(shop)
        box.search(photos[0])
        with _watcher(home, later) as process:
            until(lambda: box.status().images > 305, 120)
            before = box.status().images
            began = time.monotonic()
            for turn in range(2 * _TURNS):  # in turns, for the machine is not always the same
                process.send_signal(signal.SIGSTOP if turn % 2 else signal.SIGCONT)
                time.sleep(0.2)
                ends = time.monotonic() + _TURN_S
                while time.monotonic() < ends:
                    started = time.perf_counter()
                    box.search(photos[len(quiet) % len(photos)])
                    (quiet if turn % 2 else busy).append(time.perf_counter() - started)
                    time.sleep(0.03)
            taken, spent = box.status().images - before, (time.monotonic() - began) / 2
            left = box.watching.state().backlog
    idle, loaded = (float(np.percentile(each, 95)) * 1e3 for each in (quiet, busy))
    middle = (float(np.percentile(each, 50)) * 1e3 for each in (quiet, busy))
    report(
        f"search p95 {idle:.1f} ms idle, {loaded:.1f} ms beside an ingest of {taken / spent:.0f} photos a second: "
        f"{loaded / idle:.2f} times (p50 {next(middle):.1f} and {next(middle):.1f} ms); {left} photos were left"
    )
    assert taken > 0


def _bytes(seed: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (480, 640, 3), dtype=np.uint8)).save(out, "JPEG")
    return out.getvalue()
