"""Following a folder: what happens to its photos."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from edge_search.appliance.box import Box
from tests.sync.conftest import Photos, nearest


def keys(box: Box) -> dict[str, list[int]]:
    return {row["sku"]: [image["image_id"] for image in box.products.get(row["sku"])["images"]] for row in box.products}


def test_second_look_finds_nothing_to_do(box: Box, stick: Path) -> None:
    first = box.index(stick)
    assert (first.added, first.encoded, first.images, first.products) == (6, 6, 6, 3)
    again = box.index(stick)
    assert (again.added, again.updated, again.removed, again.unchanged, again.encoded) == (0, 0, 0, 6, 0)


def test_touched_photo_is_not_encoded_and_keeps_its_key(box: Box, stick: Path) -> None:
    box.index(stick)
    before = keys(box)
    os.utime(stick / "tea" / "1.jpg", ns=(1, 1))
    again = box.index(stick)
    assert (again.encoded, again.updated, again.unchanged) == (0, 0, 6)
    assert keys(box) == before
    assert box.index(stick).unchanged == 6


def test_renamed_photo_is_not_encoded_and_keeps_its_key(box: Box, stick: Path) -> None:
    box.index(stick)
    before = keys(box)
    (stick / "tea" / "1.jpg").rename(stick / "tea" / "front.jpg")
    again = box.index(stick)
    assert (again.encoded, again.added, again.updated, again.removed) == (0, 0, 1, 0)
    assert keys(box) == before
    assert nearest(box, stick / "tea" / "front.jpg") == ["tea"]


def test_renamed_folder_encodes_nothing(box: Box, stick: Path) -> None:
    box.index(stick)
    (stick / "tea").rename(stick / "green tea")
    again = box.index(stick)
    assert (again.encoded, again.added, again.removed, again.products) == (0, 2, 2, 3)
    assert nearest(box, stick / "green tea" / "1.jpg") == ["green tea"]
    assert "tea" not in box.products


def test_copied_photo_is_not_encoded_and_both_skus_are_returned(box: Box, stick: Path) -> None:
    box.index(stick)
    (stick / "twin").mkdir()
    shutil.copy(stick / "tea" / "1.jpg", stick / "twin" / "a.jpg")
    again = box.index(stick)
    assert (again.encoded, again.added, again.products) == (0, 1, 4)
    assert nearest(box, stick / "tea" / "1.jpg") == ["tea", "twin"]


def test_photo_shared_from_the_start_is_encoded_once(box: Box, stick: Path) -> None:
    shutil.copytree(stick / "tea", stick / "twin")
    assert box.index(stick).encoded == 6
    assert nearest(box, stick / "tea" / "2.jpg") == ["tea", "twin"]


def test_swapped_photos_are_not_encoded(box: Box, stick: Path) -> None:
    box.index(stick)
    one, other = stick / "tea" / "1.jpg", stick / "milk" / "1.jpg"
    content = one.read_bytes(), other.read_bytes()
    one.write_bytes(content[1])
    other.write_bytes(content[0])
    again = box.index(stick)
    assert (again.encoded, again.updated, again.images) == (0, 2, 6)
    assert nearest(box, content[0]) == ["milk"]
    assert nearest(box, content[1]) == ["tea"]


def test_replaced_photo_gets_a_new_key_and_the_old_one_never_matches(box: Box, stick: Path, photo: Photos) -> None:
    box.index(stick)
    before = keys(box)
    old = (stick / "tea" / "1.jpg").read_bytes()
    photo(stick / "tea" / "1.jpg", 99)
    again = box.index(stick)
    assert (again.encoded, again.updated, again.images) == (1, 1, 6)
    assert nearest(box, old) == []
    assert nearest(box, stick / "tea" / "1.jpg") == ["tea"]
    (new,) = set(keys(box)["tea"]) - set(before["tea"])
    assert new > max(key for old in before.values() for key in old)


def test_removed_photo_is_not_found(box: Box, stick: Path) -> None:
    box.index(stick)
    gone = (stick / "tea" / "1.jpg").read_bytes()
    (stick / "tea" / "1.jpg").unlink()
    again = box.index(stick)
    assert (again.removed, again.images, again.products) == (1, 5, 3)
    assert nearest(box, gone) == []
    (stick / "tea" / "2.jpg").unlink()
    assert box.index(stick).products == 2


def test_bad_file_is_named_remembered_and_tried_again_when_it_changes(
    box: Box, stick: Path, photo: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = stick / "tea" / "3.jpg"
    bad.write_bytes((stick / "tea" / "1.jpg").read_bytes()[:-900])
    (stick / "tea" / "empty.jpg").touch()
    first = box.index(stick)
    assert [skipped.path for skipped in first.skipped] == ["tea/empty.jpg", "tea/3.jpg"]
    assert (first.added, first.products) == (6, 3)

    def never(*args: object, **kwargs: object) -> Image.Image:
        raise AssertionError("decoded again")

    with monkeypatch.context() as patched:
        patched.setattr("edge_search.ingest.pipeline.decode", never)
        assert sorted(s.path for s in box.index(stick).skipped) == ["tea/3.jpg", "tea/empty.jpg"]
        assert {(s.path, bool(s.reason)) for s in box.status().skipped} == {
            ("tea/3.jpg", True),
            ("tea/empty.jpg", True),
        }
    photo(bad, 77)
    (stick / "tea" / "empty.jpg").unlink()
    assert (box.index(stick).added, box.status().skipped) == (1, ())
