"""Doctor as a whole: what it looks at, and that a sick box can't stop it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_search.appliance.box import Box
from edge_search.errors import EncoderError, StoreDamaged
from edge_search.maintenance import doctor, machine
from edge_search.maintenance.doctor import Check, Patient, examine
from edge_search.maintenance.finding import Finding
from edge_search.watch.deadline import within
from tests.maintenance.tiny_bundle import make_bundle

NAMES = {
    "version",
    "processor",
    "cores",
    "INT8 instructions",
    "memory",
    "swap",
    "open files",
    "user",
    "time zone",
    "encoder",
    "openvino",
    "onnxruntime",
    "telemetry",
    "HEIC photos",
    "home",
    "file system",
    "free space",
    "free inodes",
    "fsync",
    "sizes",
    "WAL",
    "SQLite",
    "journal",
    "clock",
    "inotify watches",
    "inotify instances",
}


def no_bundle() -> Any:
    raise EncoderError("there is none")


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Files by size and time: a look into a live SQLite file would drop its locks. Readers write to -shm."""
    found = {str(path): path.stat() for path in folder.rglob("*") if path.is_file() and path.suffix != ".sqlite3-shm"}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def test_everything_is_looked_at_and_nothing_is_changed(box: Box, tmp_path: Path, photo: Callable[..., Path]) -> None:
    photo(tmp_path / "catalog" / "SKU-1" / "front.jpg", 1)
    box.index(tmp_path / "catalog")
    before = stamps(box.home.root)
    found = by_name(box.doctor())
    assert stamps(box.home.root) == before
    assert set(found) >= {*NAMES, "source 1"}
    assert {finding.state for finding in found.values()} <= {"good", "note", "bad"}
    assert [finding.name for finding in found.values() if finding.state == "bad" and not finding.advice] == []
    assert (found["clock"].state, found["journal"].state, found["source 1"].state) == ("good", "good", "good")
    assert [finding.value for finding in found.values() if "could not be checked" in finding.value] == []


def test_the_catalogs_own_bundle_is_tried_on_both_runtimes(home: Path) -> None:
    make_bundle(home / "models" / "tiny")
    with Box(home, model="tiny") as box:
        found = by_name(box.doctor())
    assert "tiny" in found["encoder"].value
    for runtime in ("openvino", "onnxruntime"):
        assert (found[runtime].state, "canary right" in found[runtime].value) == ("good", True)
    assert found["runtime"].value == "auto picks openvino"


def test_a_clock_that_was_set_back_shows(box: Box) -> None:
    box.products.set("SKU-1", {"title": "One"})
    with box.database.write() as tables:
        tables.execute("UPDATE changes SET at = '2999-01-01T00:00:00+00:00'")
    found = by_name(examine(Patient(box.home, box.database, no_bundle)))
    assert (found["clock"].state, "set back" in found["clock"].value) == ("bad", True)


def test_a_home_that_cannot_be_opened_is_examined_from_outside(tmp_path: Path) -> None:
    home: Any = SimpleNamespace(root=tmp_path / "nowhere", database=tmp_path / "nowhere" / "catalog.sqlite3")
    home.index = home.previews = home.taught = home.root
    found = by_name(examine(Patient(home, None, no_bundle, trouble="the disk is gone")))
    assert (found["store"].state, found["store"].value) == ("bad", "the disk is gone")
    assert (found["fsync"].state, "could not be checked" in found["fsync"].value) == ("note", True)
    assert found["clock"].state == "good"


def test_a_check_that_raises_becomes_a_note_and_the_others_go_on(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Finding:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr(machine, "check_memory", broken)
    found = by_name(examine(Patient(box.home, box.database, no_bundle)))
    assert found["memory"] == Finding("memory", "note", "could not be checked: by zero")
    assert found["swap"].value


def test_a_check_that_hangs_becomes_a_note() -> None:
    started = time.monotonic()
    (found,) = Check("slow", lambda: within(5, lambda: time.sleep(0.5)) or [], seconds=0.05).run()
    assert time.monotonic() - started < 0.4
    assert (found.state, found.value) == ("note", "could not be checked: no answer within 0.05 s")


def test_damage_met_on_the_way_is_bad() -> None:
    def damaged() -> Finding:
        raise StoreDamaged("catalog.sqlite3: malformed")

    assert [found.state for found in Check("journal", damaged).run()] == ["bad"]


def test_work_within_its_deadline_gives_its_result_or_its_error() -> None:
    assert within(5, lambda: 7) == 7
    assert within(5, lambda: None) is None

    def missing() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        within(5, missing)


def test_the_settings_reach_the_checks(home: Path, encoder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def runtimes(_: object, chosen: str, cores: int) -> list[Finding]:
        asked.append((chosen, cores))
        return []

    monkeypatch.setattr(doctor, "check_runtimes", runtimes)
    with Box(home, encoder=encoder, runtime="onnxruntime", threads=3) as box:
        box.doctor()
    assert asked == [("onnxruntime", 3)]
