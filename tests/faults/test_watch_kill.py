"""`kill -9` of the watcher: no acknowledged photo is lost, none is there twice, and it ends equal to the folder."""

from __future__ import annotations

import random
import time
from pathlib import Path

from edge_search.appliance.watcher import Watcher
from tests.faults.driver import Acks, Child, contents, draw, fill, opened, report, run, scaled
from tests.faults.promises import broken
from tests.watch.watched import until, watched

_PHOTOS = scaled(200, 2000)
_KILLS = scaled(20, 100)


def _watch(home: Path, folder: Path) -> None:
    with opened(home, settle_s=0.05) as box:
        box.sources.add(folder)
        Watcher(box).run()


def _looked(home: Path, acks: Path) -> tuple[int, list[str]]:
    """Note what is committed now, as a reader sees it; returns how much that is, and what is broken."""
    with opened(home) as box, Acks(acks) as acked:
        wrong = broken(box, Acks.read(acks))
        known = {name for _, name in Acks.read(acks)}
        found = [path for owner, path, _ in contents(box) if owner]
        for path in found:
            if path not in known:
                acked.put("photo", path)
        return len(found), wrong


def test_killed_again_and_again(tmp_path: Path) -> None:
    home, folder, acks = tmp_path / "home", tmp_path / "shop", tmp_path / "acks"
    fill(folder, range(_PHOTOS))
    chance = random.Random(7)
    steps, more = [], 10_000
    for kill in range(_KILLS):
        child = Child.start(_watch, home, folder)
        time.sleep(chance.uniform(0.05, 1.5))
        if kill % 4 == 3:  # it moves on while it is watched
            fill(folder, range(more, more + 10))
            draw(more + 500_000).save(folder / f"S{kill}" / "photo.png")
            more += 10
            time.sleep(chance.uniform(0, 0.3))
        assert child.kill() is None, "the watcher had ended"
        count, wrong = run(_looked, home, acks)
        assert wrong == []
        steps.append(count)
    assert len(set(steps)) > 3, "every kill came before or after all work"
    with watched(home, folder) as at:
        at.equal(folder, 300)
        assert at.box.upkeep.verify() == []
        assert at.box.search(draw(5), 1).hits[0].sku == "S5"
        until(lambda: at.state() == "online")
    report(f"{_KILLS} kills of the watcher, photos stored after each: {steps}")
