"""Doctor on the disk under the home, SQLite and the clock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_search.appliance.box import Box
from edge_search.maintenance import clock, disk, sqlite
from edge_search.store import home as store_home

MIB = 2**20
NOW = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)


def statistics(**values: int) -> Callable[[Path], Any]:
    found = {"f_flag": 0, "f_frsize": 4096, "f_blocks": 0, "f_bavail": 0, "f_files": 0, "f_favail": 0, **values}
    return lambda _: SimpleNamespace(**found)


@pytest.mark.parametrize(
    ("kind", "state"),
    [("ext4", "good"), ("nfs4", "bad"), ("cifs", "bad"), ("vfat", "bad"), ("exfat", "bad"), ("tmpfs", "note")],
)
def test_a_network_or_fat_file_system_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, state: str
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"21 1 8:1 / / rw - xfs /dev/a rw\n22 21 8:2 / {tmp_path} rw - {kind} /dev/b rw\n")
    monkeypatch.setattr(store_home, "MOUNTS", mounts)
    found = disk.check_file_system(tmp_path)
    assert (found.state, found.value.split(":")[0]) == (state, kind)
    assert bool(found.advice) == (state != "good")


def test_a_read_only_mount_is_bad(tmp_path: Path) -> None:
    assert disk.check_writable(tmp_path).state == "good"
    found = disk.check_writable(tmp_path, statistics(f_flag=os.ST_RDONLY))
    assert (found.state, "read-only" in found.value, "dmesg" in found.advice) == ("bad", True, True)


def test_a_home_that_this_user_may_not_write_to_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert disk.check_writable(tmp_path).state == "bad"


@pytest.mark.parametrize(
    ("free", "total", "state"),
    [
        (50_000 * MIB, 100_000 * MIB, "good"),
        (900 * MIB, 8_000 * MIB, "note"),
        (4_000 * MIB, 100_000 * MIB, "bad"),
        (150 * MIB, 1_000 * MIB, "bad"),
    ],
)
def test_free_space_is_bad_below_five_percent_or_the_reserve(tmp_path: Path, free: int, total: int, state: str) -> None:
    found = disk.check_space(tmp_path, statistics(f_bavail=free // 4096, f_blocks=total // 4096))
    assert (found.state, bool(found.advice)) == (state, state != "good")


@pytest.mark.parametrize(("free", "total", "state"), [(0, 0, "good"), (900, 1000, "good"), (10, 1000, "bad")])
def test_few_free_inodes_are_bad(tmp_path: Path, free: int, total: int, state: str) -> None:
    assert disk.check_inodes(tmp_path, statistics(f_favail=free, f_files=total)).state == state


@pytest.mark.parametrize(("ms", "state"), [(0, "good"), (120, "note"), (1010, "bad")])
def test_a_slow_flush_is_shown_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ms: int, state: str
) -> None:
    now = [0.0]

    def flush(_: int) -> None:
        now[0] += ms / 1000

    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    found = disk.check_flush(tmp_path, flush)
    assert (found.state, found.value) == (state, f"{ms:.1f} ms for a durable write")
    assert list(tmp_path.iterdir()) == []


def test_sizes_are_told_and_a_log_that_is_never_folded_back_is_bad(box: Box) -> None:
    (box.home.previews / "ab").mkdir()
    (box.home.previews / "ab" / "one.jpg").write_bytes(bytes(3 * MIB))
    sizes, wal = disk.check_sizes(box.home)
    assert "previews 3 MiB, taught 0 bytes" in sizes.value
    assert wal.state == "good"
    os.truncate(f"{box.home.database}-wal", 65 * MIB)
    wal = disk.check_sizes(box.home)[1]
    assert (wal.state, wal.value) == ("bad", "65 MiB")
    assert "hanging" in wal.advice


@pytest.mark.parametrize(("version", "state"), [((3, 51, 3), "good"), ((3, 40, 1), "note")])
def test_an_old_sqlite_is_noted_with_the_reason(version: tuple[int, ...], state: str) -> None:
    found = sqlite.check_sqlite(version)
    assert (found.state, "holds a lock" in found.advice) == (state, state == "note")


def test_the_journal_is_what_the_writer_sets(box: Box) -> None:
    assert sqlite.check_journal(box.database).state == "good"
    with box.database.write() as tables:
        assert tables.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL, as the finding says


def test_a_journal_that_another_program_switched_is_bad(home: Path, encoder: Any) -> None:
    import contextlib
    import sqlite3

    with Box(home, encoder=encoder):
        pass
    with contextlib.closing(sqlite3.connect(home / "catalog.sqlite3")) as other:
        other.execute("PRAGMA journal_mode=DELETE")
    with Box(home, encoder=encoder) as box:
        found = sqlite.check_journal(box.database)
    assert (found.state, "journal_mode=delete" in found.value) == ("bad", True)


@pytest.mark.parametrize(
    ("newest", "now", "says"),
    [
        (None, datetime(1970, 1, 1, tzinfo=timezone.utc), "never set"),
        (NOW, NOW - timedelta(minutes=1), "set back"),
        (NOW, NOW - timedelta(seconds=1), ""),
        (None, NOW, ""),
    ],
)
def test_a_clock_that_was_never_set_or_set_back_is_bad(newest: datetime | None, now: datetime, says: str) -> None:
    found = clock.check_clock(newest, now)
    assert found.state == ("bad" if says else "good")
    assert says in found.value
    assert ("NTP" in found.advice) == bool(says)


def test_the_newest_change_comes_from_the_log(box: Box) -> None:
    assert clock.newest_change(box.database) is None
    box.products.set("SKU-1", {"title": "One"})
    with box.database.write() as tables:
        tables.execute("UPDATE changes SET at = '2031-01-02T03:04:05+00:00'")
    assert clock.newest_change(box.database) == datetime(2031, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def test_utc_is_noted_and_another_zone_is_told() -> None:
    zone = timezone(timedelta(hours=5, minutes=30), "IST")
    assert clock.check_timezone(NOW).state == "note"
    found = clock.check_timezone(NOW.astimezone(zone))
    assert (found.state, found.value) == ("good", "IST (UTC+05:30)")
