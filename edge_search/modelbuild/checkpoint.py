"""Tensors of a checkpoint -> one weight and one bias a convolution, every name and shape checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_search.errors import BundleError
from edge_search.modelbuild.efficientnet import ARCHITECTURES, Network, network
from edge_search.modelbuild.layouts import LAYOUTS, Layout, places

__all__ = ["LAYOUTS", "Folded", "Layout", "expected_tensors", "fold"]

_AGAIN = "download the weights again"


@dataclass(frozen=True)
class Folded:
    """What one convolution needs: ``weight`` (out, in/groups, k, k) and ``bias`` (out,), float32."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def expected_tensors(layers: Network, layout: Layout) -> dict[str, tuple[int, ...]]:
    """Name -> stored shape of every tensor a feature network of this layout has, in the order of the network."""
    shapes: dict[str, tuple[int, ...]] = {}
    for conv, place in places(layers):
        prefix, norm = layout.names(place)
        axes = layout.depthwise_axes if conv.depthwise else layout.axes
        stored = [0, 0, 0, 0]
        for position, axis in enumerate(axes):
            stored[axis] = conv.weight_shape[position]
        shapes[prefix + layout.weight] = tuple(stored)
        if conv.batch_norm:
            shapes |= {norm + part: (conv.outputs,) for part in layout.norm}
        else:
            shapes[prefix + layout.bias] = (conv.outputs,)
    return shapes


def fold(layers: Network, tensors: Mapping[str, Any], layout: Layout) -> dict[str, Folded]:
    """Fold each batch-norm into the convolution before it.

    ``tensors`` maps names to arrays, or to whatever has a shape and a dtype and becomes an array when read.
    Names and shapes are checked before anything is read. Returns convolution name -> Folded. Raises
    BundleError naming the tensor that is missing, has another shape, holds something that is not a finite
    number, or belongs to no layer of this network.
    """
    expected = expected_tensors(layers, layout)
    _check(layers, expected, tensors, layout)

    def take(name: str) -> NDArray[np.float64]:
        value = np.asarray(tensors[name])
        if value.dtype.kind != "f":
            raise BundleError(f"tensor {name!r} holds {value.dtype}, not floating-point numbers; save it as float32")
        wide = value.astype(np.float64)
        if not np.isfinite(wide).all():
            raise BundleError(f"tensor {name!r} holds values that are not finite; {_AGAIN}")
        return wide

    folded: dict[str, Folded] = {}
    for conv, place in places(layers):
        prefix, norm = layout.names(place)
        weight = take(prefix + layout.weight).transpose(layout.depthwise_axes if conv.depthwise else layout.axes)
        if conv.batch_norm:
            gamma, beta, mean, var = (take(norm + part) for part in layout.norm)
            if (var < 0).any():
                raise BundleError(f"tensor {norm + layout.norm[3]!r} holds negative variances; {_AGAIN}")
            scale = gamma / np.sqrt(var + layout.epsilon)
            weight, bias = weight * scale[:, None, None, None], beta - mean * scale
        else:
            bias = take(prefix + layout.bias)
        if max(np.abs(weight).max(), np.abs(bias).max()) > np.finfo(np.float32).max:
            raise BundleError(f"tensor {prefix + layout.weight!r} and its batch-norm are too large; {_AGAIN}")
        folded[conv.name] = Folded(np.ascontiguousarray(weight, np.float32), bias.astype(np.float32))
    return folded


def _check(layers: Network, expected: dict[str, tuple[int, ...]], tensors: Mapping[str, Any], layout: Layout) -> None:
    name = layers.architecture.name
    for tensor, shape in expected.items():
        if tensor not in tensors:
            raise BundleError(f"the weights have no tensor {tensor!r} of {shape}; {_advice(name, tensors, layout)}")
        found = tuple(int(side) for side in tensors[tensor].shape)
        if found != shape:
            raise BundleError(
                f"tensor {tensor!r} has shape {found}, {name} needs {shape}; {_advice(name, tensors, layout)}"
            )
    for tensor in _unknown(expected, tensors, layout):
        shape = tuple(int(side) for side in tensors[tensor].shape)
        raise BundleError(
            f"tensor {tensor!r} of {shape} belongs to no layer of {name}; "
            + _advice(name, tensors, layout, f"give the weights of a plain {name}")
        )


def _unknown(expected: Mapping[str, Any], tensors: Mapping[str, Any], layout: Layout) -> list[str]:
    """Tensors that are neither the network's nor known to be of no use: classifier, a batch-norm's counter."""
    mean = layout.norm[2]
    counters = {name.removesuffix(mean) + ".num_batches_tracked" for name in expected if name.endswith(mean)}
    return [
        name
        for name in tensors
        if name not in expected and name not in counters and not name.startswith(layout.ignored)
    ]


def _advice(name: str, tensors: Mapping[str, Any], layout: Layout, otherwise: str = "") -> str:
    """What to do with weights that don't fit: name the member of the family that they are, if they are one."""
    shapes = {tensor: tuple(value.shape) for tensor, value in tensors.items()}
    for other in ARCHITECTURES.values():
        if other.name != name and (layout.lite or not other.lite):
            expected = expected_tensors(network(other.name), layout)
            if expected.items() <= shapes.items() and not _unknown(expected, tensors, layout):
                return f"these are the weights of {other.name}: build that, or give those of {name}"
    return otherwise or f"is the file whole, and is it {name}?"
