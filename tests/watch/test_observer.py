"""The observer on a real folder: what it hears, and what it says when it can't."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_search.watch import observer as module
from edge_search.watch.hints import Hints
from edge_search.watch.observer import FolderObserver, WatchLimit
from tests.watch.watched import until


class Ear:
    """Collects hints until they hold what is waited for."""

    def __init__(self, root: Path) -> None:
        self.hints = Hints(lambda: None)
        self.observer = FolderObserver(root, self.hints)
        self.paths: dict[bytes, bool] = {}
        self.why: list[str] = []

    def listen(self) -> bool:
        marked, why = self.hints.take()
        self.paths.update({hint.path: hint.deleted for hint in marked})
        self.why += [why] if why else []
        return True

    def hears(self, *paths: bytes) -> None:
        def heard() -> bool:
            self.listen()
            return set(paths) <= set(self.paths)

        until(heard, explain=lambda: (self.paths, self.why))


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    (tmp_path / "root" / "tea").mkdir(parents=True)
    found = Ear(tmp_path / "root")
    yield found
    found.observer.stop()


def test_files_and_folders_are_heard(ear: Ear, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "tea" / "1.jpg").write_bytes(b"1")
    ear.hears(b"tea/1.jpg")
    (root / "tea").rename(root / "oats")
    ear.hears(b"tea", b"oats")
    assert not ear.paths[b"tea"], "it moved: no need to wait for it"
    (root / "oats" / "deep").mkdir()
    (root / "oats" / "deep" / "2.jpg").write_bytes(b"2")
    ear.hears(b"oats/deep/2.jpg")
    shutil.move(root / "oats", tmp_path / "outside")
    ear.hears(b"oats")
    until(lambda: ear.listen() and ear.paths[b"oats"])
    shutil.move(tmp_path / "outside", root / "milk")
    ear.hears(b"milk")
    if ear.observer.tells_all:  # older ones go on under the name it had before
        (root / "milk" / "3.jpg").write_bytes(b"3")
        ear.hears(b"milk/3.jpg")
    assert ear.observer.problem() is None
    assert ear.why == []


def test_reading_is_not_heard(ear: Ear, tmp_path: Path) -> None:
    photo = tmp_path / "root" / "tea" / "1.jpg"
    photo.write_bytes(b"1")
    # Events keep their order: when the second file is heard, all that writing the first one said was heard.
    (tmp_path / "root" / "tea" / "0.jpg").write_bytes(b"1")
    ear.hears(b"tea/1.jpg", b"tea/0.jpg")
    ear.paths.clear()
    for _ in range(20):
        photo.read_bytes()
        os.listdir(photo.parent)
    (tmp_path / "root" / "tea" / "2.jpg").write_bytes(b"2")
    ear.hears(b"tea/2.jpg")
    assert b"tea/1.jpg" not in ear.paths


def test_root_that_is_a_link_is_watched(tmp_path: Path) -> None:
    (tmp_path / "real" / "tea").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    ear = Ear(tmp_path / "link")
    (tmp_path / "real" / "tea" / "1.jpg").write_bytes(b"1")
    ear.hears(b"tea/1.jpg")
    ear.observer.stop()


def test_names_that_are_no_text_are_heard(ear: Ear, tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path / "root" / "tea") + b"/caf\xe9.jpg", "wb") as file:
        file.write(b"1")
    ear.hears(b"tea/caf\xe9.jpg")


def test_ignored_folders_take_no_watches(tmp_path: Path) -> None:
    for name in ("tea", "tea/@eaDir", ".stversions/tea"):
        (tmp_path / "root" / name).mkdir(parents=True)
    ear = Ear(tmp_path / "root")
    watched = [thread for name, thread in ear.observer.threads() if name == "reader"]
    for reader in watched:
        assert len(reader._watch_for_wd) == 2  # type: ignore[attr-defined]
    ear.observer.stop()


def test_exception_in_the_handler_is_counted_and_asks_for_a_scan(
    ear: Ear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("odd event")

    monkeypatch.setattr(ear.hints, "mark", broken)
    (tmp_path / "root" / "tea" / "1.jpg").write_bytes(b"1")
    until(lambda: ear.listen() and ear.why)
    assert "ZeroDivisionError: odd event" in ear.why[0]
    assert ear.observer.handler.errors
    monkeypatch.undo()
    (tmp_path / "root" / "tea" / "2.jpg").write_bytes(b"2")
    ear.hears(b"tea/2.jpg")
    assert ear.observer.problem() is None


@pytest.mark.parametrize("which", ["dispatcher", "emitter", "reader"])
def test_dead_thread_is_a_problem(ear: Ear, which: str) -> None:
    threads: dict[str, Any] = dict(ear.observer.threads())
    if which not in threads:
        pytest.skip(f"this watchdog has no {which}")
    threads[which].stop()
    until(lambda: which in (ear.observer.problem() or ""))


def test_deleted_root_is_a_problem(ear: Ear, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "root")
    until(lambda: ear.observer.problem() is not None)


def _limited(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    from watchdog.observers import inotify_c

    left = [after]

    def add(descriptor: int, path: bytes, mask: int) -> int:
        left[0] -= 1
        if left[0] < 0:
            import ctypes

            ctypes.set_errno(errno.ENOSPC)
            return -1
        return int(real(descriptor, path, mask))

    real = inotify_c.inotify_add_watch
    monkeypatch.setattr(inotify_c, "inotify_add_watch", add)


@pytest.mark.parametrize("after", [0, 1, 2])
def test_exhausted_limit_is_told_not_kept_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    for number in range(3):
        (tmp_path / "root" / str(number)).mkdir(parents=True)
    _limited(monkeypatch, after)
    with pytest.raises(WatchLimit, match=r"fs\.inotify\.max_user_watches"):
        Ear(tmp_path / "root")


def test_limit_reached_later_is_told(ear: Ear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not ear.observer.tells_all:
        pytest.skip("this watchdog doesn't tell")
    _limited(monkeypatch, 0)
    (tmp_path / "root" / "later").mkdir()
    until(lambda: ear.observer.problem() is not None)
    assert ear.observer.exhausted


def test_no_more_instances_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> Any:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr(module, "_observer", none)
    with pytest.raises(WatchLimit):
        Ear(tmp_path)


def test_lost_events_ask_for_a_scan(ear: Ear) -> None:
    if not ear.observer.tells_all:
        pytest.skip("this watchdog doesn't tell")
    threads: dict[str, Any] = dict(ear.observer.threads())
    from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, WatchDescriptor

    threads["reader"].handle_event(InotifyEvent(WatchDescriptor(-1), InotifyConstants.IN_Q_OVERFLOW, 0, b""))
    ear.listen()
    assert ear.why == ["the kernel lost events"]
