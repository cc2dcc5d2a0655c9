"""`kill -9` at random moments: what was acknowledged is there once, and the next run goes on from there."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from edge_search.appliance.box import Box
from edge_search.imaging.hashing import content_hash
from edge_search.maintenance.restore import restore_backup
from edge_search.store import features
from tests.faults.driver import Acks, Child, contents, draw, fill, index_with_acks, opened, run, scaled, top
from tests.faults.promises import broken

_PHOTOS = 200


class _Killer:
    """Kills runs of one operation at moments spread over the time it takes when nobody kills it."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._seconds = 0.0
        self.killed = 0

    def kill(self, work: Callable[..., object], *arguments: object, share: float = 1.0) -> bool:
        """Start the operation, ``share`` of which is to be done, and kill it; returns whether that was in time.

        The first run is never killed in time: it is the one that is measured.
        """
        child = Child.start(work, *arguments)
        if self._seconds:
            time.sleep(self._random.uniform(0, self._seconds * share))
        else:
            child.wait()
        seconds = child.kill()
        if seconds is None:
            self.killed += 1
            return True
        self._seconds = seconds / share
        return False


def _index(home: Path, folder: Path, acks: Path) -> int:
    with opened(home, hold_products=_PHOTOS) as box, Acks(acks) as acked:
        return index_with_acks(box, folder, acked)


def _add(home: Path, acks: Path, first: int) -> None:
    with opened(home) as box, Acks(acks) as acked:
        for seed in range(first, first + 40):
            box.add(f"T{seed}", draw(seed), title=f"taught {seed}")
            acked.put("taught", f"T{seed}")
            box.products.set(f"T{seed}", {"price": seed})
            acked.put("price", f"T{seed}")


def _compact(home: Path) -> None:
    with opened(home) as box:
        for _ in range(4):
            box.compact()


def _repair(home: Path) -> None:
    with opened(home) as box:
        box.upkeep.repair()


def _backup(home: Path, target: Path) -> None:
    with opened(home) as box:
        box.upkeep.backup(target)


def _problems(box: Box, acks: Path, folder: Path | None = None) -> list[str]:
    """Return what is wrong with a home, looked at as a process that opens it anew."""
    return [damage.text for damage in box.upkeep.verify()] + broken(box, Acks.read(acks), folder)


def _checked(home: Path, acks: Path, folder: Path | None = None) -> list[str]:
    with opened(home) as box:
        return _problems(box, acks, folder)


def _rerun(home: Path, folder: Path) -> tuple[int, int, list[str]]:
    """Finish an index; returns (encoded, photos that had no feature before, what is wrong then)."""
    with opened(home) as box:
        with box.database.read() as tables:
            missing = {
                digest
                for digest in (content_hash(path.read_bytes()) for path in folder.rglob("*.png"))
                if not features.have(tables, box.encoders.fingerprint, digest)
            }
        report = box.index(folder, yes=True)
        wrong = _problems(box, folder / "none")
        there = {path for owner, path, _ in contents(box) if owner}
        wrong += [f"{path} is missing" for path in {str(p.relative_to(folder)) for p in folder.rglob("*.png")} ^ there]
        wrong += [f"S{seed} is not found" for seed in _seeds(folder)[-5:] if top(box, seed)[0][0] != f"S{seed}"]
        return report.encoded, len(missing), wrong


def _left(home: Path, folder: Path) -> float:
    """Return which share of a catalog's usual number of photos is not stored yet, at least a tenth."""
    with opened(home) as box:
        there = {path for _, path, _ in contents(box)}
    return max(0.1, len({str(path.relative_to(folder)) for path in folder.rglob("*.png")} - there) / _PHOTOS)


def _seeds(folder: Path) -> list[int]:
    return sorted(int(path.name[1:]) for path in folder.iterdir())


