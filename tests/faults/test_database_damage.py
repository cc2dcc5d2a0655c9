"""A damaged database: noticed, moved aside, made again from the home's own snapshot and a rescan."""

from __future__ import annotations

import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.maintenance.recover import recover, sound
from edge_search.store.home import Home
from tests.faults.driver import Child, Log, draw, fill, opened, report, run, scaled, shown, top

_PHOTOS = 80
_ASKED = (0, 13, 39, 59, 79, 900)
_PAGE = 4096
_LONG = "饮" * 30
"""A SKU whose folder of taught photos can't have its name."""
_PRICES = {"S10": 10, "S11": None, "S12": 12, "S14": None, "S904": None}
"""What holds after the changes since the snapshot; None: no price, or not shown."""
_Answers = list[list[tuple[str, float]]]


@dataclass(frozen=True)
class _Seen:
    """How a home came through damage of its database."""

    first: list[str]
    readable: bool
    answers: _Answers
    products: int
    prices: dict[str, object]
    wrong: list[str]
    warnings: list[str]
    recovered: bool


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, _Answers]]:
    """A folder with a catalog and a home, changed since its last snapshot; and its answers."""
    base = tmp_path_factory.mktemp("whole")
    yield base, run(_prepare, base)
    shutil.rmtree(base)


def _prepare(base: Path) -> _Answers:
    fill(base / "catalog", range(_PHOTOS))
    with opened(base / "home", previews=False) as box:
        box.products.set("S10", {"price": 1})
        box.products.remove("S10")
        box.products.set("S11", {"price": 1})
        box.index(base / "catalog")  # ends with a snapshot
        box.products.set("S10", {"price": 10})
        box.products.reset("S11")
        box.products.set("S12", {"price": 12})
        box.products.remove("S14")
        box.add("S900", draw(900), title="taught")
        box.add(_LONG, draw(901))
        box.remove_image(box.add("S902", [draw(902), draw(903)])[1])
        box.add("S904", draw(904))
        box.products.remove("S904")
        return _answers(box)


def _answers(box: Box) -> _Answers:
    return [top(box, seed) for seed in _ASKED]


def _harm(path: Path, kind: str, number: int) -> None:
    size = path.stat().st_size
    if kind == "none":
        return
    if kind == "deleted":
        path.unlink()
    elif kind == "emptied":
        path.write_bytes(b"")
    elif kind == "halved":
        path.write_bytes(path.read_bytes()[: size // 2 // _PAGE * _PAGE])
    else:
        pages = size // _PAGE
        place = 0 if number == 0 else random.Random(f"page {number}").randrange(1, pages)
        with path.open("r+b") as file:
            file.seek(place * _PAGE)
            file.write(random.Random(number).randbytes(_PAGE))


def _readable(database: Path) -> bool:
    """Return whether plain SQLite still reads what staff set and removed."""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as conn:
            checks = [
                conn.execute(f"PRAGMA integrity_check({table})").fetchone()[0]
                for table in ("product_values", "tombstones")
            ]
    except sqlite3.Error:
        return False
    return checks == ["ok", "ok"]


def _survive(home: Path, kind: str, number: int, catalog: Path, running: bool) -> _Seen:
    """Damage the database before (new) or after (running) this process opened it; then go on as staff would."""
    database = home / "catalog.sqlite3"
    with Log() as log:
        if not running:
            _harm(database, kind, number)
            readable = _readable(database)
        with opened(home, previews=False) as box:
            if running:
                _answers(box)
                _harm(database, kind, number)
                readable = _readable(database)
            first = [answer[0][0] for answer in _answers(box)]
            box.index(catalog)
            if box.upkeep.verify():
                box.upkeep.repair()
                box.index(catalog)
            degraded = box.status().degraded
            wrong = [damage.text for damage in box.upkeep.verify()] + list(degraded)
            rows = {sku: shown(box, sku) for sku in _PRICES}
            prices = {sku: None if row is None else row["price"] for sku, row in rows.items()}
            answers = [*_answers(box), top(box, 901), top(box, 903)]
            products = len(box.products)
        return _Seen(first, readable, answers, products, prices, wrong, log.lines, bool(list(home.glob("aside-*"))))


_KINDS = [("deleted", 0), ("emptied", 0), ("halved", 0), *(("page", number) for number in range(scaled(12, 60)))]


@pytest.mark.parametrize("running", [False, True], ids=["new process", "running process"])
def test_damage_is_noticed_and_survived(running: bool, whole: tuple[Path, _Answers], tmp_path: Path) -> None:
    base, answers = whole
    recovered = 0
    for kind, number in _KINDS:
        home = tmp_path / f"home-{kind}-{number}"
        shutil.copytree(base / "home", home)
        seen = run(_survive, home, kind, number, base / "catalog", running)
        case = f"{kind} {number}: {seen}"
        assert seen.first == [f"S{seed}" for seed in _ASKED], case
        assert seen.answers[: len(_ASKED)] == answers, case
        assert seen.wrong == [], case
        if seen.readable:
            assert seen.answers[-2][0] == (_LONG, 1.0), case
            assert seen.prices == _PRICES, case
            assert seen.products == _PHOTOS - 1 + 3, case
            assert seen.answers[-1][0][0] != "S902", case  # the photo that was removed stays so
        assert seen.recovered == any("damaged or gone" in line for line in seen.warnings), case
        recovered += seen.recovered
        shutil.rmtree(home)
    assert recovered > len(_KINDS) // 2
    report(f"database damage: {recovered} of {len(_KINDS)} homes needed their snapshot")


@pytest.mark.parametrize("kind", ["deleted", "emptied", "halved"])
def test_without_a_snapshot_it_is_said_and_sources_are_read_anew(
    kind: str, whole: tuple[Path, _Answers], tmp_path: Path
) -> None:
    base, answers = whole
    home = tmp_path / "home"
    shutil.copytree(base / "home", home)
    shutil.rmtree(home / "backups")
    seen = run(_survive, home, kind, 0, base / "catalog", False)
    assert seen.first[-1] == "S900"
    assert seen.answers[: len(_ASKED)] == answers
    assert seen.wrong == []
    assert sum("there is no snapshot" in line for line in seen.warnings) == 1


def test_a_recovery_that_is_killed_goes_on(whole: tuple[Path, _Answers], tmp_path: Path) -> None:
    base, answers = whole
    home = tmp_path / "home"
    chance = random.Random(1)
    for number in range(scaled(8, 40)):
        shutil.copytree(base / "home", home)
        _harm(home / "catalog.sqlite3", "page", _harmless_to_values(base, tmp_path))
        child = Child.start(recover, Home(home))
        time.sleep(chance.uniform(0, 0.04))
        child.kill()
        run(recover, Home(home))
        seen = run(_survive, home, "none", 0, base / "catalog", False)
        assert (seen.answers[: len(_ASKED)], seen.wrong) == (answers, []), number
        assert seen.prices == _PRICES, number
        shutil.rmtree(home)


def _harmless_to_values(base: Path, scratch: Path) -> int:
    """Return a number of page damage that SQLite finds, but that spares what staff set and removed."""
    for number in range(1, 200):
        copy = scratch / "copy.sqlite3"
        shutil.copy(base / "home" / "catalog.sqlite3", copy)
        _harm(copy, "page", number)
        if _readable(copy) and not sound(copy):
            return number
    raise AssertionError("no such page")
