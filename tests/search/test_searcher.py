"""One query, end to end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeRuntime
from edge_search.errors import EncoderError, InvalidValue, PhotoError

Photos = Callable[..., Path]


@pytest.fixture
def stick(tmp_path: Path, photo: Photos, box: Box) -> Path:
    for number in range(8):
        photo(tmp_path / "stick" / f"sku{number}" / "1.jpg", number)
    box.index(tmp_path / "stick")
    return tmp_path / "stick"


def test_photo_may_be_a_path_bytes_or_an_image(box: Box, stick: Path) -> None:
    path = stick / "sku3" / "1.jpg"
    with Image.open(path) as image:
        answers = [box.search(photo, 3) for photo in (path, str(path), path.read_bytes(), image)]
    assert {tuple(hit.sku for hit in answer.hits) for answer in answers} == {tuple(h.sku for h in answers[0].hits)}
    for answer in answers:
        assert answer.verdict == "match"
        assert [hit.rank for hit in answer.hits] == [1, 2, 3]
        assert (answer.hits[0].sku, answer.hits[0].title) == ("sku3", "sku3")
        assert answer.hits[0].similarity == pytest.approx(1, abs=1e-3)
    assert len({answer.query_id for answer in answers}) == 4


def test_answer_is_plain_json(box: Box, stick: Path) -> None:
    found = json.loads(json.dumps(box.search(stick / "sku1" / "1.jpg").to_dict()))
    assert set(found["timings_ms"]) == {"decode", "encode", "search", "rerank", "total"}
    assert found["timings_ms"]["total"] >= found["timings_ms"]["encode"] > 0
    assert (found["generation"], found["calibrated"], found["quality"]) == (1, False, "ok")


def test_crop_looks_at_a_part_only(box: Box, stick: Path, tmp_path: Path) -> None:
    with Image.open(stick / "sku2" / "1.jpg") as one, Image.open(stick / "sku5" / "1.jpg") as other:
        both = Image.new("RGB", (192, 96))
        both.paste(one, (0, 0))
        both.paste(other, (96, 0))
    assert box.search(both, 1, crop=(0, 0, 96, 96)).hits[0].sku == "sku2"
    assert box.search(both, 1, crop=(0.5, 0, 0.5, 1)).hits[0].sku == "sku5"


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(box: Box, stick: Path, k: int) -> None:
    with pytest.raises(InvalidValue, match=f"k = {k}"):
        box.search(stick / "sku1" / "1.jpg", k)


def test_photo_that_cannot_be_used_is_named(box: Box, stick: Path) -> None:
    with pytest.raises(PhotoError, match=r"missing\.jpg: no such file"):
        box.search(stick / "missing.jpg")


def test_nothing_of_a_query_reaches_the_disk(box: Box, stick: Path, photo: Photos, tmp_path: Path) -> None:
    def everything() -> set[str]:
        return {str(path) for path in box.home.root.rglob("*") if path.suffix not in {".sqlite3-wal", ".sqlite3-shm"}}

    data = photo(tmp_path / "query.jpg", 700).read_bytes()
    before, log = everything(), (box.home.root / "catalog.sqlite3-wal").read_bytes()
    box.search(data)
    assert everything() == before
    assert (box.home.root / "catalog.sqlite3-wal").read_bytes() == log


def test_photo_with_a_name_that_is_no_text_is_shown_by_its_preview(box: Box, photo: Photos, tmp_path: Path) -> None:
    shot = photo(tmp_path / "latin" / "tea" / "1.jpg", 60)
    os.rename(shot, os.fsencode(shot.parent) + b"/caf\xe9.jpg")
    box.index(tmp_path / "latin")
    (hit,) = box.search(photo(tmp_path / "same.jpg", 60)).hits
    assert hit.image is not None
    assert Path(hit.image).is_file()
    hit.image.encode()


def test_feature_that_is_not_finite_is_refused_on_both_sides(
    box: Box, stick: Path, photo: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = FakeRuntime.run

    def broken(self: FakeRuntime, batch: NDArray[np.uint8]) -> Any:
        raw = run(self, batch)
        raw[:, 5] = np.nan
        return raw

    monkeypatch.setattr(FakeRuntime, "run", broken)
    with pytest.raises(EncoderError, match="not finite"):
        box.search(stick / "sku1" / "1.jpg")
    photo(stick / "new" / "1.jpg", 300)
    with pytest.raises(EncoderError, match="not finite"):
        box.index(stick)
    with pytest.raises(EncoderError, match="not finite"):
        box.add("new", stick / "new" / "1.jpg")
    monkeypatch.undo()
    assert box.status().images == 8
    assert box.index(stick).added == 1