def _change(folder: Path, new: Iterable[int]) -> None:
    """Let a catalog move on: photos come, some are replaced, some go."""
    seeds = _seeds(folder)
    for seed in seeds[: len(seeds) // 2]:
        shutil.rmtree(folder / f"S{seed}")
    for seed in seeds[-10:]:
        draw(seed + 500_000).save(folder / f"S{seed}" / "photo.png")
    fill(folder, new)


def test_index(tmp_path: Path) -> None:
    home, folder, acks = tmp_path / "home", tmp_path / "catalog", tmp_path / "acks"
    fill(folder, range(_PHOTOS))
    killer = _Killer(seed=1)
    starts, new = 0, 1000
    while killer.killed < scaled(16, 80):
        if not killer.kill(_index, home, folder, acks, share=run(_left, home, folder)):
            _change(folder, range(new, new + _PHOTOS // 2))
            new += _PHOTOS
        assert run(_checked, home, acks, folder) == []
        if killer.killed // 8 > starts:  # now and then from nothing: killed while it makes its tables, too
            starts += 1
            encoded, missing, wrong = run(_rerun, home, folder)
            assert (encoded, wrong) == (missing, [])
            shutil.rmtree(home)
            acks.unlink(missing_ok=True)
    _index(home, folder, acks)
    assert run(_checked, home, acks, folder) == []
    for path in home.rglob("*.tmp*"):  # a day later
        os.utime(path, (1, 1))
    run(_compact, home)
    assert list(home.rglob("*.tmp*")) == []


def test_teaching(tmp_path: Path) -> None:
    home, acks = tmp_path / "home", tmp_path / "acks"
    killer = _Killer(seed=2)
    first = 0
    while killer.killed < scaled(6, 30):
        killer.kill(_add, home, acks, first)
        first += 20  # half of them again: teaching the same photo twice is one photo
        assert run(_checked, home, acks) == []


def test_compact(tmp_path: Path) -> None:
    home, folder, acks = tmp_path / "home", tmp_path / "catalog", tmp_path / "acks"
    fill(folder, range(_PHOTOS))
    _index(home, folder, acks)
    answers = run(_answers, home)
    killer = _Killer(seed=3)
    while killer.killed < scaled(6, 30):
        killer.kill(_compact, home)
        assert run(_checked, home, acks, folder) == []
        assert run(_answers, home) == answers
    run(_compact, home)
    used = {file.name for file in (home / "index").iterdir()}
    assert len(used) <= 6, f"files of generations that nobody uses stay: {used}"


def test_repair(tmp_path: Path) -> None:
    home, folder, acks = tmp_path / "home", tmp_path / "catalog", tmp_path / "acks"
    fill(folder, range(_PHOTOS))
    _index(home, folder, acks)
    _damage(home, 0)
    killer = _Killer(seed=4)
    while killer.killed < scaled(6, 30):
        _damage(home, killer.killed)
        killer.kill(_repair, home)
        run(_repair, home)
        assert run(_checked, home, acks, folder) == []


def test_backup(tmp_path: Path) -> None:
    home, folder, acks = tmp_path / "home", tmp_path / "catalog", tmp_path / "acks"
    target = tmp_path / "stick" / "backup.tar"
    target.parent.mkdir()
    fill(folder, range(_PHOTOS))
    _index(home, folder, acks)
    killer = _Killer(seed=5)
    while killer.killed < scaled(6, 30):
        killer.kill(_backup, home, target)
        assert run(_checked, home, acks, folder) == []
    # A killed backup leaves the one before as it was.
    restore_backup(target, tmp_path / "other")
    assert run(_rebuilt, tmp_path / "other") == []


def _answers(home: Path) -> list[list[tuple[str, float]]]:
    with opened(home) as box:
        return [top(box, seed) for seed in range(0, _PHOTOS, 40)]


def _rebuilt(home: Path) -> list[str]:
    with opened(home) as box:
        box.compact()
        return _problems(box, home / "none")


def _damage(home: Path, turn: int) -> None:
    """Hurt a preview, a feature, a product row and a segment."""
    previews = sorted((home / "previews").rglob("*.jpg"))
    previews[turn % len(previews)].write_bytes(b"")
    segments = sorted((home / "index").iterdir())
    segments[turn % len(segments)].unlink()
    with closing(sqlite3.connect(home / "catalog.sqlite3")) as conn, conn:
        rows = conn.execute("SELECT rowid FROM features ORDER BY rowid").fetchall()
        conn.execute("UPDATE features SET crc32 = crc32 + 1 WHERE rowid = ?", rows[turn % len(rows)])
        conn.execute("UPDATE products SET title = 'wrong' WHERE sku = ?", [f"S{turn}"])
