"""A clock that jumps: nothing is encoded again, nothing is lost, nothing is collected too early."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.store import changes, database, generations, images, products, sources
from tests.faults.driver import Log, draw, fill, opened, top

_DAY = 86_400.0
_JUMPS = {"to 1970": 0.0, "a year ahead": time.time() + 365 * _DAY, "an hour back": time.time() - 3600}


def _freeze(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Stop all clocks that tell the time of day; those that only measure go on."""
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
    for module in (database, changes, generations, images, products, sources):
        monkeypatch.setattr(module, "now", lambda: text)
    monkeypatch.setattr(time, "time", lambda: seconds)


def _touch(folder: Path, seconds: float) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and ".lock" not in path.name:
            os.utime(path, (seconds, seconds))


def _digest(box: Box) -> str:
    return box.status().catalog_digest


@pytest.mark.parametrize("jump", _JUMPS)
@pytest.mark.parametrize("files", ["catalog", "home", "neither"])
def test_jump(jump: str, files: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, home = tmp_path / "catalog", tmp_path / "home"
    fill(catalog, range(40))
    with opened(home) as box:
        box.index(catalog)
        box.add("T50", draw(50), title="taught")
        box.products.set("S3", {"price": 3})
        before, answers = _digest(box), [top(box, seed) for seed in (0, 17, 39, 50)]
    _freeze(monkeypatch, _JUMPS[jump])
    if files == "catalog":
        _touch(catalog, _JUMPS[jump])
    elif files == "home":  # stamps of the index's files, previews, snapshot; SQLite doesn't look at its own
        _touch(home, _JUMPS[jump])
    with Log() as log, opened(home) as box:
        report = box.index(catalog)
        assert (report.encoded, report.added, report.removed, report.images) == (0, 0, 0, 41)
        assert (_digest(box), [top(box, seed) for seed in (0, 17, 39, 50)]) == (before, answers)
        assert box.upkeep.verify() == []
        # Life goes on at the wrong time, and after the clock was set right.
        fill(catalog, range(40, 60))
        assert box.index(catalog).encoded == 20
        box.add("T51", draw(151))
        box.compact()
        wrong = _digest(box)
    monkeypatch.undo()
    with opened(home) as box:
        assert box.index(catalog).encoded == 0
        assert _digest(box) == wrong
        assert top(box, 151)[0] == ("T51", 1.0)
        assert box.upkeep.verify() == []
    assert log.lines == []


def test_snapshot_is_kept_young_whatever_the_clock_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, home = tmp_path / "catalog", tmp_path / "home"
    snapshot = home / "backups" / "catalog.sqlite3"
    fill(catalog, range(5))
    with opened(home) as box:
        box.index(catalog)
        for jump in _JUMPS.values():
            old = snapshot.stat().st_ino, snapshot.stat().st_mtime_ns
            _freeze(monkeypatch, jump)
            box.index(catalog)
            age = jump - old[1] / 1e9
            assert ((snapshot.stat().st_ino, snapshot.stat().st_mtime_ns) == old) == (0 <= age < _DAY)
            monkeypatch.undo()
