"""Dark and blurred photos are told from good ones, on made-up pictures and on real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from edge_search.imaging.decode import open_photo
from edge_search.imaging.quality import assess


def carton(width: int = 640, height: int = 853) -> Image.Image:
    image = Image.new("RGB", (width, height), (225, 224, 220))
    draw = ImageDraw.Draw(image)
    for at in range(8):
        top = height * (at + 1) // 10
        draw.rectangle((width // 6, top, width * 5 // 6, top + height // 20), fill=(30 * at, 90, 220 - 20 * at))
        draw.text((width // 5, top), "WHOLE MILK 3.5% " * 4, fill="white", font_size=height // 25)
    return image


def test_a_good_picture_at_any_size() -> None:
    for size in ((640, 853), (1279, 700), (200, 200), (90, 60)):
        assert assess(carton(*size)) == "ok"


def test_dark_and_blurred() -> None:
    assert assess(carton().point(lambda level: level / 8)) == "dark"
    assert assess(carton().filter(ImageFilter.GaussianBlur(20))) == "blurred"


def test_dark_comes_before_blurred() -> None:
    assert assess(carton().filter(ImageFilter.GaussianBlur(20)).point(lambda level: level / 8)) == "dark"


def test_nothing_to_see_is_not_ok() -> None:
    assert assess(Image.new("RGB", (640, 480), "white")) == "blurred"
    assert assess(Image.new("RGB", (640, 480), "black")) == "dark"


@pytest.mark.parametrize("size", [(16, 16), (16, 4000), (4000, 16)])
def test_odd_shapes_do_no_harm(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert assess(Image.fromarray(noise)) in ("ok", "blurred")


def test_noise_on_a_blurred_photo_is_no_detail() -> None:
    blurred = np.asarray(carton().filter(ImageFilter.GaussianBlur(20)), dtype=float)
    noisy = blurred + np.random.default_rng(0).normal(0, 6, blurred.shape)
    assert assess(Image.fromarray(noisy.clip(0, 255).astype(np.uint8))) == "blurred"


def test_rates_on_real_photos(grocery: Path) -> None:
    paths = sorted([*grocery.glob("catalog/*/*.jpg"), *grocery.glob("iconic/**/*.jpg")])
    photos = [open_photo(path) for path in paths]
    assert len(photos) > 300
    ok = [assess(photo) for photo in photos].count("ok")
    dark = [assess(photo.point(lambda level: level / 8)) for photo in photos].count("dark")
    blurred = [assess(photo.filter(ImageFilter.GaussianBlur(8))) for photo in photos].count("blurred")
    assert ok > 0.99 * len(photos)
    assert min(dark, blurred) > 0.98 * len(photos)
