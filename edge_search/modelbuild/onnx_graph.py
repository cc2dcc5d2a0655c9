"""Layers and folded weights -> an ONNX graph: uint8 pixels in, pooled levels joined in one feature out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge_search.encoder.level import Level
from edge_search.errors import BundleError
from edge_search.modelbuild.checkpoint import Folded
from edge_search.modelbuild.efficientnet import Activation, Block, Conv, Network
from edge_search.modelbuild.layouts import Padding

__all__ = ["GEM_POWER", "INPUT", "OUTPUT", "build_graph", "pads"]

INPUT, OUTPUT = "pixels", "feature"
_OPSET, _IR_VERSION = 17, 8  # understood by onnxruntime 1.20 and openvino 2025.0
GEM_POWER = 3.0


class _Graph:
    """Collects nodes and constants; each method appends one operation and returns its output's name."""

    def __init__(self, folded: Mapping[str, Folded], padding: Padding) -> None:
        self._folded = folded
        self._padding = padding
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, op: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, name: str, value: NDArray[np.float32]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, np.float32))

    def activate(self, x: str, activation: Activation | None, name: str) -> str:
        if activation is None:
            return x
        if activation == "relu6":
            limits = [self.number(f"{name}.low", 0.0), self.number(f"{name}.high", 6.0)]
            return self.node("Clip", [x, *limits], f"{name}.relu6")
        gate = self.node("Sigmoid", [x], f"{name}.sigmoid")
        return gate if activation == "sigmoid" else self.node("Mul", [x, gate], f"{name}.silu")

    def conv(self, x: str, conv: Conv, side: int) -> tuple[str, int]:
        """Append a convolution on a map of ``side``; return its output and that one's side."""
        before, after, out = pads(conv, side, self._padding)
        weights = self._folded[conv.name]
        inputs = [
            x,
            self.constant(f"{conv.name}.weight", weights.weight),
            self.constant(f"{conv.name}.bias", weights.bias),
        ]
        y = self.node(
            "Conv",
            inputs,
            conv.name,
            kernel_shape=[conv.kernel] * 2,
            strides=[conv.stride] * 2,
            pads=[before, before, after, after],
            group=conv.inputs if conv.depthwise else 1,
        )
        return self.activate(y, conv.activation, conv.name), out

    def block(self, x: str, block: Block, side: int) -> tuple[str, int]:
        y, out = x, side
        if block.expand is not None:
            y, out = self.conv(y, block.expand, out)
        y, out = self.conv(y, block.depthwise, out)
        if block.squeeze is not None:
            name = block.depthwise.name.replace("depthwise", "squeeze")
            gate = self.node("GlobalAveragePool", [y], f"{name}.mean")
            for conv in block.squeeze:
                gate, _ = self.conv(gate, conv, 1)
            y = self.node("Mul", [y, gate], f"{name}.scale")
        y, out = self.conv(y, block.project, out)
        return (self.node("Add", [y, x], block.project.name + ".add") if block.skip else y), out

    def pool(self, x: str, level: Level, position: int) -> str:
        """Mean over the map, or the generalised mean (power 3) of its positive part."""
        name = f"level{position}.{level.name}.{level.pooling}"
        if level.pooling == "gem":
            x = self.node("Clip", [x, self.number(f"{name}.floor", 1e-6)], f"{name}.clip")
            x = self.node("Pow", [x, self.number(f"{name}.power", GEM_POWER)], f"{name}.pow")
        x = self.node("GlobalAveragePool", [x], f"{name}.mean")
        if level.pooling == "gem":
            x = self.node("Pow", [x, self.number(f"{name}.root", 1 / GEM_POWER)], f"{name}.unpow")
        return self.node("Flatten", [x], f"{name}.flat", axis=1)


def pads(conv: Conv, side: int, padding: Padding) -> tuple[int, int, int]:
    """Return the padding before and after, and the side of the output, of a convolution on a map of ``side``."""
    if padding == "symmetric" or (padding == "even" and conv.stride == 1):
        pad = conv.kernel // 2
        return pad, pad, (side + 2 * pad - conv.kernel) // conv.stride + 1
    if padding == "even":
        return conv.kernel // 2 - 1, conv.kernel // 2, (side - 1) // conv.stride + 1
    out = math.ceil(side / conv.stride)
    total = max((out - 1) * conv.stride + conv.kernel - side, 0)
    return total // 2, total - total // 2, out


def build_graph(
    network: Network,
    folded: Mapping[str, Folded],
    *,
    side: int,
    mean: Sequence[float],
    std: Sequence[float],
    levels: Sequence[Level],
    padding: Padding,
) -> onnx.ModelProto:
    """Write the FP32 network.

    Input ``pixels``: uint8 (1, side, side, 3), RGB. Output ``feature``: float32 (1, sum of the levels'
    channels), each level pooled and not yet normalised. ``mean`` and ``std`` are in units of 0..255. Padding is
    PyTorch's (``symmetric``), TensorFlow's (``same``), or ``even``: as ``same`` pads an even map, on odd ones too.
    Raises BundleError for a level this network doesn't have.
    """
    channels = network.level_channels()
    for level in levels:
        if channels.get(level.name) != level.channels:
            raise BundleError(f"level {level.name!r} with {level.channels} channels is not in {channels}")
    graph = _Graph(folded, padding)
    x = graph.node("Transpose", [INPUT], "planes", perm=[0, 3, 1, 2])
    x = graph.node("Cast", [x], "real", to=TensorProto.FLOAT)
    shape = (1, 3, 1, 1)
    x = graph.node("Sub", [x, graph.constant("mean", np.array(mean, np.float32).reshape(shape))], "centred")
    scale = (1.0 / np.asarray(std, np.float64)).astype(np.float32).reshape(shape)
    x = graph.node("Mul", [x, graph.constant("scale", scale)], "normalised")
    maps: dict[str, str] = {}
    x, size = graph.conv(x, network.stem, side)
    for block in network.blocks:
        x, size = graph.block(x, block, size)
        maps[f"stage{block.stage}"] = x
    maps["head"], _ = graph.conv(x, network.head, size)
    pooled = [graph.pool(maps[level.name], level, i) for i, level in enumerate(levels)]
    graph.node("Concat", pooled, OUTPUT, axis=1)

    dimension = sum(level.channels for level in levels)
    body = helper.make_graph(
        graph.nodes,
        network.architecture.name,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [1, side, side, 3])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, dimension])],
        graph.constants,
    )
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION, producer_name="edge-search"
    )
    onnx.checker.check_model(model, full_check=True)
    return model
