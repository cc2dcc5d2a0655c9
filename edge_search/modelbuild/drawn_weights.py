"""Weights from a seed, for what doesn't depend on training: speed, memory, start-up, the way a build goes.

Convolutions are drawn after He et al., "Delving Deep into Rectifiers" (2015), then each batch-norm gets the
mean and variance that its channels really have on drawn pictures, and a scale and shift of its own a channel,
as training leaves them. So maps have the ranges that quantizing meets in a trained network. What a feature
means is another matter: recall and agreement of INT8 say little here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge_search.encoder.level import Level
from edge_search.encoder.telemetry import silence_onnxruntime
from edge_search.modelbuild.checkpoint import Folded
from edge_search.modelbuild.efficientnet import Conv, Network
from edge_search.modelbuild.onnx_graph import INPUT, build_graph

__all__ = ["drawn_weights"]

_AXES = (0, 2, 3)  # picture, row, column
_GATE = 0.2
_BRANCH = 0.4  # a block adds to its input and doesn't replace it; else rounding grows from block to block
_FLOOR = 0.25  # of the layer's mean variance is added to each channel's: a flat channel must not become noise


def drawn_weights(
    network: Network,
    pictures: NDArray[np.uint8],
    *,
    mean: Sequence[float],
    std: Sequence[float],
    padding: Literal["same", "symmetric"] = "symmetric",
    seed: int = 0,
) -> dict[str, Folded]:
    """Draw every convolution of ``network``, its batch-norm folded; the same seed gives the same weights.

    ``pictures`` uint8 (n, S, S, 3) give the statistics; ``mean`` and ``std`` are in units of 0..255.
    """
    silence_onnxruntime()
    import onnxruntime

    rng = np.random.default_rng(seed)
    raw = {conv.name: _draw(conv, rng) for conv in network.convs()}
    normed = [conv for conv in network.convs() if conv.batch_norm]
    scales = {
        conv.name: (1.0 if conv.activation else _BRANCH) * np.exp(rng.normal(0, 0.35, conv.outputs)) for conv in normed
    }
    shifts = {conv.name: rng.normal(0, 0.4, conv.outputs) for conv in normed}
    levels = [Level("head", network.head.outputs)]
    model = build_graph(network, raw, side=pictures.shape[1], mean=mean, std=std, levels=levels, padding=padding)
    _normalise(model, normed, scales, shifts, len(pictures))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = session.run([f"{conv.name}.{part}" for conv in normed for part in ("mu", "var")], {INPUT: pictures})
    folded = dict(raw)
    for conv, mu, var in zip(normed, found[::2], found[1::2], strict=True):
        scale = scales[conv.name] / np.sqrt(var.reshape(-1) + _FLOOR * var.mean())
        folded[conv.name] = Folded(
            (raw[conv.name].weight * scale[:, None, None, None]).astype(np.float32),
            (shifts[conv.name] - mu.reshape(-1) * scale).astype(np.float32),
        )
    return folded


def _draw(conv: Conv, rng: np.random.Generator) -> Folded:
    deviation = np.sqrt(2 / np.prod(conv.weight_shape[1:]))
    if (
        not conv.batch_norm
    ):  # squeeze-and-excite: a gate that follows the map's size multiplies loud pictures block by block
        deviation *= _GATE
    weight = rng.standard_normal(conv.weight_shape) * deviation
    return Folded(weight.astype(np.float32), np.zeros(conv.outputs, np.float32))


def _normalise(
    model: onnx.ModelProto,
    normed: Sequence[Conv],
    scales: dict[str, NDArray[np.float64]],
    shifts: dict[str, NDArray[np.float64]],
    count: int,
) -> None:
    """Put a batch-norm over the batch itself behind each convolution, mean and variance as outputs; in place."""
    graph = model.graph
    constants = {"floor": np.array(_FLOOR)}
    for conv in normed:
        constants[f"{conv.name}.gamma"] = scales[conv.name].reshape(1, -1, 1, 1)
        constants[f"{conv.name}.beta"] = shifts[conv.name].reshape(1, -1, 1, 1)
    graph.initializer.extend(numpy_helper.from_array(v.astype(np.float32), name) for name, v in constants.items())
    names = {conv.name for conv in normed}
    nodes = []
    for node in graph.node:
        nodes.append(node)
        c = node.name
        if c not in names:
            continue
        node.output[0] = f"{c}.raw"
        for op, inputs, output, attributes in (
            ("ReduceMean", [f"{c}.raw"], f"{c}.mu", {"axes": _AXES}),
            ("Sub", [f"{c}.raw", f"{c}.mu"], f"{c}.centred", {}),
            ("Mul", [f"{c}.centred", f"{c}.centred"], f"{c}.square", {}),
            ("ReduceMean", [f"{c}.square"], f"{c}.var", {"axes": _AXES}),
            ("ReduceMean", [f"{c}.var"], f"{c}.mean_var", {"axes": (1,)}),
            ("Mul", [f"{c}.mean_var", "floor"], f"{c}.floor", {}),
            ("Add", [f"{c}.var", f"{c}.floor"], f"{c}.positive", {}),
            ("Sqrt", [f"{c}.positive"], f"{c}.deviation", {}),
            ("Div", [f"{c}.centred", f"{c}.deviation"], f"{c}.unit", {}),
            ("Mul", [f"{c}.unit", f"{c}.gamma"], f"{c}.scaled", {}),
            ("Add", [f"{c}.scaled", f"{c}.beta"], c, {}),
        ):
            nodes.append(helper.make_node(op, inputs, [output], **attributes))
        graph.output.extend(
            helper.make_tensor_value_info(f"{c}.{part}", TensorProto.FLOAT, [1, None, 1, 1]) for part in ("mu", "var")
        )
    del graph.node[:]
    graph.node.extend(nodes)
    for value in (graph.input[0], graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_value = count
