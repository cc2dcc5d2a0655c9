"""Teaching: photos given by hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import InvalidValue, PhotoError

Photos = Callable[..., Path]


def test_taught_photo_is_found_at_once_and_outlives_its_original(box: Box, photo: Photos, tmp_path: Path) -> None:
    original = photo(tmp_path / "shot.jpg", 1)
    data = original.read_bytes()
    keys = box.add("tea", original, title="Green tea", price="1,99 €", shelf=4)
    assert len(keys) == 1
    original.unlink()
    (hit,) = box.search(data).hits
    assert (hit.sku, hit.title, hit.price, hit.image_id) == ("tea", "Green tea", 1.99, keys[0])
    assert hit.attributes == {"shelf": "4"}
    assert hit.image is not None
    assert Path(hit.image).read_bytes() == data
    assert box.home.taught in Path(hit.image).parents
    assert [h.sku for h in box.search(data, where="shelf=4").hits] == ["tea"]


def test_photo_taught_twice_keeps_its_key(box: Box, photo: Photos, tmp_path: Path) -> None:
    first, second = photo(tmp_path / "1.jpg", 1), photo(tmp_path / "2.jpg", 2)
    (key,) = box.add("tea", first)
    keys = box.add("tea", [first, second, first])
    assert keys[0] == keys[2] == key != keys[1]
    assert box.status().images == 2


def test_two_skus_may_share_a_taught_photo(box: Box, photo: Photos, tmp_path: Path) -> None:
    shot = photo(tmp_path / "1.jpg", 1)
    box.add("tea", shot)
    box.add("TEA", shot)
    assert sorted(hit.sku for hit in box.search(shot).hits if hit.similarity > 0.9999) == ["TEA", "tea"]


def test_one_bad_photo_stores_none(box: Box, photo: Photos, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"^photo 2 of 2 for tea: [^\n]+$"):
        box.add("tea", [photo(tmp_path / "1.jpg", 1).read_bytes(), b"no photo"])
    with pytest.raises(PhotoError, match=r"missing\.jpg"):
        box.add("tea", [tmp_path / "missing.jpg"])
    assert box.status().images == 0
    assert "tea" not in box.products


@pytest.mark.parametrize("sku", ["", "a/b", "..", "a\nb"])
def test_sku_that_cannot_be_used_is_refused(box: Box, photo: Photos, tmp_path: Path, sku: str) -> None:
    with pytest.raises(InvalidValue, match=r"^product .*SKU"):
        box.add(sku, photo(tmp_path / "1.jpg", 1))


def test_value_that_cannot_be_read_is_refused(box: Box, photo: Photos, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"price.*cheap"):
        box.add("tea", photo(tmp_path / "1.jpg", 1), price="cheap")
    assert len(box.products) == 0


def test_nothing_to_add_is_refused(box: Box) -> None:
    with pytest.raises(InvalidValue, match="no photo"):
        box.add("tea", [])
    assert len(box.products) == 0


def test_long_foreign_sku_can_be_taught(box: Box, photo: Photos, tmp_path: Path) -> None:
    shot = photo(tmp_path / "1.jpg", 1)
    box.add("茶" * 128, shot)
    assert box.search(shot).hits[0].sku == "茶" * 128


def test_pillow_image_is_taught_as_it_is_searched(box: Box, tmp_path: Path, photo: Photos) -> None:
    """Upright, and alpha over white; a plain conversion keeps neither."""
    with Image.open(photo(tmp_path / "1.png", 3)) as opened:
        image = opened.convert("RGBA")
    image.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 96, dtype=np.uint8), (96, 1))))
    image.getexif()[Base.Orientation] = 6
    image.save(tmp_path / "turned.png", exif=image.getexif())
    with Image.open(tmp_path / "turned.png") as turned:
        box.add("tea", turned)
        assert box.search(turned).hits[0].similarity > 0.999
    assert box.search(tmp_path / "turned.png").hits[0].similarity > 0.999


def test_taught_product_and_photo_survive_a_restart(box: Box, photo: Photos, tmp_path: Path) -> None:
    shot = photo(tmp_path / "1.jpg", 1)
    box.add("tea", shot)
    box.close()
    with Box(box.home.root, encoder=FakeEncoder()) as again:
        assert again.search(shot).hits[0].sku == "tea"
        assert again.products.get("tea")["images"][0]["path"].startswith("taught/tea/")


def test_no_temporary_file_stays(box: Box, photo: Photos, tmp_path: Path) -> None:
    box.add("tea", photo(tmp_path / "1.jpg", 1))
    assert [name for _, _, names in os.walk(box.home.root) for name in names if name.endswith(".tmp")] == []
