"""A real watcher on real folders: what it takes, what it holds, what it heals, what it says."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_search.appliance import taking, watcher
from edge_search.appliance.box import Box
from edge_search.appliance.watcher import Watcher
from edge_search.catalog.listing import SourceFile
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import InvalidValue, NotFound, PhotoUnsettled, SettingsError, StoreBusy
from edge_search.imaging.limits import DEFAULT_LIMITS, Limits
from edge_search.store import sources
from edge_search.sync.job import read_listed
from edge_search.watch import follower, observer
from edge_search.watch.clock import SystemClock
from edge_search.watch.marker import SOURCE_MARKER
from edge_search.watch.observer import ADVICE, WatchLimit
from edge_search.watch.probe import Seen
from tests.watch.watched import until, watched

Photos = Callable[..., Path]
NAME = os.fsdecode(SOURCE_MARKER)


@pytest.fixture
def shop(tmp_path: Path, photo: Photos) -> Path:
    """Thirty SKUs of one photo."""
    for number in range(30):
        photo(tmp_path / "shop" / f"S{number}" / "1.jpg", number, size=(32, 32))
    return tmp_path / "shop"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "_CHECK_S", 0.3)
    monkeypatch.setattr(watcher, "_CONTROL_S", 0.1)


def test_photo_is_found_soon_after_it_settled_and_only_it_is_encoded(home: Path, shop: Path, photo: Photos) -> None:
    with watched(home, shop) as at:
        assert at.encoded == 30
        shot = photo(shop / "new" / "1.jpg", 100)
        until(lambda: "new" in [hit.sku for hit in at.box.search(shot, 1).hits])
        at.equal(shop)
        assert at.encoded == 31
        assert at.follower.lost == 0


def test_changes_of_all_kinds(home: Path, shop: Path, tmp_path: Path, photo: Photos) -> None:
    with watched(home, shop) as at:
        photo(shop / "S1" / "1.jpg", 101)  # replaced under the same name
        (shop / "S2" / "1.jpg").rename(shop / "S2" / "renamed.jpg")
        (shop / "S3").rename(shop / "T3")
        shutil.move(shop / "S4", tmp_path / "S4")
        photo(tmp_path / "moved" / "in.jpg", 102)
        shutil.move(tmp_path / "moved", shop / "moved")
        (shop / "S5" / "1.jpg").unlink()
        os.utime(shop / "S6" / "1.jpg", (1, 1))
        photo(shop / "deep" / "er" / "still" / "1.jpg", 103)
        at.equal(shop)
        assert at.encoded == 33
        skus = {row["sku"] for row in at.box.products}
        assert {"T3", "moved", "deep"} <= skus
        assert not {"S3", "S4", "S5"} & skus
        assert at.state() == "online"


def test_renamed_photo_keeps_its_key(home: Path, shop: Path) -> None:
    with watched(home, shop) as at:
        before = at.box.products.get("S2")["images"]
        (shop / "S2" / "1.jpg").rename(shop / "S2" / "2.jpg")
        until(lambda: at.box.products.get("S2")["images"][0]["path"].endswith("2.jpg"))
        after = at.box.products.get("S2")["images"]
        assert [image["image_id"] for image in after] == [image["image_id"] for image in before]


def test_half_written_photo_is_not_encoded(home: Path, shop: Path, photo: Photos, tmp_path: Path) -> None:
    whole = photo(tmp_path / "whole.jpg", 104, size=(400, 400)).read_bytes()
    with watched(home, shop) as at, (shop / "S1" / "slow.jpg").open("wb", buffering=0) as file:
        for start in range(0, len(whole), len(whole) // 6 + 1):
            file.write(whole[start : start + len(whole) // 6 + 1])
            time.sleep(0.3)
        at.equal(shop)
        assert at.encoded == 31


def test_cut_photo_is_remembered_until_it_changes(home: Path, shop: Path, photo: Photos, tmp_path: Path) -> None:
    whole = photo(tmp_path / "whole.jpg", 105, size=(400, 400)).read_bytes()
    with watched(home, shop) as at:
        (shop / "S1" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
        until(lambda: [bad.path for bad in at.box.status().skipped] == ["S1/cut.jpg"])
        (shop / "S1" / "cut.jpg").write_bytes(whole)
        at.equal(shop)
        assert at.box.status().skipped == ()


def test_disk_that_fails_is_tried_again(home: Path, shop: Path, photo: Photos) -> None:
    failures: list[bytes] = []

    def failing(root: bytes, file: SourceFile, limits: Limits) -> bytes:
        if len(failures) < 2:
            failures.append(file.path)
            raise PhotoUnsettled("1.jpg: Input/output error; check the disk")
        return read_listed(root, file, limits)

    with watched(home, shop) as at:
        real = at.watcher.box.sync
        at.watcher.box.sync = lambda: replace(real(), read=failing)  # type: ignore[method-assign]
        photo(shop / "late" / "1.jpg", 106)
        until(lambda: [bad.path for bad in at.box.status().skipped] == ["late/1.jpg"])
        until(lambda: "late" in at.box.products, 30)
        assert failures == [b"late/1.jpg"] * 2
        assert at.box.status().skipped == ()


def test_source_that_vanishes_is_offline_and_comes_back_unencoded(home: Path, shop: Path, tmp_path: Path) -> None:
    with watched(home, shop) as at:
        shop.rename(tmp_path / "away")
        until(lambda: at.state() == "offline", 10)
        (source,) = at.box.sources.listed()
        assert source.since is not None
        assert "No such file" in (source.detail or "")
        assert at.box.status().images == 30
        shutil.copytree(tmp_path / "away", shop)  # other inodes, other times
        for path in shop.rglob("*.jpg"):
            os.utime(path, (5, 5))
        until(lambda: at.state() == "online", 20)
        at.equal(shop)
        assert at.encoded == 30


def test_emptied_mount_point_is_offline_and_deletes_nothing(home: Path, shop: Path, tmp_path: Path) -> None:
    with watched(home, shop) as at:
        until(lambda: at.follower.source.marker)
        shop.rename(tmp_path / "away")
        shop.mkdir()
        until(lambda: at.state() == "offline", 10)
        time.sleep(1)
        status = at.box.status()
        assert (status.images, status.products) == (30, 30)
        assert status.degraded
        shop.rmdir()
        (tmp_path / "away").rename(shop)
        until(lambda: at.state() == "online", 20)
        assert at.encoded == 30


def test_foreign_stick_is_neither_taken_nor_deletes(home: Path, shop: Path, tmp_path: Path, photo: Photos) -> None:
    with watched(home, shop) as at:
        until(lambda: at.follower.source.marker)
        shop.rename(tmp_path / "away")
        photo(shop / "holiday" / "beach.jpg", 200)
        until(lambda: at.state() == "offline" and "other photos" in (at.box.sources.listed()[0].detail or ""), 15)
        photo(shop / "holiday" / "sea.jpg", 201)
        time.sleep(1.5)
        assert "holiday" not in at.box.products
        assert at.box.status().images == 30
        at.box.sources.confirm(1)  # it is the right one after all
        at.equal(shop)
        assert [row["sku"] for row in at.box.products] == ["holiday"]
        assert (shop / NAME).exists()


def test_root_made_anew_with_the_same_photos_is_known(home: Path, shop: Path, tmp_path: Path, photo: Photos) -> None:
    shutil.copytree(shop, tmp_path / "copy")
    photo(tmp_path / "copy" / "more" / "1.jpg", 202)
    with watched(home, shop) as at:
        until(lambda: at.follower.source.marker)
        shutil.rmtree(shop)
        shutil.copytree(tmp_path / "copy", shop)
        at.equal(shop)
        until(lambda: at.state() == "online")
        until(lambda: at.follower.source.marker)
        assert at.encoded == 31


def test_root_that_comes_back_bit_by_bit(home: Path, shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop, tmp_path / "copy")
    with watched(home, shop) as at:
        until(lambda: at.follower.source.marker)
        shutil.rmtree(shop)
        until(lambda: at.state() == "offline")
        for number in range(5):
            shutil.copytree(tmp_path / "copy" / f"S{number}", shop / f"S{number}")
        until(lambda: "other photos" in (at.box.sources.listed()[0].detail or ""))
        for number in range(5, 30):
            shutil.copytree(tmp_path / "copy" / f"S{number}", shop / f"S{number}")
        until(lambda: at.state() == "online")
        at.equal(shop)
        assert at.encoded == 30


def test_mass_deletion_is_held_until_it_is_confirmed(home: Path, shop: Path) -> None:
    with watched(home, shop) as at:
        for number in range(25):
            shutil.rmtree(shop / f"S{number}")
        until(lambda: at.state() == "held", 15)
        (source,) = at.box.sources.listed()
        assert source.held is not None
        assert (source.held.products, source.held.images, at.box.status().products) == (25, 25, 30)
        assert at.box.sources.confirm(source.source_id) is None
        at.equal(shop)
        until(lambda: at.state() == "online")
        with pytest.raises(InvalidValue, match="holds no deletion"):
            at.box.sources.confirm(source.source_id)


def test_yes_counts_for_what_was_shown_only(home: Path, shop: Path) -> None:
    with Box(home, encoder=FakeEncoder()) as box:
        box.index(shop)
        for number in range(24):
            shutil.rmtree(shop / f"S{number}")
        box.index(shop)
        with box.database.write() as tables:
            held = sources.listed(tables)[0].held
            sources.change(tables, 1, confirmed=held)
        shutil.rmtree(shop / "S24")
        assert box.index(shop).held is not None
        report = box.sources.confirm(1)  # without a watcher it is done at once
        assert report is not None
        assert (report.removed, report.held) == (25, None)
        with pytest.raises(NotFound, match="source 7"):
            box.sources.confirm(7)


def test_pause_and_resume_from_another_process(home: Path, shop: Path, photo: Photos) -> None:
    with watched(home, shop) as at:
        at.box.watching.pause(10)
        state = at.box.watching.state()
        assert state.state == "paused"
        assert state.until is not None
        time.sleep(0.3)
        photo(shop / "late" / "1.jpg", 107)
        until(lambda: at.box.watching.state().backlog == 1, 10)
        time.sleep(1)
        assert "late" not in at.box.products
        assert at.box.watching.state().state == "paused"
        at.box.watching.resume()
        at.equal(shop)
        assert at.box.watching.state().state == "running"
        at.box.watching.pause(0.001)
        until(lambda: at.box.watching.state().state == "running")
    assert at.thread is not None
    with pytest.raises(InvalidValue, match="above 0"):
        Box(home, encoder=FakeEncoder()).watching.pause(0)


def test_quiet_hours_take_nothing_in(home: Path, shop: Path) -> None:
    hour = time.localtime().tm_hour
    window = f"{hour:02}:00-{(hour + 2) % 24:02}:00"
    with watched(home, shop, ready=False, quiet_hours=window) as at:
        until(lambda: at.box.watching.state().state == "quiet")
        time.sleep(1)
        assert at.box.status().images == 0
        assert at.box.watching.state().until is not None


def test_second_watcher_is_refused(home: Path, shop: Path) -> None:
    with watched(home, shop) as at, pytest.raises(StoreBusy, match=f"watched already by process {os.getpid()}"):
        Watcher(at.box).run()


@pytest.mark.parametrize("which", ["dispatcher", "emitter", "reader"])
def test_dead_thread_is_replaced_and_nothing_missed(home: Path, shop: Path, photo: Photos, which: str) -> None:
    with watched(home, shop) as at:
        first = at.follower.observer
        assert first is not None
        threads: dict[str, Any] = dict(first.threads())
        if which not in threads:
            pytest.skip(f"this watchdog has no {which}")
        threads[which].stop()
        photo(shop / "unheard" / "1.jpg", 108)
        until(lambda: at.follower.restarts == 1, 10)
        at.equal(shop)
        until(lambda: at.box.status().watch.restarts == 1, 10)
        photo(shop / "heard" / "1.jpg", 109)
        at.equal(shop)


def test_exhausted_inotify_limit_is_reported_and_polled(
    home: Path, shop: Path, photo: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(*_: object) -> Any:
        raise WatchLimit(ADVICE)

    monkeypatch.setattr(follower, "_OBSERVER_RETRY_S", 0.5)
    monkeypatch.setattr(follower.Follower.__init__, "__kwdefaults__", {"probe": None, "observe": limited})
    with watched(home, shop, poll_seconds=1) as at:
        until(lambda: "max_user_watches" in " ".join(at.box.status().degraded))
        photo(shop / "polled" / "1.jpg", 110)
        at.equal(shop)
        monkeypatch.undo()
        at.follower._observe = observer.FolderObserver
        until(lambda: at.follower.observer is not None, 10)
        until(lambda: not at.box.status().degraded, 10)
        photo(shop / "heard" / "1.jpg", 111)
        at.equal(shop)


def test_overflow_leads_to_a_scan(home: Path, shop: Path, photo: Photos) -> None:
    with watched(home, shop) as at:
        at.follower.hints.limit = 3
        for number in range(12):
            photo(shop / f"many{number}" / "1.jpg", 300 + number, size=(32, 32))
        at.equal(shop)


def test_network_mount_is_polled(home: Path, shop: Path, photo: Photos, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_search.watch import probe
    from edge_search.watch.mounts import Mount

    monkeypatch.setattr(probe, "mount_of", lambda _path: Mount("cifs"))
    with watched(home, shop, poll_seconds=1) as at:
        assert at.follower.observer is None
        assert at.follower.remote
        photo(shop / "polled" / "1.jpg", 112)
        at.equal(shop)


def test_hung_mount_is_offline_and_holds_nobody_up(
    home: Path, shop: Path, tmp_path: Path, photo: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_search.watch import probe

    monkeypatch.setattr(probe, "_HANGS_S", 0.5)
    hangs = threading.Event()
    release = threading.Event()
    real = probe.see

    def see(path: Path, kind: Any) -> Seen:
        if hangs.is_set() and path == shop:
            release.wait(30)
        return real(path, kind)

    monkeypatch.setattr(follower, "see", see)
    photo(tmp_path / "other" / "A" / "1.jpg", 400)
    with watched(home, shop, tmp_path / "other") as at:
        hangs.set()
        until(lambda: at.box.sources.listed()[0].state == "offline", 10)
        photo(tmp_path / "other" / "B" / "1.jpg", 401)
        until(lambda: "B" in at.box.products, 10)
        assert at.box.sources.listed()[1].state == "online"
        release.set()
        hangs.clear()
        until(lambda: at.box.sources.listed()[0].state == "online", 10)
        assert at.encoded == 32


def test_share_that_hangs_while_a_photo_is_read(home: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "_READ_S", 0.2)
    with Box(home, encoder=FakeEncoder()) as box:
        work = Watcher(box)._taking
        monkeypatch.setattr(taking, "read_listed", lambda *_: time.sleep(2))
        with pytest.raises(PhotoUnsettled, match="no answer within"):
            work._read_remote(b"/", SourceFile(b"a.jpg", "a", 1, 1, 1), DEFAULT_LIMITS)


class SetClock(SystemClock):
    """The machine's clock, until somebody sets it."""

    offset = 0.0

    def wall(self) -> float:
        return time.time() + self.offset


