"""`kill -9` while the encoder is switched: answers stay right, nothing is lost, and the next run ends it."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.faults.driver import Acks, Child, draw, fill, report, run, scaled
from tests.faults.promises import broken
from tests.faults.switching import NAMES, answers, ask_on, bring, fresh, looked_at, opened_both, switch

_PHOTOS = 160


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, Path]:
    """A home with an indexed catalog, and its folder."""
    home, folder = tmp_path / "home", tmp_path / "catalog"
    fill(folder, range(_PHOTOS))
    with opened_both(home, hold_products=10**6) as box:
        box.index(folder)
        box.add("T500", draw(500), title="taught 500")
    return home, folder


def _seconds(home: Path, name: str) -> float:
    started = time.monotonic()
    run(switch, home, name)
    return time.monotonic() - started


def _compact(home: Path) -> None:
    with opened_both(home) as box:
        box.compact()


def _compared(home: Path) -> tuple[str, list[object]]:
    with opened_both(home) as box:
        return answers(box)


def test_killed_at_any_moment_it_goes_on(shop: tuple[Path, Path], tmp_path: Path) -> None:
    home, folder = shop
    chance = random.Random(11)
    seconds = _seconds(home, "new")
    seeds = list(range(0, _PHOTOS, 20))
    killed = halfway = 0
    while killed < scaled(10, 100):
        _, now, pending = run(looked_at, home, [])
        target = pending or NAMES[1 - NAMES.index(now)]
        if pending is None:
            run(_compact, home)  # so that there is something to encode
        child = Child.start(switch, home, target)
        time.sleep(chance.uniform(0, seconds))
        if child.kill() is None:
            killed += 1
        wrong, after, pending = run(looked_at, home, seeds)
        assert wrong == []
        assert (after, pending) in {(now, None), (now, target), (target, None)}
        halfway += pending is not None
    report(f"switch: {killed} killed, {halfway} of them half-way; a whole one took {seconds:.2f} s")
    assert halfway, "none was killed half-way: nothing was shown"
    _, _, pending = run(looked_at, home, [])
    for name in (pending or "new", "new", "new"):  # what was begun is ended first
        run(switch, home, name)
    wrong, now, pending = run(looked_at, home, list(range(_PHOTOS)))
    assert (wrong, now, pending) == ([], "new", None)
    assert run(_compared, home) == run(fresh, tmp_path / "fresh", folder, [500], "new")
    run(_compact, home)
    assert len(list((home / "index").iterdir())) <= 6


def test_while_others_ask_and_bring(shop: tuple[Path, Path], tmp_path: Path) -> None:
    home, folder = shop
    acks, done = tmp_path / "acks", tmp_path / "done"
    seeds = list(range(0, _PHOTOS, 7))
    asking = [Child.start(ask_on, home, seeds, done) for _ in range(2)]
    first = 1000
    for turn in range(scaled(2, 10)):
        fill(folder, range(2000 + 100 * turn, 2060 + 100 * turn))
        bringing = Child.start(bring, home, folder, acks, first)
        switching = Child.start(switch, home, NAMES[1 - turn % 2])
        switching.end()
        bringing.end()
        first += 10
        run(_compact, home)
    done.touch()
    for child in asking:
        wrong, met, count = child.end()
        assert wrong == []
        report(f"{count} questions during the switches, answered by {met}")
        assert len(met) >= 2
    with opened_both(home) as box:
        assert broken(box, Acks.read(acks), folder) == []
        assert box.upkeep.verify() == []
        last = NAMES[scaled(2, 10) % 2]
        assert (box.encoders.name, box.switching.pending()) == (last, None)
    assert run(_compared, home) == run(fresh, tmp_path / "fresh", folder, [500, *range(1000, first)], last)
