"""Following a folder that is gone, empty or broken, and a run that is cut off."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import EncoderError, SourceMissing
from tests.sync.conftest import Photos, nearest


def test_missing_source_deletes_nothing(box: Box, stick: Path, tmp_path: Path) -> None:
    box.index(stick)
    shot = (stick / "tea" / "1.jpg").read_bytes()
    stick.rename(tmp_path / "elsewhere")
    with pytest.raises(SourceMissing, match="stick"):
        box.index(stick)
    assert nearest(box, shot) == ["tea"]
    status = box.status()
    assert [source.state for source in status.sources] == ["offline"]
    assert status.degraded
    assert (status.images, status.products) == (6, 3)


def test_missing_source_keeps_no_other_waiting(box: Box, stick: Path, tmp_path: Path, photo: Photos) -> None:
    photo(tmp_path / "second" / "rice" / "1.jpg", 50)
    box.index(stick)
    box.index(tmp_path / "second")
    stick.rename(tmp_path / "elsewhere")
    photo(tmp_path / "second" / "rice" / "2.jpg", 51)
    with pytest.raises(SourceMissing, match="stick"):
        box.index()
    assert nearest(box, tmp_path / "second" / "rice" / "2.jpg") == ["rice"]


def test_empty_folder_deletes_nothing_without_a_yes(box: Box, stick: Path) -> None:
    box.index(stick)
    shutil.rmtree(stick)
    stick.mkdir()
    held = box.index(stick)
    assert held.held is not None
    assert (held.removed, held.images, held.products) == (0, 6, 3)
    assert [source.state for source in box.status().sources] == ["held"]
    done = box.index(stick, yes=True)
    assert (done.held, done.removed, done.images, done.products) == (None, 6, 0, 0)
    assert [source.state for source in box.status().sources] == ["online"]


def test_killed_half_way_goes_on_where_it_stopped(home: Path, tmp_path: Path, photo: Photos) -> None:
    for number in range(150):
        photo(tmp_path / "stick" / f"sku{number}" / "1.png", number, size=(32, 32))

    class Stops(FakeEncoder):
        left = 100

        def encode(self, images: object) -> object:  # type: ignore[override]
            self.left -= 1
            if self.left < 0:
                raise EncoderError("power cut")
            return super().encode(images)  # type: ignore[arg-type]

    with Box(home, encoder=Stops(), threads=2) as box, pytest.raises(EncoderError, match="power cut"):
        box.index(tmp_path / "stick")
    with Box(home, encoder=FakeEncoder(), threads=2) as box:
        done = box.status().images
        assert 64 <= done < 150
        again = box.index(tmp_path / "stick")
        assert again.unchanged == done
        assert again.encoded == again.added == 150 - done
        assert (again.images, again.products) == (150, 150)


def test_previews_answer_when_the_stick_is_gone(box: Box, stick: Path, tmp_path: Path) -> None:
    box.index(stick)
    shot = (stick / "tea" / "1.jpg").read_bytes()
    assert box.search(shot).hits[0].image == str(stick / "tea" / "1.jpg")
    stick.rename(tmp_path / "elsewhere")
    picture = box.search(shot).hits[0].image
    assert picture is not None
    assert box.home.previews in Path(picture).parents
    with Image.open(picture) as image:
        assert image.size == (96, 96)


def test_share_that_broke_down_costs_no_answer(box: Box, stick: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box.index(stick)
    shot = (stick / "tea" / "1.jpg").read_bytes()
    stat = os.stat

    def broken(path: Any, **options: Any) -> os.stat_result:
        if str(path).startswith(str(stick)):
            raise OSError(errno.EHOSTDOWN, os.strerror(errno.EHOSTDOWN))
        return stat(path, **options)

    monkeypatch.setattr(os, "stat", broken)
    picture = box.search(shot).hits[0].image
    assert picture is not None
    assert box.home.previews in Path(picture).parents
    assert [source.state for source in box.status().sources] == ["offline"]


def test_no_previews_when_they_are_disabled(home: Path, box: Box, stick: Path) -> None:
    with Box(home, encoder=FakeEncoder(), previews=False) as plain:
        plain.index(stick)
        assert list(plain.home.previews.rglob("*.jpg")) == []
        assert plain.index(stick).unchanged == 6
