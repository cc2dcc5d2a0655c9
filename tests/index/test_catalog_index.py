"""Generations: published by one commit, healed when a file is lost, never missing anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.store import generations

Photos = Callable[..., Path]


@pytest.fixture
def stick(tmp_path: Path, photo: Photos) -> Path:
    for number in range(90):
        photo(tmp_path / "stick" / f"sku{number // 3:02d}" / f"{number}.png", number, size=(32, 32))
    return tmp_path / "stick"


def answers(box: Box, stick: Path) -> list[list[str]]:
    return [[hit.sku for hit in box.search(shot, 9).hits] for shot in sorted(stick.rglob("*.png"))[::9]]


def files(box: Box, suffix: str = "") -> list[Path]:
    return sorted(path for path in box.home.index.iterdir() if path.name.endswith(suffix))


def test_first_index_publishes_everything(box: Box, stick: Path) -> None:
    box.index(stick)
    status = box.status()
    assert (status.generation, status.tail, status.masked, status.degraded) == (1, 0, 0, ())
    assert len(files(box)) == 3


def test_new_photo_is_in_the_tail_and_a_removed_one_is_masked(box: Box, stick: Path, photo: Photos) -> None:
    box.index(stick)
    photo(stick / "sku00" / "new.png", 500)
    (stick / "sku00" / "0.png").unlink()
    box.index(stick)
    status = box.status()
    assert (status.generation, status.tail, status.masked) == (1, 1, 1)
    assert box.search(stick / "sku00" / "new.png").hits[0].similarity > 0.9999
    assert answers(box, stick) == [
        [hit.sku for hit in box.search(shot, 9, exact=True).hits] for shot in sorted(stick.rglob("*.png"))[::9]
    ]


def test_deleted_keys_are_never_returned(box: Box, stick: Path) -> None:
    box.index(stick)
    shot = (stick / "sku00" / "0.png").read_bytes()
    gone = box.products.get("sku00")["images"]
    for image in gone:
        box.remove_image(image["image_id"])
    for exact in (False, True):
        hits = box.search(shot, 30, exact=exact).hits
        assert len(hits) == 29
        assert not {hit.image_id for hit in hits} & {image["image_id"] for image in gone}


@pytest.mark.parametrize("suffix", [".usearch", ".vectors.npy", ".keys.npy"])
@pytest.mark.parametrize("damage", ["lost", "cut", "flipped", "foreign"])
def test_damaged_file_costs_no_answer_and_compact_heals(
    damage: str, suffix: str, box: Box, stick: Path, photo: Photos, caplog: pytest.LogCaptureFixture
) -> None:
    box.index(stick)
    photo(stick / "sku00" / "tail.png", 500)
    box.index(stick)
    before = answers(box, stick)
    box.close()
    (path,) = files(box, suffix)
    data = bytearray(path.read_bytes())
    path.unlink()
    data[len(data) // 2] ^= 4
    if damage != "lost":
        path.write_bytes({"cut": bytes(data[:-100]), "flipped": bytes(data), "foreign": bytes(len(data))}[damage])
    with Box(box.home.root, encoder=FakeEncoder()) as again:
        assert answers(again, stick) == before
        assert path.name in caplog.text
        assert any("compact" in reason for reason in again.status().degraded)
        again.compact()
        assert again.status().degraded == ()
        assert answers(again, stick) == before
    with Box(box.home.root, encoder=FakeEncoder()) as third:
        assert third.status().degraded == ()


def test_next_index_heals_too(box: Box, stick: Path) -> None:
    box.index(stick)
    box.close()
    for path in files(box):
        path.unlink()
    with Box(box.home.root, encoder=FakeEncoder()) as again:
        again.index(stick)
        assert again.status().degraded == ()
        assert len(files(again)) == 3


def test_files_of_the_last_two_generations_stay_the_rest_goes(box: Box, stick: Path) -> None:
    box.index(stick)
    first = set(files(box))
    (box.home.index / "segment-left-by-a-crash.usearch").write_bytes(b"x")
    box.compact()
    second = set(files(box)) - first
    assert first < set(files(box))
    box.compact()
    assert not first & set(files(box))
    assert second < set(files(box))
    assert len(files(box)) == 6


def test_open_box_follows_a_generation_another_published(box: Box, stick: Path) -> None:
    box.index(stick)
    before = answers(box, stick)
    with Box(box.home.root, encoder=FakeEncoder()) as other:
        for _ in range(3):
            other.compact()
    assert answers(box, stick) == before
    assert box.status().generation == 4
    assert box.status().degraded == ()


def test_generation_of_another_encoder_is_left_alone(box: Box, stick: Path) -> None:
    box.index(stick)
    with box.database.write() as tables:
        tables.execute("UPDATE generations SET fingerprint = 'another'")
    with Box(box.home.root, encoder=FakeEncoder()) as again:
        assert answers(again, stick) == answers(box, stick)


def test_published_files_carry_the_hash_of_what_is_on_disk(box: Box, stick: Path) -> None:
    box.index(stick)
    with box.database.read() as tables:
        generation = generations.current(tables)
        (stored,) = tables.execute("SELECT files FROM segments").fetchone()
    assert generation is not None
    for file in json.loads(stored):
        path = box.home.index / file["name"]
        assert sha256(path.read_bytes()).hexdigest() == file["sha256"]
        assert (path.stat().st_size, path.stat().st_mtime_ns) == (file["size"], file["mtime_ns"])


def test_empty_catalog_can_be_published_and_filled(box: Box, stick: Path) -> None:
    assert box.compact() == 1
    shot = sorted(stick.rglob("*.png"))[0]
    assert box.search(shot).hits == ()
    assert box.search(shot).verdict == "none"
    box.index(stick)
    assert box.search(shot).hits[0].sku == "sku00"
