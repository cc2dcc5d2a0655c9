"""simulate(): seeded, the size kept, every kind of picture accepted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from edge_search.errors import InvalidValue
from edge_search.imaging import cutout as module
from edge_search.imaging.backdrop import backdrop
from edge_search.imaging.cutout import cutout, is_cut_out
from edge_search.imaging.simulate import simulate


def on_white(size: tuple[int, int] = (160, 200)) -> Image.Image:
    """A red box with a white label on a white ground."""
    picture = Image.new("RGB", size, (253, 253, 253))
    draw = ImageDraw.Draw(picture)
    width, height = size
    draw.rectangle((width * 0.25, height * 0.2, width * 0.75, height * 0.8), (180, 30, 40))
    draw.rectangle((width * 0.4, height * 0.4, width * 0.6, height * 0.6), (253, 253, 253))
    return picture


def photo(picture: Image.Image, seed: int, **options: float) -> Image.Image:
    return simulate(picture, np.random.default_rng(seed), **options)  # type: ignore[arg-type]


def test_same_seed_same_photo() -> None:
    assert photo(on_white(), 7).tobytes() == photo(on_white(), 7).tobytes()


def test_other_seeds_other_photos() -> None:
    photos = {photo(on_white(), seed).tobytes() for seed in range(8)}
    assert len(photos) == 8


def test_the_picture_itself_is_not_changed() -> None:
    picture = on_white()
    before = picture.tobytes()
    photo(picture, 1)
    assert picture.tobytes() == before


@pytest.mark.parametrize("size", [(160, 200), (201, 33), (31, 97), (12, 12), (3, 5), (1, 1)])
def test_size_kept_and_rgb(size: tuple[int, int]) -> None:
    for seed in range(6):
        result = photo(on_white(size) if min(size) > 8 else Image.new("RGB", size, "navy"), seed)
        assert (result.size, result.mode) == (size, "RGB")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16"])
def test_every_mode(mode: str) -> None:
    picture = Image.new("I;16", (60, 80), 300) if mode == "I;16" else on_white((60, 80)).convert(mode)
    assert photo(picture, 3).mode == "RGB"


def test_picture_without_white_ground_stays_whole() -> None:
    picture = Image.new("RGB", (200, 200), (20, 60, 200))
    assert cutout(picture) is None
    blue = np.asarray(
        simulate(picture, np.random.default_rng(2), background=Image.new("RGB", (9, 9), "white"), strength=0.3)
    )
    shown = np.mean((blue[..., 2] > 100) & (blue[..., 0] < 100))
    assert 0.5 < shown < 0.95


def test_white_ground_is_replaced_and_the_product_is_not() -> None:
    green = Image.new("RGB", (50, 50), (0, 160, 0))
    result = simulate(on_white(), np.random.default_rng(4), background=green, strength=0.0)
    pixels = np.asarray(result).astype(int)
    assert np.all(np.abs(pixels[4, 4] - (0, 160, 0)) < 30)
    assert pixels[60, 60, 0] > 120
    assert np.mean(pixels.min(axis=2) > 200) < 0.15, "white is left around the product"
    assert pixels[100, 80].min() > 200, "the white label inside the product was cut out too"


def test_background_is_procedural_and_varied() -> None:
    corners = {photo(on_white(), seed, strength=0.5).getpixel((2, 2)) for seed in range(10)}
    assert len(corners) > 5


def test_strength_grows_with_the_difference() -> None:
    picture = Image.effect_noise((200, 200), 60).convert("RGB")
    plain = np.asarray(picture).astype(float).mean()
    means = [
        np.mean(
            [abs(np.asarray(photo(picture, seed, strength=s))[70:130, 70:130].mean() - plain) for seed in range(12)]
        )
        for s in (0.0, 1.5)
    ]
    assert means[1] > means[0] + 3


@pytest.mark.parametrize("strength", [-0.1, float("nan")])
def test_bad_strength(strength: float) -> None:
    with pytest.raises(InvalidValue, match="strength"):
        photo(on_white(), 1, strength=strength)


def test_cutout_follows_the_product() -> None:
    mask = cutout(on_white())
    assert mask is not None
    values = np.asarray(mask)
    assert values.shape == (200, 160)
    assert values[5, 5] == 0
    assert values[100, 80] == 255
    assert np.mean(values > 127) == pytest.approx(0.30, abs=0.03)


def test_cutout_takes_the_alpha_of_a_transparent_picture() -> None:
    picture = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    picture.paste((10, 90, 10, 255), (10, 10, 30, 30))
    mask = cutout(picture)
    assert mask is not None
    assert mask.getbbox() == (11, 11, 29, 29)


def test_cutout_leaves_a_blank_picture() -> None:
    assert cutout(Image.new("RGB", (64, 64), "white")) is None


def test_cutout_fades_the_shadow() -> None:
    picture = on_white((200, 200))
    shade = Image.new("L", (200, 200), 0)
    ImageDraw.Draw(shade).rectangle((50, 150, 150, 168), fill=90)
    picture.paste((0, 0, 0), (0, 0), shade.resize((20, 20)).resize((200, 200), Image.Resampling.BICUBIC))
    ImageDraw.Draw(picture).rectangle((50, 40, 150, 150), (180, 30, 40))
    mask = cutout(picture)
    assert mask is not None
    values = np.asarray(mask)
    assert values[100, 60] == 255
    assert values[166, 100] < 128


@pytest.mark.parametrize("size", [(480, 480), (90, 300), (5, 5)])
def test_backdrop_size_and_seed(size: tuple[int, int]) -> None:
    for seed in range(12):
        one, two = (backdrop(size, np.random.default_rng(seed)) for _ in range(2))
        assert (one.size, one.mode) == (size, "RGB")
        assert one.tobytes() == two.tobytes()


def test_dark_corners_decide_only_what_the_whole_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick look leaves out work, never a product on white."""
    rng = np.random.default_rng(8)
    pictures = []
    for number in range(300):
        size = (int(rng.integers(16, 900)), int(rng.integers(16, 900)))
        light = int(rng.integers(215, 256))
        pixels = rng.integers(light - int(rng.integers(1, 30)), light + 1, (size[1], size[0], 3)).clip(0, 255)
        picture = Image.fromarray(pixels.astype(np.uint8))
        if number % 3:
            part = (size[0] // 4, size[1] // 4, 3 * size[0] // 4, 3 * size[1] // 4)
            picture.paste((120, 40, 30), part)
        for left, top in [(0, 0), (size[0] - 6, 0), (0, size[1] - 6)][: number % 4]:
            picture.paste((90, 90, 90), (left, top, left + 6, top + 6))
        pictures.append(picture)
    quick = [is_cut_out(picture) for picture in pictures]
    done = sum(module._dark_corners(picture) for picture in pictures)
    monkeypatch.setattr(module, "_dark_corners", lambda _: False)
    assert [is_cut_out(picture) for picture in pictures] == quick
    assert 30 < sum(quick) < 270
    assert 30 < done < 270
