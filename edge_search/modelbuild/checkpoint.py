"""Tensors of a checkpoint -> one weight and one bias a convolution, every name and shape checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge_search.errors import BundleError
from edge_search.modelbuild.efficientnet import Conv, Network

__all__ = ["LAYOUTS", "Folded", "Layout", "fold"]

_BATCH_NORM = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class Folded:
    """What one convolution needs: ``weight`` (out, in/groups, k, k) and ``bias`` (out,), float32."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class Layout:
    """How a family of checkpoints names its tensors, and what its network does that the names don't say.

    ``names`` maps a convolution to the prefixes of its convolution and of its batch-norm. ``ignored`` are
    prefixes of tensors that a feature network has no use for (the classifier).
    """

    epsilon: float
    padding: Literal["same", "symmetric"]
    names: Callable[[Conv], tuple[str, str]]
    ignored: tuple[str, ...]


def _lukemelas_names(conv: Conv) -> tuple[str, str]:
    place, _, part = conv.name.rpartition(".")
    if not place:
        return {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}[part]
    if place.endswith(".squeeze"):
        return f"_{place.removesuffix('.squeeze')}._se_{part}", ""
    norm = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[part]
    return f"_{place}._{part}_conv", f"_{place}.{norm}"


LAYOUTS: dict[str, Layout] = {
    # EfficientNet-PyTorch and EfficientNet-Lite-PyTorch: from TensorFlow, so its epsilon and padding
    "lukemelas": Layout(1e-3, "same", _lukemelas_names, ("_fc.",)),
}


def fold(network: Network, tensors: Mapping[str, NDArray[Any]], layout: Layout) -> dict[str, Folded]:
    """Fold each batch-norm into the convolution before it.

    Returns convolution name -> Folded. Raises BundleError naming the tensor that is missing, has another
    shape, holds something that is not finite, or belongs to no layer of this network.
    """
    used: set[str] = set()

    def take(name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
        if name not in tensors:
            raise BundleError(f"the weights have no tensor {name!r}; is this {network.architecture.name}?")
        value = tensors[name]
        if value.shape != shape:
            raise BundleError(f"tensor {name!r} has shape {value.shape}, {network.architecture.name} needs {shape}")
        wide = value.astype(np.float64)
        if not np.isfinite(wide).all():
            raise BundleError(f"tensor {name!r} holds values that are not finite; download the weights again")
        used.add(name)
        return wide

    folded: dict[str, Folded] = {}
    for conv in network.convs():
        place, norm = layout.names(conv)
        weight = take(f"{place}.weight", conv.weight_shape)
        if conv.batch_norm:
            gamma, beta, mean, var = (take(f"{norm}.{part}", (conv.outputs,)) for part in _BATCH_NORM)
            scale = gamma / np.sqrt(var + layout.epsilon)
            weight, bias = weight * scale[:, None, None, None], beta - mean * scale
        else:
            bias = take(f"{place}.bias", (conv.outputs,))
        folded[conv.name] = Folded(weight.astype(np.float32), bias.astype(np.float32))

    for name in tensors:
        if name not in used and not name.startswith(layout.ignored) and not name.endswith("num_batches_tracked"):
            raise BundleError(f"tensor {name!r} belongs to no layer of {network.architecture.name}")
    return folded
