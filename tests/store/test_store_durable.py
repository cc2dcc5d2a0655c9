"""Files that survive a power cut."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge_search.errors import NoSpace, StoreError
from edge_search.store.durable import atomic_file, sweep


def test_file_folder_and_new_folders_above_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def note(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    target = tmp_path / "taught" / "tea" / "photo.jpg"
    atomic_file(target, lambda temp: temp.write_bytes(b"x"))
    # New folders first, from above; then the bytes, then their name.
    assert [Path(path) for path in synced[:2]] == [tmp_path, tmp_path / "taught"]
    assert Path(synced[2]).suffix == ".tmp"
    assert [Path(path) for path in synced[3:]] == [target.parent]
    synced.clear()
    atomic_file(target.with_name("second.jpg"), lambda temp: temp.write_bytes(b"x"))
    assert [Path(path) for path in synced[1:]] == [target.parent]


def test_disposable_file_costs_no_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(handle: int) -> None:
        raise AssertionError(handle)

    monkeypatch.setattr(os, "fsync", never)
    atomic_file(tmp_path / "a" / "preview.jpg", lambda temp: temp.write_bytes(b"x"), durable=False)
    assert (tmp_path / "a" / "preview.jpg").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, NoSpace), (errno.EDQUOT, NoSpace), (errno.EIO, StoreError)]
)
def test_failed_write_leaves_the_old_file_and_no_other(number: int, kind: type[StoreError], tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def fail(temp: Path) -> None:
        temp.write_bytes(b"ne")
        raise OSError(number, os.strerror(number))

    with pytest.raises(kind, match=r"^[^\n]*file: [^\n]*$"):
        atomic_file(target, fail)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_file_of_another_length_than_announced_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSpace, match="only 3 of 9 bytes"):
        atomic_file(tmp_path / "graph", lambda temp: temp.write_bytes(b"abc"), size=9)
    assert os.listdir(tmp_path) == []


def test_what_a_killed_writer_left_is_swept_away_in_time(tmp_path: Path) -> None:
    old, young, other = (
        tmp_path / "a" / ".x.jpg.12ab34cd.tmp",
        tmp_path / ".y.12ab34cd.tmp-shm",
        tmp_path / ".tmp-notes",
    )
    for path in (old, young, other):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    sweep(tmp_path)
    assert old.exists()  # somebody may be writing it
    for path in (old, young, other):
        os.utime(path, (1, 1))
    sweep(tmp_path)
    assert [path.exists() for path in (old, young, other)] == [False, False, True]
