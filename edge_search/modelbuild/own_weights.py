"""A checkpoint of the user's own -> folded weights, what its pictures go through, where it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_search.errors import BundleError
from edge_search.modelbuild.checkpoint import Folded, fold
from edge_search.modelbuild.efficientnet import Network
from edge_search.modelbuild.layouts import VARIANTS, Layout, Padding, recognise
from edge_search.modelbuild.model_config import ModelConfig, find_model_config
from edge_search.modelbuild.origin import Origin, own_origin
from edge_search.modelbuild.preprocessing import Preprocessing, keras_input_side, keras_preprocessing
from edge_search.modelbuild.recipe_file import BuildRecipe
from edge_search.modelbuild.weights_file import WeightsFile, open_weights

__all__ = ["OwnWeights", "read_own_weights"]

_ADVERSARIAL = re.compile(r"^adv-|_ap[-_.]")  # as EfficientNet-PyTorch and timm named such files


@dataclass(frozen=True)
class OwnWeights:
    """All that a build needs of a checkpoint."""

    folded: Mapping[str, Folded]
    padding: Padding
    preprocessing: Preprocessing
    origin: Origin


def read_own_weights(recipe: BuildRecipe, layers: Network, path: Path, variant: str | None) -> OwnWeights:
    """Read a checkpoint in whatever layout it is.

    Of timm's two variants the ``config.json`` beside the file decides, else ``variant`` (``tf`` or ``torch``).
    Raises BundleError, one line with the file's name, when it can't be used or the variant stays open.
    """
    if variant is not None and variant not in VARIANTS:
        raise BundleError(f"variant {variant!r} is unknown; it is {' or '.join(VARIANTS)}")
    with open_weights(path) as file:
        try:
            layout, config = _layout(layers, file.tensors, path, variant)
            folded = fold(layers, file.tensors, layout)
            preprocessing = _preprocessing(recipe, layout, config, file, path)
        except BundleError as error:
            raise BundleError(f"{path}: {error}") from error
        padding: Padding = "even" if _takes_any_size(file) else layout.padding
    return OwnWeights(folded, padding, preprocessing, own_origin(path, layout, config, preprocessing.source))


def _layout(
    layers: Network, tensors: Mapping[str, Any], path: Path, variant: str | None
) -> tuple[Layout, ModelConfig | None]:
    """The layout, and timm's configuration where the layout is one of timm's."""
    name = layers.architecture.name
    layout = recognise(tensors, variant)
    if layout is not None and not layout.name.startswith("timm-"):
        if layers.architecture.lite and not layout.lite:
            raise BundleError(f"it has {layout.name}'s layout, and {layout.name} has no Lite networks; is it {name}?")
        return layout, None
    config = find_model_config(path)
    if config is not None and config.architecture != name:
        raise BundleError(f"config.json beside it says {config.architecture}; build that, or give weights of {name}")
    if config is not None and variant not in (None, config.variant):
        raise BundleError(f"config.json beside it says --variant {config.variant}; leave --variant {variant} out")
    layout = layout or (recognise(tensors, config.variant) if config else None)
    if layout is None:
        timm = name.replace("-", "_")
        raise BundleError(
            f"{timm} and tf_{timm} share these tensor names but not padding and epsilon: put the repository's "
            "config.json beside it, or say --variant torch or --variant tf"
            + (", which its name suggests" if path.name.startswith("tf_") else "")
        )
    return layout, config


def _preprocessing(
    recipe: BuildRecipe, layout: Layout, config: ModelConfig | None, file: WeightsFile, path: Path
) -> Preprocessing:
    if config is not None:
        return config.preprocessing
    if layout.name == "keras":
        return keras_preprocessing(file.tensors, file.graph, recipe.preprocessing)
    if layout.padding == "same" and _ADVERSARIAL.search(path.name):
        raise BundleError(
            "its name says AdvProp, which was trained with another mean and deviation than its tensors tell; "
            "put the repository's config.json beside it"
        )
    return recipe.published.get(layout.name, recipe.preprocessing)


def _takes_any_size(file: WeightsFile) -> bool:
    """Whether it is a Keras model saved without an input size: keras.applications then pads as if all maps were even.

    Weights alone don't say with which size they were used; they are padded as in the size they were trained for.
    """
    return file.graph is not None and keras_input_side(file.graph) is None
