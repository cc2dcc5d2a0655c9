"""A mount that goes and comes back under a watcher: nothing is deleted, nothing encoded again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.driver import fill, report, scaled
from tests.watch.watched import folder_hashes, table_hashes, until, watched

_AWAY_S = scaled(3, 60)
_PHOTOS = 40


def _unavailable() -> str | None:
    probe = "mount -t tmpfs -o size=64k tmpfs /mnt && umount /mnt"
    try:
        tried = subprocess.run(["unshare", "-rm", "sh", "-c", probe], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unshare is not installed"
    return None if tried.returncode == 0 else f"no file system may be mounted here: {tried.stderr.strip()[:200]}"


_REASON = _unavailable()
pytestmark = pytest.mark.skipif(_REASON is not None, reason=str(_REASON))


def _separate(what: str, folder: Path) -> Any:
    """Run a scene of this file in a mount namespace of its own; returns what it printed."""
    command = ["unshare", "-rm", sys.executable, "-m", "tests.faults.test_watch_mount", what, str(folder)]
    checkout = str(Path(__file__).resolve().parents[2])
    ended = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": checkout}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_mount_goes_and_comes_back(tmp_path: Path) -> None:
    seen = _separate("unmount", tmp_path)
    assert seen["states"] == ["online", "offline", "online"]
    assert seen["images_away"] == _PHOTOS
    assert seen["pictures_away"] == 5
    assert seen["encoded"] == _PHOTOS + 1
    assert seen["noticed_s"] < 10
    report(f"unmounted: offline after {seen['noticed_s']:.1f} s, back {seen['back_s']:.1f} s after the mount")


def test_other_stick_at_the_same_place(tmp_path: Path) -> None:
    assert _separate("other", tmp_path) == {"state": "offline", "images": _PHOTOS, "encoded": _PHOTOS}


def test_few_inotify_watches(tmp_path: Path) -> None:
    if not Path("/proc/sys/user/max_inotify_watches").exists():
        pytest.skip("this kernel has no limit of watches by user namespace")
    seen = _separate("limit", tmp_path)
    assert "max_user_watches" in seen["degraded"]
    assert seen["equal"]


def _mount(point: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(point)], check=True)


def _unmount(folder: Path) -> dict[str, Any]:
    point, kept = folder / "stick", folder / "kept"
    point.mkdir()
    fill(kept, range(_PHOTOS))
    _mount(point)
    subprocess.run(["cp", "-a", f"{kept}/.", str(point)], check=True)
    with watched(folder / "home", point) as at:
        until(lambda: at.follower.source.marker)
        states = [at.state()]
        subprocess.run(["cp", "-a", f"{point}/.", str(kept)], check=True)  # the stick's content, marker and all
        subprocess.run(["umount", str(point)], check=True)
        gone = time.monotonic()
        until(lambda: at.state() == "offline", 60)
        noticed = time.monotonic() - gone
        states.append(at.state())
        time.sleep(_AWAY_S)
        images = at.box.status().images
        answers = at.box.search(kept / "S3" / "photo.png", 5).hits
        pictures = sum(hit.image is not None and Path(hit.image).is_file() for hit in answers)
        _mount(point)
        subprocess.run(["cp", "-r", f"{kept}/.", str(point)], check=True)  # other device, inodes and times
        back = time.monotonic()
        until(lambda: at.state() == "online", 60)
        states.append(at.state())
        came = time.monotonic() - back
        fill(point, [999])
        at.equal(point)
        return {
            "states": states,
            "images_away": images,
            "pictures_away": pictures,
            "encoded": at.encoded,
            "noticed_s": noticed,
            "back_s": came,
        }


def _other(folder: Path) -> dict[str, Any]:
    point = folder / "stick"
    point.mkdir()
    _mount(point)
    fill(point, range(_PHOTOS))
    with watched(folder / "home", point) as at:
        until(lambda: at.follower.source.marker)
        _mount(point)  # over it
        fill(point, range(500, 510))
        until(lambda: at.state() == "offline", 60)
        time.sleep(2)
        return {"state": at.state(), "images": at.box.status().images, "encoded": at.encoded}


def _limit(folder: Path) -> dict[str, Any]:
    shop = folder / "shop"
    fill(shop, range(30))
    Path("/proc/sys/user/max_inotify_watches").write_text("10")
    with watched(folder / "home", shop, poll_seconds=1) as at:
        until(lambda: at.box.status().degraded)
        degraded = " ".join(at.box.status().degraded)
        fill(shop, range(100, 110))
        until(lambda: table_hashes(at.box) == folder_hashes(shop), 60)
        return {"degraded": degraded, "equal": True}


if __name__ == "__main__":
    scene = {"unmount": _unmount, "other": _other, "limit": _limit}[sys.argv[1]]
    sys.stdout.write(json.dumps(scene(Path(sys.argv[2]))) + "\n")