@pytest.mark.parametrize("jump", [-1.8e9, 365 * 86400.0])
def test_clock_that_jumps_leads_to_a_look_not_to_encoding(
    home: Path,
    shop: Path,
    photo: Photos,
    monkeypatch: pytest.MonkeyPatch,
    jump: float,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "edge_search")
    with watched(home, shop) as at:
        clock = SetClock()
        at.watcher.clock = clock
        at.watcher._gauge.clock = clock
        clock.offset = jump
        until(lambda: "the clock jumped" in caplog.text, 10)
        photo(shop / "after" / "1.jpg", 113)
        os.utime(shop / "after" / "1.jpg", (time.time() + jump,) * 2)
        at.equal(shop)
        assert at.encoded == 31


def test_sources_come_and_go_while_it_runs(home: Path, shop: Path, tmp_path: Path, photo: Photos) -> None:
    photo(tmp_path / "second" / "A" / "1.jpg", 500)
    with watched(home, shop) as at:
        number = at.box.sources.add(tmp_path / "second", values={"ignore": "raw*"})
        until(lambda: "A" in at.box.products)
        photo(tmp_path / "second" / "A" / "raw1.jpg", 501)
        photo(tmp_path / "second" / "A" / "2.jpg", 502)
        until(lambda: len(at.box.products.get("A")["images"]) == 2)
        at.box.sources.set(number, {"ignore": ""})
        until(lambda: len(at.box.products.get("A")["images"]) == 3)
        assert at.box.sources.remove(number, keep=True) == 0
        until(lambda: number not in at.watcher.followers)
        photo(tmp_path / "second" / "B" / "1.jpg", 503)
        time.sleep(1)
        assert "B" not in at.box.products
        assert "A" in at.box.products
        assert at.box.sources.listed()[1].state == "kept"
        assert at.box.search(tmp_path / "second" / "A" / "2.jpg", 1).hits[0].sku == "A"
        at.box.sources.add(tmp_path / "second")
        until(lambda: "B" in at.box.products)
        assert at.box.sources.remove(number, keep=False) == 4
        assert "A" not in at.box.products
        assert [source.source_id for source in at.box.sources.listed()] == [1]
        with pytest.raises(InvalidValue, match="no such rule"):
            at.box.sources.set(1, {"colour": "red"})


