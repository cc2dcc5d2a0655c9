"""Switching the catalog to another encoder: old answers until all is ready, then new ones, never a mixture."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_search.appliance.box import Box
from edge_search.encoder.encoder import Encoder
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import EncoderChanged, EncoderError, InvalidValue, NoSpace, NotFound
from edge_search.index.builder import Builder
from edge_search.index.segment import write_segment
from edge_search.ingest import switch as switch_module
from edge_search.store import features, generations
from edge_search.store.database import Database
from edge_search.types import Answer
from tests.appliance.encoders import NEW, OLD, Open

Photos = Callable[..., Path]


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch_module, "_BATCH", 4)


def told(answer: Answer) -> list[tuple[str, float, float]]:
    return [(hit.sku, hit.score, hit.similarity) for hit in answer.hits]


def counted(box: Box) -> dict[str, int]:
    return box.switching.features()


def switched(box: Box, name: str = "new", **options: Any) -> None:
    assert box.switching.start(name, **options)
    assert box.switching.run() is not None


def stopped_after(box: Box, batches: int) -> None:
    """Let a pending switch run for some batches."""
    calls = iter([False] * batches + [True] * 100)
    assert box.switching.run(stop=lambda: next(calls)) is None


def test_after_a_switch_all_is_as_if_indexed_anew(opened: Open, shop: Path, photo: Photos, tmp_path: Path) -> None:
    box = opened()
    box.index(shop)
    taught = photo(tmp_path / "taught.png", 50)
    box.add("taught", taught)
    assert box.switching.start("new")
    seen: list[tuple[int, int]] = []
    report = box.switching.run(lambda done, total: seen.append((done, total)))
    assert report is not None
    assert (report.name, report.photos, report.dropped) == ("new", 13, ())
    assert (report.from_folder, report.from_taught, report.from_previews) == (12, 1, 0)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (13, 13)
    status = box.status()
    assert (status.encoder, status.tail, status.switch) == (f"new@{NEW.fingerprint}", 0, None)
    assert box.upkeep.verify() == []
    with Box(tmp_path / "fresh", encoder=NEW, threads=1) as fresh:
        fresh.index(shop)
        fresh.add("taught", taught)
        fresh.compact()
        assert fresh.status().catalog_digest == status.catalog_digest
        for shot in [*sorted(shop.rglob("*.png")), taught]:
            for exact in (False, True):
                assert told(box.search(shot, 20, exact=exact)) == told(fresh.search(shot, 20, exact=exact))


def test_old_answers_go_on_until_all_is_ready(opened: Open, shop: Path) -> None:
    box, other = opened(), opened()
    box.index(shop)
    shot = shop / "sku03" / "1.png"
    before = other.search(shot)
    assert box.switching.start("new")
    stopped_after(box, 2)
    now = other.status().switch
    assert now is not None
    assert (now.to, now.done, now.total, now.from_folder, now.problem) == ("new", 8, 12, 8, None)
    assert now == box.switching.pending()
    assert told(other.search(shot)) == told(before)
    assert other.upkeep.verify() == []
    report = opened().switching.run()
    assert report is not None
    assert report.from_folder == 12, "what was committed before is counted, and not encoded again"
    after = other.search(shot)
    assert (before.encoder, after.encoder) == (f"old@{OLD.fingerprint}", f"new@{NEW.fingerprint}")
    assert (after.hits[0].sku, after.generation) == ("sku03", report.generation)


def test_what_others_bring_meanwhile_is_caught_up_with(opened: Open, shop: Path, photo: Photos, tmp_path: Path) -> None:
    box, other = opened(), opened()
    box.index(shop)
    assert box.switching.start("new")
    brought: list[Path] = []

    def bring(done: int, total: int) -> None:
        number = len(brought)
        if number < 20:
            brought.append(photo(tmp_path / "more" / f"{number}.png", 100 + number, size=(64, 64)))
            other.add(f"more{number}", brought[-1])
            brought.append(photo(shop / f"new{number}" / "1.png", 200 + number, size=(64, 64)))
            other.index(shop)

    assert box.switching.run(bring) is not None
    assert len(brought) >= 8
    for shot in brought:
        for exact in (False, True):
            hit = box.search(shot, exact=exact).hits[0]
            assert hit.similarity > 0.999
    assert box.upkeep.verify() == []
    assert counted(box)[NEW.fingerprint] == 12 + len(brought)


def test_photos_that_come_while_the_index_is_built_are_its_tail(
    opened: Open, shop: Path, photo: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, other = opened(), opened()
    box.index(shop)
    late = photo(tmp_path / "late.png", 77, size=(64, 64))

    def slow(*arguments: Any) -> Any:
        other.add("late", late)
        return write_segment(*arguments)

    monkeypatch.setattr("edge_search.index.successor.write_segment", slow)
    switched(box)
    status = other.status()
    assert (status.images, status.tail, status.encoder) == (13, 1, f"new@{NEW.fingerprint}")
    assert other.search(late).hits[0].sku == "late"
    assert other.upkeep.verify() == []


def test_the_way_back_needs_no_encoding_until_compact(opened: Open, shop: Path) -> None:
    box = opened()
    box.index(shop)
    first = told(box.search(shop / "sku05" / "1.png", 12))
    switched(box)
    assert counted(box) == {OLD.fingerprint: 12, NEW.fingerprint: 12}
    shutil.rmtree(shop / "sku00")
    box.index(shop)
    assert box.switching.start("old")
    report = box.switching.run()
    assert report is not None
    assert (report.name, report.from_folder, report.from_previews) == ("old", 0, 0)
    again = told(box.search(shop / "sku05" / "1.png", 12))
    assert again == [row for row in first if row[0] != "sku00"]
    box.compact()
    assert counted(box) == {OLD.fingerprint: 11}
    assert len(list(box.home.index.iterdir())) <= 6


def test_compact_keeps_what_a_pending_switch_has(opened: Open, shop: Path) -> None:
    box = opened()
    box.index(shop)
    assert box.switching.start("new")
    stopped_after(box, 2)
    box.compact()
    assert counted(box) == {OLD.fingerprint: 12, NEW.fingerprint: 8}
    report = box.switching.run()
    assert report is not None
    assert report.from_folder == 12


def test_cancel_drops_the_switch_and_its_features(opened: Open, shop: Path) -> None:
    box = opened()
    box.index(shop)
    assert box.switching.start("new")
    stopped_after(box, 2)
    assert box.switching.cancel() == 8
    assert counted(box) == {OLD.fingerprint: 12}
    assert (box.switching.pending(), box.status().switch) == (None, None)
    assert box.switching.run() is None
    with pytest.raises(NotFound, match="no switch of the encoder is pending"):
        box.switching.cancel()


def test_cancelled_elsewhere_a_run_ends(opened: Open, shop: Path) -> None:
    box, other = opened(), opened()
    box.index(shop)
    assert box.switching.start("new")
    cancelled: list[int] = []
    assert (
        box.switching.run(lambda done, total: cancelled.append(other.switching.cancel()) if done == 8 else None) is None
    )
    assert cancelled == [8]
    assert counted(box) == {OLD.fingerprint: 12}
    assert box.status().encoder == f"old@{OLD.fingerprint}"


def test_cancelling_the_way_back_keeps_what_was_there(opened: Open, shop: Path) -> None:
    box = opened()
    box.index(shop)
    switched(box)
    assert box.switching.start("old")
    assert box.switching.cancel() == 0
    assert counted(box) == {OLD.fingerprint: 12, NEW.fingerprint: 12}


def test_two_switches_at_once_are_refused(opened: Open, shop: Path) -> None:
    third = FakeEncoder("fake000000000002", name="third", grid=2)
    with Box(opened().home.root, encoder=[OLD, NEW, third], threads=1) as box:
        box.index(shop)
        assert not box.switching.start("old")
        assert box.switching.start("new")
        assert box.switching.start("new")
        with pytest.raises(InvalidValue, match="a switch to new is pending"):
            box.switching.start("third")
        with pytest.raises(NotFound, match="'fourth' is not installed; there is: old, new, third"):
            box.switching.start("fourth")


def test_setting_that_wants_another_encoder_stands_in_the_way(opened: Open, shop: Path) -> None:
    opened().index(shop)
    with pytest.raises(InvalidValue, match="the setting 'model' is old"):
        opened(model="old").switching.start("new")
    with pytest.raises(EncoderError, match="'edge-search model use new' switches"):
        opened(model="new").search(shop / "sku01" / "1.png")
    box = opened(model="new")
    assert box.switching.start("new")
    stopped_after(box, 1)
    assert box.search(shop / "sku01" / "1.png").encoder.startswith("old@")
    assert box.switching.run() is not None
    assert box.search(shop / "sku01" / "1.png").encoder.startswith("new@")


def test_an_empty_catalog_is_switched_too(opened: Open, shop: Path) -> None:
    box, other = opened(), opened()
    switched(box)
    other.index(shop)
    assert other.status().encoder == f"new@{NEW.fingerprint}"
    assert counted(other) == {NEW.fingerprint: 12}


def test_previews_stand_in_for_a_folder_that_is_gone(opened: Open, shop: Path, photo: Photos, tmp_path: Path) -> None:
    box = opened()
    box.index(shop)
    box.add("taught", photo(tmp_path / "taught.png", 60))
    shots = {path.parent.name: path.read_bytes() for path in sorted(shop.rglob("*.png"))}
    photo(shop / "sku00" / "1.png", 500)  # replaced, but not read yet: the store still shows the one before
    (shop / "sku01" / "1.png").unlink()
    shutil.rmtree(shop / "sku02")
    assert box.switching.start("new")
    report = box.switching.run()
    assert report is not None
    assert (report.from_folder, report.from_taught, report.from_previews) == (9, 1, 3)
    assert {sku: box.search(shot).hits[0].sku for sku, shot in shots.items()} == {sku: sku for sku in shots}
    assert box.upkeep.verify() == []


def test_photos_that_are_nowhere_stop_the_switch_by_name(opened: Open, shop: Path) -> None:
    box = opened(previews=False)
    box.index(shop)
    shutil.move(shop / "sku03", shop.parent / "sku03")
    with pytest.raises(EncoderError, match=r"1 photo can't be encoded with new.* sku03/1.png \(sku03\); bring"):
        box.switching.start("new")
    assert box.switching.pending() is None
    switched(box, without_missing=True)
    assert box.search(shop / "sku04" / "1.png", 50).hits[0].sku == "sku04"
    assert "sku03" not in [hit.sku for hit in box.search(shop / "sku04" / "1.png", 50).hits]
    assert box.upkeep.verify() == []
    shutil.move(shop.parent / "sku03", shop / "sku03")
    assert box.index(shop).added == 1
    assert box.search(shop / "sku03" / "1.png").hits[0].sku == "sku03"


def test_photos_that_are_lost_on_the_way_keep_it_pending(opened: Open, shop: Path) -> None:
    box = opened(previews=False)
    box.index(shop)
    assert box.switching.start("new")
    shutil.move(shop, shop.parent / "unplugged")
    with pytest.raises(EncoderError, match=r"12 photos can't be encoded .* and 7 more; bring the folder back"):
        box.switching.run()
    now = box.status()
    assert now.switch is not None
    assert now.switch.problem is not None
    assert any("the switch to new stands still: 12 photos" in line for line in now.degraded)
    shutil.move(shop.parent / "unplugged", shop)
    report = box.switching.run()
    assert report is not None
    assert (report.from_folder, report.dropped) == (12, ())
    assert box.status().degraded == ()


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_large_catalog_gets_several_segments(
    opened: Open, shop: Path, lost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_search.index.successor.LARGEST", 4)
    box = opened(previews=False)
    box.index(shop)
    gone = {f"sku{number:02d}" for number in range(4 * lost, 4 * lost + 4)}
    for sku in gone:
        (shop / sku / "1.png").write_bytes(b"damaged")
    switched(box, without_missing=True)
    status = box.status()
    assert (status.images, status.tail, status.masked) == (8, 0, 0)
    assert len([path for path in box.home.index.iterdir() if "keys" in path.name]) == 3
    for number in range(12):
        if (sku := f"sku{number:02d}") not in gone:
            assert box.search(shop / sku / "1.png").hits[0].sku == sku
    assert box.upkeep.verify() == []


def test_dropped_photos_are_named(opened: Open, shop: Path) -> None:
    box = opened(previews=False)
    box.index(shop)
    (shop / "sku03" / "1.png").write_bytes(b"damaged")
    assert box.switching.start("new", without_missing=True)
    report = box.switching.run()
    assert report is not None
    assert (report.dropped, report.photos) == (("sku03/1.png (sku03)",), 11)


def between(monkeypatch: pytest.MonkeyPatch, encoder: Encoder, work: Callable[[], object]) -> None:
    """Do ``work`` once, right after ``encoder`` has encoded something."""
    encode = encoder.encode
    todo = [work]

    def encoded(images: Any) -> Any:
        found = encode(images)
        if todo:
            todo.pop()()
        return found

    monkeypatch.setattr(encoder, "encode", encoded)


def test_query_that_meets_the_switch_is_encoded_again(
    opened: Open, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, other = opened(), opened()
    box.index(shop)
    between(monkeypatch, OLD, lambda: switched(other))
    answer = box.search(shop / "sku07" / "1.png")
    assert (answer.encoder, answer.hits[0].sku) == (f"new@{NEW.fingerprint}", "sku07")
    assert answer.hits[0].similarity > 0.999


def test_teaching_that_meets_the_switch_is_encoded_again(
    opened: Open, shop: Path, photo: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, other = opened(), opened()
    box.index(shop)
    between(monkeypatch, OLD, lambda: switched(other))
    taught = photo(tmp_path / "taught.png", 70)
    box.add("taught", taught, price=3)
    assert box.search(taught).hits[0].sku == "taught"
    assert box.upkeep.verify() == []
    assert counted(box) == {OLD.fingerprint: 12, NEW.fingerprint: 13}


def test_a_switch_waits_for_an_index_that_runs(
    opened: Open, shop: Path, photo: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, other = opened(), opened()
    box.index(shop)
    photo(shop / "late" / "1.png", 80)
    assert other.switching.start("new")
    threads: list[threading.Thread] = []

    def begin() -> None:
        threads.append(threading.Thread(target=other.switching.run))
        threads[0].start()
        threads[0].join(1)
        assert threads[0].is_alive()

    between(monkeypatch, OLD, begin)
    assert box.index(shop).added == 1
    threads[0].join(60)
    assert box.status().encoder == f"new@{NEW.fingerprint}"
    assert box.search(shop / "late" / "1.png").hits[0].sku == "late"
    assert box.upkeep.verify() == []


def test_index_with_an_encoder_that_the_catalog_has_no_more_stores_nothing(opened: Open, shop: Path) -> None:
    box, other = opened(), opened()
    box.index(shop)
    builder = Builder(box.database, box.catalog_index)
    switched(other)
    before = box.status().generation
    with pytest.raises(EncoderChanged, match="switched to new"):
        builder.publish(anew=True)
    with box.database.read() as tables:
        current = generations.current(tables)
        assert current is not None
        assert (current.generation_id, current.fingerprint) == (before, NEW.fingerprint)
    assert box.compact() == before + 1


def test_full_disk_pauses_the_switch(opened: Open, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = opened()
    box.index(shop)
    assert box.switching.start("new")
    answers = iter([None, NoSpace("only 1.0 MiB are free"), NoSpace("only 1.0 MiB are free")])

    def need(_: Database, size: int = 0) -> None:
        if (error := next(answers)) is not None:
            raise error

    with monkeypatch.context() as full:
        full.setattr(Database, "need_space", need)
        with pytest.raises(NoSpace, match="only"):
            box.switching.run()
    now = box.switching.pending()
    assert now is not None
    assert (now.done, now.problem) == (4, "only 1.0 MiB are free")
    assert box.search(shop / "sku01" / "1.png").hits[0].sku == "sku01"
    assert box.switching.run() is not None


def test_a_switch_that_would_not_fit_is_not_begun(opened: Open, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = opened()
    box.index(shop)
    asked: list[int] = []

    def need(_: Database, size: int = 0) -> None:
        asked.append(size)
        raise NoSpace("no room")

    monkeypatch.setattr(Database, "need_space", need)
    with pytest.raises(NoSpace, match="no room"):
        box.switching.start("new")
    assert box.switching.pending() is None
    assert asked[0] > 12 * (2 * NEW.dimension + 3 * NEW.dimension)


def test_features_that_rot_before_the_switch_are_made_again(opened: Open, shop: Path) -> None:
    box = opened()
    box.index(shop)
    switched(box)
    with box.database.write() as tables:
        tables.execute("UPDATE features SET crc32 = crc32 + 1 WHERE fingerprint = ?", [OLD.fingerprint])
    assert box.switching.start("old")
    report = box.switching.run()
    assert report is not None
    assert (report.name, report.from_folder) == ("old", 12)
    assert box.upkeep.verify() == []


def test_the_work_is_behind_all_other_and_the_caller_is_not(
    opened: Open, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = opened()
    box.index(shop)
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    seen: set[int] = set()
    encode = NEW.encode

    def encoded(images: Any) -> Any:
        seen.add(os.getpriority(os.PRIO_PROCESS, 0))
        return encode(images)

    monkeypatch.setattr(NEW, "encode", encoded)
    switched(box)
    assert seen == {max(10, mine)}
    assert os.getpriority(os.PRIO_PROCESS, 0) == mine


def test_pages_of_many_contents_are_collected(box: Box) -> None:
    hashes = [f"{number:064x}" for number in range(2500)]
    with box.database.write() as tables:
        for fingerprint in ("x", "y"):
            features.put(tables, fingerprint, {digest: np.ones(2, np.float32) for digest in hashes})
        count, after = 0, ""
        rounds = 0
        while True:
            dropped, following = features.drop_all(tables, "x", after=after)
            count, rounds = count + dropped, rounds + 1
            if following is None:
                break
            after = following
        assert (count, features.counted(tables)) == (2500, {"y": 2500})
        assert rounds > 2
