"""Power cuts while sticks are taken in: what was copied is whole, and taking them in again completes it."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_search.catalog.table import read_table
from tests.faults.disk import acknowledged, after_cut
from tests.faults.driver import opened, report, run, scaled, top
from tests.faults.import_workload import FIRST, SECOND
from tests.faults.recorder import Operation, record, unavailable

_REASON = unavailable()
pytestmark = pytest.mark.skipif(_REASON is not None, reason=str(_REASON))


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[Operation], Path]]:
    """What two imports did to the files of a home, and the sticks."""
    base = tmp_path_factory.mktemp("visit").resolve()
    (base / "disk").mkdir()
    checkout = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([checkout, os.environ.get("PYTHONPATH", "")]).rstrip(":")
    command = [sys.executable, "-m", "tests.faults.import_workload"]
    command += map(str, (base / "disk" / "home", base / "sticks", base / "acks"))
    operations = record(command, base / "disk", base / "acks", base / "trace", {**os.environ, "PYTHONPATH": paths})
    yield operations, base / "sticks"
    shutil.rmtree(base)


def test_what_was_copied_is_whole_and_a_rerun_completes(visit: tuple[list[Operation], Path], tmp_path: Path) -> None:
    operations, sticks = visit
    chance = random.Random(11)
    halves = 0
    for number in range(scaled(8, 40)):
        cut = chance.randrange(len(operations)) if number else len(operations)
        disk = tmp_path / f"disk-{number}"
        after_cut(operations, cut, disk, chance)
        acks = {name for _, name in acknowledged(operations, cut)}
        came, wrong = run(_after, disk / "home", acks, sticks)
        assert wrong == [], f"power cut before operation {cut} of {len(operations)}, case {number}"
        halves += 0 < came < len(FIRST) + len(SECOND)
        shutil.rmtree(disk)
    report(f"power cut: {halves} of {scaled(8, 40)} imports were cut in the middle, and completed")


def _after(home: Path, acks: set[str], sticks: Path) -> tuple[int, list[str]]:
    """Look at a catalog folder after a cut, take both sticks in again; returns (photos that came, what is wrong)."""
    whole = {hashlib.sha256(path.read_bytes()).hexdigest() for path in sticks.rglob("*.png")}
    catalog = home / "catalog"
    photos = [path for path in catalog.rglob("*.png") if not path.name.startswith(".")]
    wrong = [f"{path} is not whole" for path in photos if hashlib.sha256(path.read_bytes()).hexdigest() not in whole]
    wanted = {*(FIRST if "one" in acks else ()), *(SECOND if "two" in acks else ())}
    wrong += [f"S{seed} was lost" for seed in wanted if not (catalog / f"S{seed}" / "photo.png").is_file()]
    if (catalog / "products.csv").exists():
        table = read_table(catalog / "products.csv")
        wrong += [problem.reason for problem in table.problems]
        wrong += ["the table is not one of those written"] * (len(table.rows) not in (len(FIRST), 40))
    elif acks:
        wrong.append("the table was lost")
    home.parent.mkdir(exist_ok=True)
    with opened(home) as box:
        if box.upkeep.verify():
            box.upkeep.repair()
        for name in ("one", "two"):
            box.media.take(sticks / name)
        prices = {row["sku"]: row["price"] for row in box.products}
        wrong += [f"S{seed} costs {prices.get(f'S{seed}')}" for seed in SECOND if prices.get(f"S{seed}") != 3 + seed]
        wrong += [f"S{seed} is not found" for seed in (0, 20, 39) if top(box, seed)[0][0] != f"S{seed}"]
        wrong += [damage.text for damage in box.upkeep.verify()]
    return len(photos), wrong