def test_manifest_is_followed(home: Path, tmp_path: Path, photo: Photos) -> None:
    photo(tmp_path / "pictures" / "1.jpg", 600)
    photo(tmp_path / "pictures" / "2.jpg", 601)
    manifest = tmp_path / "list.csv"
    manifest.write_text("path,sku\npictures/1.jpg,A\n")
    with Box(home, encoder=FakeEncoder()) as box:
        box.index(manifest=manifest)
    with watched(home, ready=False) as at:
        until(lambda: at.state() == "online")
        manifest.write_text("path,sku\npictures/1.jpg,A\npictures/2.jpg,B\n")
        until(lambda: "B" in at.box.products)
        manifest.rename(tmp_path / "away.csv")
        until(lambda: at.state() == "offline")
        assert len(at.box.products) == 2


def test_products_follow_their_table(home: Path, shop: Path, photo: Photos) -> None:
    rows = "".join(f"S{n},Number {n}\n" for n in range(30))
    (shop / "products.csv").write_text("sku,title\n" + rows)
    with watched(home, shop) as at:
        assert at.box.products.get("S3")["title"] == "Number 3"
        photo(shop / "unknown" / "1.jpg", 700)
        photo(shop / "S3" / "2.jpg", 701)
        at.equal(shop)
        assert "unknown" not in at.box.products, "it waits in the inbox"
        (shop / "products.csv").write_text(
            "sku,title\n" + rows.replace("Number 3\n", "Other\n") + "unknown,Known now\n"
        )
        until(lambda: "unknown" in at.box.products)
        assert at.box.products.get("S3")["title"] == "Other"
        assert at.encoded == 32


