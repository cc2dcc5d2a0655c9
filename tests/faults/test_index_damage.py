"""Damaged index files: answers stay the same at once, one warning says so, and the next upkeep heals."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from tests.faults.driver import FULL, Log, draw, fill, opened, run, scaled, top

_PHOTOS = 60
_ASKED = (0, 13, 29, 41, 59, 900)
_SUFFIXES = (".usearch", ".vectors.npy", ".keys.npy")
_HEALERS = ("index", "compact", "repair")
_Answers = list[list[tuple[str, float]]]


@dataclass(frozen=True)
class _Seen:
    """What a process saw of a damaged home."""

    answers: _Answers
    degraded: bool
    warnings: list[str]
    healed: bool


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, _Answers]]:
    """A folder with a home that has a segment and a tail, files of an older and a foreign one; and the answers."""
    base = tmp_path_factory.mktemp("whole")
    yield base, run(_prepare, base)
    shutil.rmtree(base)


def _prepare(base: Path) -> _Answers:
    fill(base / "catalog", range(_PHOTOS // 2))
    fill(base / "elsewhere", range(5000, 5007 + _PHOTOS))
    with _opened(base / "home") as box:
        box.index(base / "catalog")
        shutil.copytree(base / "home" / "index", base / "older")
        fill(base / "catalog", range(_PHOTOS))
        box.index(base / "catalog")
        box.compact()
        box.compact()  # the older generation's files are collected
        box.add("S900", draw(900))
        answers = _answers(box)
    with _opened(base / "other") as box:
        box.index(base / "elsewhere")
    return answers


def _opened(home: Path) -> Box:
    return opened(home, previews=False)


def _answers(box: Box) -> _Answers:
    return [top(box, seed) for seed in _ASKED]


def _harm(kind: str, data: bytes, base: Path, suffix: str, chance: random.Random) -> bytes | None:
    """Return what becomes of a file's bytes; None: it is deleted."""
    if kind == "deleted":
        return None
    if kind == "emptied":
        return b""
    if kind == "truncated":
        return data[: chance.randrange(1, len(data))]
    if kind == "zero tail":
        return data[: -min(len(data) // 2, 4096)] + bytes(min(len(data) // 2, 4096))
    if kind == "noise":
        place = chance.randrange(len(data))
        return (data[:place] + chance.randbytes(4096) + data[place + 4096 :])[: len(data)]
    if kind == "bit":
        place = chance.randrange(len(data))
        return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
    folder = {"older": base / "older", "foreign": base / "other" / "index"}[kind]
    return next(folder.glob(f"*{suffix}")).read_bytes()


def _cases() -> list[tuple[str, int]]:
    counts = {"truncated": scaled(9, 20), "noise": scaled(9, 100), "bit": scaled(9, 100)}
    kinds = ("deleted", "emptied", "zero tail", "older", "foreign")
    once = [(kind, number) for kind in kinds for number in range(len(_SUFFIXES))]
    return once + [(kind, number) for kind, count in counts.items() for number in range(count)]


def _published(home: Path, suffix: str) -> Path:
    """Return the file of the newest generation's one segment."""
    with closing(sqlite3.connect(f"{(home / 'catalog.sqlite3').as_uri()}?mode=ro", uri=True)) as conn:
        (name,) = conn.execute("SELECT name FROM segments ORDER BY generation_id DESC LIMIT 1").fetchone()
    return home / "index" / f"{name}{suffix}"


def _replace(home: Path, kind: str, number: int, base: Path) -> None:
    suffix = _SUFFIXES[number % len(_SUFFIXES)]
    path = _published(home, suffix)
    data = _harm(kind, path.read_bytes(), base, suffix, random.Random(f"{kind} {number}"))
    if data is None:
        path.unlink()
        return
    assert data != path.read_bytes()
    # What one process has mapped stays as it is: only the name points at something else.
    temp = path.with_name("arriving")
    temp.write_bytes(data)
    os.replace(temp, path)


def _watched(home: Path, kind: str, number: int, base: Path, running: bool) -> _Seen:
    """Damage a home's index before (new) or after (running) this process opened it, ask it, and heal it."""
    with Log() as log:
        if not running:
            _replace(home, kind, number, base)
        with _opened(home) as box:
            if running:
                _answers(box)
                _replace(home, kind, number, base)
            answers = [*_answers(box), *_answers(box)]
            degraded = _degraded(box)
            healer = _HEALERS[number // len(_SUFFIXES) % len(_HEALERS)]
            if healer == "index":
                box.index(base / "catalog")
            elif healer == "compact":
                box.compact()
            else:
                box.upkeep.repair()
            healed = not _degraded(box) and box.upkeep.verify() == [] and _answers(box) == answers[: len(_ASKED)]
        return _Seen(answers, degraded, log.lines, healed)


def _degraded(box: Box) -> bool:
    return any(text.startswith("index:") for text in box.status().degraded)


def _afterwards(home: Path) -> _Seen:
    with Log() as log, _opened(home) as box:
        return _Seen(_answers(box), _degraded(box), log.lines, healed=True)


@pytest.mark.parametrize("running", [False, True], ids=["new process", "running process"])
@pytest.mark.parametrize("kind", sorted({kind for kind, _ in _cases()}))
def test_damage_costs_no_answer_and_heals(
    kind: str, running: bool, whole: tuple[Path, _Answers], tmp_path: Path
) -> None:
    base, answers = whole
    # Damage by the dozen: when there is little time, one half of it meets new processes, the other running ones.
    numbers = [number for other, number in _cases() if other == kind]
    for number in numbers if FULL or len(numbers) == len(_SUFFIXES) else numbers[running::2]:
        home = tmp_path / f"home-{number}"
        shutil.copytree(base / "home", home)
        seen = run(_watched, home, kind, number, base, running)
        case = f"{kind} {number}: {seen.warnings}"
        assert seen.answers == [*answers, *answers], case
        assert seen.degraded, case
        assert len(seen.warnings) == 1, case
        assert seen.warnings[0].startswith("index: "), case
        assert seen.healed, case
        assert run(_afterwards, home) == _Seen(answers, degraded=False, warnings=[], healed=True), case
        shutil.rmtree(home)


def test_bits_that_rot_behind_an_unchanged_stamp_are_found_by_verify(
    whole: tuple[Path, _Answers], tmp_path: Path
) -> None:
    base, answers = whole
    for number, suffix in enumerate(_SUFFIXES):
        home = tmp_path / f"home-{number}"
        shutil.copytree(base / "home", home)
        run(_compacted, home)  # its files get the stamps they have here
        path = _published(home, suffix)
        stat = path.stat()
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 16
        with path.open("r+b") as file:
            file.write(data)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        assert run(_scrubbed, home) == [True, True]
        assert run(_afterwards, home).answers == answers


def _compacted(home: Path) -> None:
    with _opened(home) as box:
        box.compact()
        box.compact()


def _scrubbed(home: Path) -> list[bool]:
    with _opened(home) as box:
        found = [damage.kind for damage in box.upkeep.verify()] == ["segment"]
        box.upkeep.repair()
        return [found, box.upkeep.verify() == []]
