"""What a checkpoint's pictures go through before its network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_search.errors import BundleError
from edge_search.imaging.recipe import Recipe

__all__ = ["Preprocessing", "keras_input_side", "keras_preprocessing"]

_IMAGENET_STD = (0.229, 0.224, 0.225)
_EDGE = 32  # of the enlarged picture, TensorFlow's EfficientNet code cut this much away


@dataclass(frozen=True)
class Preprocessing:
    """Resizing, cropping, and mean and standard deviation in units of 0..255; ``source`` says who says so."""

    recipe: Recipe
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str

    @classmethod
    def checked(
        cls, *, side: Any, resize: int, interpolation: Any, mean: Sequence[float], std: Sequence[float], source: str
    ) -> Preprocessing:
        """Return it for a short side of ``resize`` pixels cut to ``side``; ValueError names what can't be used."""
        recipe = Recipe.from_dict({"side": side, "crop": side / resize, "interpolation": interpolation})
        for name, values in (("mean", mean), ("std", std)):
            if len(values) != 3 or not all(math.isfinite(value) for value in values):
                raise ValueError(f"{name} {list(values)} is not three numbers")
        if min(std) <= 0:
            raise ValueError(f"std {list(std)} is not above 0")
        return cls(recipe, tuple(float(v) for v in mean), tuple(float(v) for v in std), source)


def keras_preprocessing(
    tensors: Mapping[str, Any], graph: Mapping[str, Any] | None, default: Preprocessing
) -> Preprocessing:
    """Read what Keras keeps in the network: the layers Rescaling and Normalization, and the input's size.

    The published ImageNet weights hold standard deviations where Normalization wants variances, and Keras puts
    a second Rescaling behind it to make up for that (keras.applications.efficientnet, tensorflow issue 49930).
    A file without a graph is taken to mean that when it holds exactly those values.
    """
    name = next((name for name in tensors if name.startswith("normalization") and name.endswith("/mean")), None)
    if name is None or name.replace("/mean", "/variance") not in tensors:
        raise BundleError("the weights have no tensor 'normalization/mean' of (3,); save the whole EfficientNet")
    mean = [float(value) for value in tensors[name][()].reshape(-1)]
    variance = [float(value) for value in tensors[name.replace("/mean", "/variance")][()].reshape(-1)]
    if len(mean) != 3 or len(variance) != 3 or min(variance) < 0:
        raise BundleError(f"tensor {name!r} and its variance are not three usable numbers; download the weights again")
    side = default.recipe.side
    before, after = 1 / 255, [1.0] * 3
    if graph is not None:
        before, after = _rescaling(graph["layers"])
        side = keras_input_side(graph) or side
    elif all(abs(value - std) < 1e-3 for value, std in zip(variance, _IMAGENET_STD, strict=True)):
        after = [std**-0.5 for std in _IMAGENET_STD]
    try:
        return Preprocessing.checked(
            side=side,
            resize=default_resize(side),
            interpolation=default.recipe.interpolation,
            mean=[value / before for value in mean],
            std=[max(value**0.5, 1e-7) / before / scale for value, scale in zip(variance, after, strict=True)],
            source="the weights file",
        )
    except ValueError as error:
        raise BundleError(f"the weights' own preprocessing can't be used: {error}") from error


def default_resize(side: int) -> int:
    """Short side that TensorFlow's code resizes to before it cuts out ``side``."""
    return side + _EDGE


def _rescaling(layers: Sequence[Mapping[str, Any]]) -> tuple[float, list[float]]:
    """Scale before Normalization, and scales (3) behind it."""
    before, after, normalised = 1.0, [1.0] * 3, False
    for layer in layers:
        if layer.get("class_name") == "Normalization":
            normalised = True
        elif layer.get("class_name") == "Rescaling":
            scale, offset = layer["config"].get("scale"), layer["config"].get("offset", 0.0)
            scales = scale if isinstance(scale, list) else [scale] * 3
            sound = len(scales) == 3 and all(isinstance(value, int | float) and value > 0 for value in scales)
            if not sound or offset != 0 or (not normalised and len(set(scales)) > 1):
                raise BundleError(f"layer {layer['config'].get('name')!r} of the weights rescales in an unknown way")
            if normalised:
                after = [one * float(value) for one, value in zip(after, scales, strict=True)]
            else:
                before *= float(scales[0])
    return before, after


def keras_input_side(graph: Mapping[str, Any]) -> int | None:
    """Side of the picture that a Keras model was saved for, or None when it takes any."""
    inputs = [layer["config"] for layer in graph["layers"] if layer.get("class_name") == "InputLayer"]
    config = inputs[0] if inputs else {}
    shape = config.get("batch_shape") or config.get("batch_input_shape")
    if not isinstance(shape, list) or len(shape) != 4 or shape[1] != shape[2]:
        return None
    return shape[1] if isinstance(shape[1], int) else None
