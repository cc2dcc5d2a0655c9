"""A watcher and everything that people and programs do to folders: in the end the table holds what the folder does."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from edge_search.imaging.hashing import content_hash
from edge_search.store import features
from tests.faults.driver import FULL, draw, fill, report, scaled
from tests.watch.watched import Watched, folder_hashes, until, watched

_PHOTOS = scaled(200, 2000)
_BURST = scaled(1000, 20_000)
_PATIENCE_S = 1200 if FULL else 120
_NEVER = 10**6


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    fill(tmp_path / "stick", range(_PHOTOS))
    return tmp_path / "stick"


def _nothing_half(at: Watched, *folders: Path) -> None:
    """Everything that was ever encoded is, or was, a whole file: its hash is that of a file somebody made."""
    whole = {content_hash(path.read_bytes()) for folder in folders for path in folder.rglob("*.png")}
    with at.box.database.read() as tables:
        stored = {row[0] for row in tables.execute("SELECT content_hash FROM features")}
        assert all(features.have(tables, at.box.encoders.fingerprint, digest) for digest in stored)
    assert stored <= whole, "a half-written photo was encoded"


def test_copy_move_rename_replace(tmp_path: Path, stick: Path) -> None:
    shop, outside = tmp_path / "shop", tmp_path / "outside"
    shop.mkdir()
    outside.mkdir()
    with watched(tmp_path / "home", shop, hold_products=_NEVER) as at:
        started = time.monotonic()
        subprocess.run(["cp", "-r", *map(str, stick.iterdir()), str(shop)], check=True)
        at.equal(shop, _PATIENCE_S)
        took = time.monotonic() - started
        assert at.encoded == _PHOTOS
        _nothing_half(at, stick)
        names = sorted(path.name for path in shop.iterdir() if path.is_dir())
        fifth = len(names) // 5
        for name in names[:fifth]:
            shutil.move(shop / name, outside / name)
        for name in names[fifth : 2 * fifth]:
            (shop / name).rename(shop / f"renamed-{name}")
        for name in names[2 * fifth : 3 * fifth]:
            (shop / name / "photo.png").rename(shop / name / "other.png")
        for number, name in enumerate(names[3 * fifth : 4 * fifth]):
            draw(1_000_000 + number).save(tmp_path / "new.png", compress_level=1)
            os.replace(tmp_path / "new.png", shop / name / "photo.png")
        at.equal(shop, _PATIENCE_S)
        for name in names[:fifth]:
            shutil.move(outside / name, shop / name)
        at.equal(shop, _PATIENCE_S)
        assert at.encoded == _PHOTOS + fifth, "a photo that only moved was encoded again"
        assert at.state() == "online"
        report(f"cp -r of {_PHOTOS} photos: equal after {took:.1f} s")


def test_root_deleted_and_made_anew(tmp_path: Path, stick: Path) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(stick, shop)
    with watched(tmp_path / "home", shop) as at:
        until(lambda: at.follower.source.marker)
        shutil.rmtree(shop)
        time.sleep(1)
        shutil.copytree(stick, shop)
        fill(shop, range(5000, 5005))
        at.equal(shop, _PATIENCE_S)
        until(lambda: at.state() == "online")
        assert at.encoded == _PHOTOS + 5


def test_burst_of_small_files(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    draw(0).save(tmp_path / "0.png")
    data = (tmp_path / "0.png").read_bytes()
    shop.mkdir()
    with watched(tmp_path / "home", shop, previews=False) as at:
        # PNG readers stop at the last chunk, so each of these is a photo of its own.
        for number in range(_BURST):
            folder = shop / f"S{number % 50}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number}.png").write_bytes(data + b"%d" % number)
        at.equal(shop, _PATIENCE_S)
        assert len(folder_hashes(shop)) == _BURST


def test_slow_writers(tmp_path: Path, stick: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    photos = sorted(stick.rglob("*.png"))[: scaled(8, 50)]

    def write(source: Path, pause_s: float) -> None:
        data = source.read_bytes()
        target = shop / source.parent.name / "slow.png"
        target.parent.mkdir()
        with target.open("wb", buffering=0) as file:
            for start in range(0, len(data), len(data) // 4 + 1):
                file.write(data[start : start + len(data) // 4 + 1])
                time.sleep(pause_s)

    with watched(tmp_path / "home", shop) as at:
        # Some rest shorter than the settle time between two pieces, some longer: those are found to be cut.
        writers = [
            threading.Thread(target=write, args=(photo, 0.2 if number % 2 else 0.9))
            for number, photo in enumerate(photos)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        at.equal(shop, _PATIENCE_S)
        _nothing_half(at, stick)
        assert at.encoded == len(photos)
        assert at.box.status().skipped == ()


def test_programs_that_write_beside_and_rename(tmp_path: Path, stick: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    with watched(tmp_path / "home", shop) as at:
        for number, photo in enumerate(sorted(stick.rglob("*.png"))[:20]):
            folder = shop / photo.parent.name
            folder.mkdir()
            between = [".photo.png.Xy12Zb", ".syncthing.photo.png.tmp", "photo.png.part", "~syncthing~photo.png.tmp"]
            temp = folder / between[number % 4]
            temp.write_bytes(photo.read_bytes())
            temp.rename(folder / "photo.png")
        at.equal(shop, _PATIENCE_S)
        assert at.encoded == 20