def test_half_written_table_deletes_nothing(home: Path, shop: Path) -> None:
    rows = [f"S{n},Number {n}\n" for n in range(30)]
    (shop / "products.csv").write_text("sku,title\n" + "".join(rows))
    with watched(home, shop) as at:
        fewest = 30
        with (shop / "products.csv").open("w") as file:
            file.write("sku,title\n")
            for row in rows[:-1]:
                file.write(row)
                file.flush()
                time.sleep(0.1)
                if row == rows[5]:
                    at.watcher.rescan()
                fewest = min(fewest, len(at.box.products))
        assert fewest == 30
        until(lambda: len(at.box.products) == 29)
        assert at.state() == "online"


@pytest.mark.parametrize("text", ["always", "09:00-09:00"])
def test_quiet_hours_that_are_none(home: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="quiet_hours"):
        Watcher(Box(home, encoder=FakeEncoder(), quiet_hours=text))


def test_errors_are_said_and_waited_out(
    home: Path, shop: Path, photo: Photos, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with watched(home, shop) as at:
        broken = iter([ZeroDivisionError("odd"), ZeroDivisionError("odd")])
        real = at.watcher.box.sync

        def sync() -> Any:
            for error in broken:
                raise error
            return real()

        at.watcher.box.sync = sync  # type: ignore[method-assign]
        photo(shop / "new" / "1.jpg", 800)
        at.equal(shop)
        assert caplog.text.count("ZeroDivisionError: odd") >= 2
        assert "odd" in (at.box.status().watch.last_error or "")


def test_generation_is_built(home: Path, shop: Path) -> None:
    with watched(home, shop) as at:
        until(lambda: at.box.status().generation == 1, 20)
        assert at.box.status().tail == 0
