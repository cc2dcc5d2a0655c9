"""Power cuts: a recorded day is replayed up to some moment on a disk that loses what was not synced."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disk import acknowledged, after_cut
from tests.faults.driver import opened, report, run, scaled, top
from tests.faults.promises import broken
from tests.faults.recorder import Ack, Operation, Sync, Write, record, unavailable
from tests.faults.workload import PHOTOS

_REASON = unavailable()
pytestmark = pytest.mark.skipif(_REASON is not None, reason=str(_REASON))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Operation], Path]]:
    """What a day's work did to the files of its home, and its catalog."""
    base = tmp_path_factory.mktemp("day").resolve()
    catalog = base / "catalog"
    (base / "disk").mkdir()
    command = [
        sys.executable,
        "-m",
        "tests.faults.workload",
        *map(str, (base / "disk" / "home", catalog, base / "acks")),
    ]
    yield record(command, base / "disk", base / "acks", base / "trace", _environ()), catalog
    shutil.rmtree(base)


def _environ() -> dict[str, str]:
    checkout = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join([checkout, os.environ.get("PYTHONPATH", "")]).rstrip(":")}


def test_the_recording_is_whole(day: tuple[list[Operation], Path], tmp_path: Path) -> None:
    operations, _ = day
    assert sum(isinstance(operation, Sync) for operation in operations) > 50
    assert sum(isinstance(operation, Write) for operation in operations) > 300
    assert sum(isinstance(operation, Ack) for operation in operations) == 2 * PHOTOS + 12 + 4
    after_cut(operations, len(operations), tmp_path / "disk", random.Random(0), kept=1, torn=0)
    assert run(_after, tmp_path / "disk" / "home", acknowledged(operations, len(operations)), day[1]) == ([], [])


def test_nothing_acknowledged_is_lost(day: tuple[list[Operation], Path], tmp_path: Path) -> None:
    operations, catalog = day
    chance = random.Random(7)
    repaired = 0
    for number in range(scaled(10, 50)):
        cut = chance.randrange(len(operations))
        disk = tmp_path / f"disk-{number}"
        after_cut(operations, cut, disk, chance)
        acks = acknowledged(operations, cut)
        mended, wrong = run(_after, disk / "home", acks, catalog)
        assert wrong == [], f"power cut before operation {cut} of {len(operations)}, case {number}"
        repaired += bool(mended)
        shutil.rmtree(disk)
    report(f"power cut: {repaired} of {scaled(10, 50)} homes had something to repair, and did")


def _after(home: Path, acks: list[tuple[str, str]], catalog: Path) -> tuple[list[str], list[str]]:
    """Open a home after a cut; returns what repair had to mend, and what is wrong after it."""
    home.parent.mkdir(exist_ok=True)
    with opened(home) as box:
        wrong = broken(box, acks)
        mended = [damage.text for damage in box.upkeep.verify()]
        if mended:
            _, left = box.upkeep.repair()
            wrong += [damage.text for damage in left]
        wrong += [damage.text for damage in box.upkeep.verify()]
        wrong += broken(box, acks)
        box.index(catalog)
        wrong += [f"S{seed} is not found" for seed in (0, PHOTOS + 1) if top(box, seed)[0][0] != f"S{seed}"]
        wrong += [damage.text for damage in box.upkeep.verify()]
        return mended, wrong
