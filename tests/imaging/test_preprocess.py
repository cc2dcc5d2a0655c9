"""The recipe as data, and the square it cuts."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edge_search.imaging.preprocess import preprocess
from edge_search.imaging.recipe import Interpolation, Recipe


def textured(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(3)
    small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize(
    ("size", "side", "crop"), [((640, 853), 320, 0.9), ((900, 640), 260, 0.875), ((90, 120), 224, 1.0)]
)
def test_like_resizing_then_cropping(
    size: tuple[int, int], side: int, crop: float, interpolation: Interpolation
) -> None:
    image = textured(*size)
    pixels = preprocess(image, Recipe(side, crop, interpolation))
    assert (pixels.shape, pixels.dtype) == ((side, side, 3), np.dtype(np.uint8))
    assert pixels.flags.c_contiguous
    short = round(side / crop)
    scale = short / min(size)
    resample = Image.Resampling[interpolation.upper()]
    resized = image.resize((round(size[0] * scale), round(size[1] * scale)), resample)
    left, top = (resized.width - side) // 2, (resized.height - side) // 2
    reference = np.asarray(resized.crop((left, top, left + side, top + side)))
    # The reference's crop starts at a whole pixel, up to half a one aside.
    assert np.abs(pixels.astype(int) - reference.astype(int)).mean() < 2


def test_squashing_takes_the_whole_picture() -> None:
    image = textured(640, 480)
    expected = np.asarray(image.resize((224, 224), Image.Resampling.BICUBIC))
    found = preprocess(image, Recipe(224, 1.0, fit="squash"))
    assert found.flags.c_contiguous
    assert np.abs(found.astype(int) - expected.astype(int)).max() <= 2


def test_a_recipe_names_its_fit_only_when_it_is_not_the_usual_one() -> None:
    # what is written is part of every stored feature's fingerprint
    assert Recipe(320, 0.875).to_dict() == {"side": 320, "crop": 0.875, "interpolation": "bicubic"}
    squash = Recipe(224, 1.0, fit="squash")
    assert Recipe.from_dict(squash.to_dict()) == squash
    with pytest.raises(ValueError, match="fit: 'stretch' is not crop or squash"):
        Recipe.from_dict({"side": 224, "crop": 1.0, "fit": "stretch"})


def test_the_square_is_exact_on_whole_pixels() -> None:
    image = textured(200, 100)
    expected = np.asarray(image.crop((50, 0, 150, 100)))
    assert (preprocess(image, Recipe(100, 1.0)) == expected).all()


def test_other_modes_are_converted() -> None:
    assert preprocess(textured(50, 50).convert("L"), Recipe(32, 1.0)).shape == (32, 32, 3)


@settings(max_examples=60, deadline=None)
@given(st.integers(16, 400), st.integers(16, 400), st.integers(8, 96), st.floats(0.05, 1))
def test_any_size_fits(width: int, height: int, side: int, crop: float) -> None:
    image = Image.new("RGB", (width, height), (10, 200, 30))
    pixels = preprocess(image, Recipe(side, crop))
    assert pixels.shape == (side, side, 3)
    assert (pixels == (10, 200, 30)).all()


@given(st.integers(1, 4096), st.floats(0.05, 1), st.sampled_from(["bilinear", "bicubic", "lanczos"]))
def test_recipe_round_trip(side: int, crop: float, interpolation: Interpolation) -> None:
    recipe = Recipe(side, crop, interpolation)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_recipe_defaults_and_whole_crop() -> None:
    assert Recipe.from_dict({"side": 260, "crop": 1}) == Recipe(260, 1.0, "bicubic")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("side", 0),
        ("side", 260.0),
        ("side", True),
        ("side", None),
        ("side", 10**9),
        ("crop", 0),
        ("crop", 1.01),
        ("crop", float("nan")),
        ("crop", "0.9"),
        ("interpolation", "nearest"),
        ("interpolation", ["bicubic"]),
        ("mean", [0.5]),
    ],
)
def test_recipe_names_the_bad_field(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        Recipe.from_dict({"side": 260, "crop": 0.9, "interpolation": "bicubic", field: value})
