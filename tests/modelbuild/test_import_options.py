"""Presets, the exporters' own config, options by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_search.errors import BundleError, InvalidValue
from edge_search.imaging.recipe import Recipe
from edge_search.modelbuild.import_options import PRESETS, ImportOptions, beside

CLIP = {
    "crop_size": {"height": 224, "width": 224}, "do_center_crop": True, "do_normalize": True, "do_rescale": True,
    "do_resize": True, "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711], "image_processor_type": "CLIPImageProcessor",
    "resample": 3, "rescale_factor": 1 / 255, "size": {"shortest_edge": 224},
}  # fmt: skip
OLD_CLIP = {
    "crop_size": 224, "do_center_crop": True, "do_normalize": True, "do_resize": True,
    "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": CLIP["image_mean"], "image_std": CLIP["image_std"],
    "resample": 3, "size": 224,
}  # fmt: skip
DINO = {**CLIP, "size": {"shortest_edge": 256}, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
VIT = {
    "do_normalize": True, "do_resize": True, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 2,
    "size": {"height": 224, "width": 224},
}  # fmt: skip


def read(folder: Path, document: Any) -> ImportOptions:
    (folder / "preprocessor_config.json").write_text(json.dumps(document))
    found = beside(folder / "model.onnx")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("document", "preset"), [(CLIP, "clip"), (OLD_CLIP, "clip"), (DINO, "dinov2")], ids=["clip", "old clip", "dinov2"]
)
def test_the_families_configs_give_what_their_presets_say(tmp_path: Path, document: Any, preset: str) -> None:
    found, expected = read(tmp_path, document), PRESETS[preset]
    assert found.recipe(None) == expected.recipe(None)
    for mine, theirs in zip(found.normalisation(), expected.normalisation(), strict=True):
        assert mine == pytest.approx(theirs)


def test_a_whole_picture_squashed(tmp_path: Path) -> None:
    found = read(tmp_path, VIT)
    assert found.recipe(None) == Recipe(224, 1.0, "bilinear", "squash")
    assert found.normalisation() == ((127.5,) * 3, (127.5,) * 3)
    # an export in a folder below finds it too, as optimum's "onnx/model.onnx" lies
    (tmp_path / "onnx").mkdir()
    assert beside(tmp_path / "onnx" / "model.onnx") == found
    assert beside(tmp_path / "a" / "b" / "model.onnx") is None


def test_scaling_other_than_by_255(tmp_path: Path) -> None:
    unscaled = read(tmp_path, {**VIT, "do_rescale": False, "image_mean": [127.5] * 3, "image_std": [127.5] * 3})
    assert unscaled.normalisation()[0] == pytest.approx((127.5,) * 3)
    only_scaled = read(tmp_path, {**VIT, "do_normalize": False})
    assert only_scaled.normalisation() == ((0,) * 3, (255,) * 3)
    nothing = read(tmp_path, {**VIT, "do_normalize": False, "do_rescale": False})
    assert nothing.normalisation() == ((0,) * 3, (1,) * 3)


@pytest.mark.parametrize("text", ["{", "[]", '{"size": 3}', '{"image_mean": [1], "image_std": [1], "size": 224}'])
def test_a_config_that_can_not_be_used_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "preprocessor_config.json").write_text(text)
    with pytest.raises(BundleError, match=r"preprocessor_config\.json can't be used"):
        beside(tmp_path / "model.onnx")


def test_what_is_given_wins() -> None:
    found = ImportOptions(side=336, mean=(0, 0, 0)).over(PRESETS["clip"])
    assert found.recipe(None) == Recipe(336, 1.0, "bicubic")
    assert found.normalisation()[0] == (0, 0, 0)
    assert found.normalisation()[1] == PRESETS["clip"].normalisation()[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ImportOptions(), "nothing says how pixels are normalised"),
        (ImportOptions(mean=(0, 0, 0)), "nothing says how pixels are normalised"),
        (ImportOptions(normalise=False, mean=(0, 0, 0), std=(1, 1, 1)), "contradict each other"),
        (ImportOptions(mean=(123, 117, 104), std=(58, 57, 57)), "they are of pixels from 0 to 1"),
        (ImportOptions(mean=(0, 0, 0), std=(0, 1, 1)), "can't be right"),
    ],
)
def test_a_normalisation_that_can_not_be_is_refused(options: ImportOptions, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        options.normalisation()


def test_a_recipe_that_can_not_be_is_refused() -> None:
    with pytest.raises(InvalidValue, match="--crop has no meaning with --resize squash"):
        ImportOptions(side=224, crop=0.5, fit="squash").recipe(None)
    with pytest.raises(InvalidValue, match="--side: 9999"):
        ImportOptions(side=9999).recipe(None)
