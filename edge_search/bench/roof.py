"""What the machine can do at best: plain 1x1 convolutions, one after the other, nothing between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

__all__ = ["ROOF_GMAC", "roof_pixels", "write_roof"]

_COUNT, _CHANNELS, _SIDE = 12, 512, 32
ROOF_GMAC = _COUNT * _CHANNELS * _CHANNELS * _SIDE * _SIDE / 1e9
"""Multiply-adds of one run of the roof network, in billions."""


def roof_pixels(side: int = _SIDE, channels: int = _CHANNELS) -> NDArray[np.uint8]:
    """Input of the roof network: uint8 (1, channels, side, side)."""
    return np.random.default_rng(0).integers(0, 256, (1, channels, side, side), np.uint8)


def write_roof(file: Path, *, int8: bool, side: int = _SIDE, channels: int = _CHANNELS) -> Path:
    """Write the network: twelve 1x1 convolutions with ReLU, in FP32 or with rounded inputs and weights."""
    rng = np.random.default_rng(0)
    nodes: list[onnx.NodeProto] = [helper.make_node("Cast", ["pixels"], ["map0"], to=TensorProto.FLOAT)]
    constants: list[onnx.TensorProto] = []

    def constant(name: str, value: NDArray[np.generic]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def rounded(x: str, n: int) -> str:
        parts = [constant(f"scale{n}", np.array(0.02, np.float32)), constant(f"zero{n}", np.array(0, np.uint8))]
        nodes.append(helper.make_node("QuantizeLinear", [x, *parts], [f"bytes{n}"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"bytes{n}", *parts], [f"real{n}"]))
        return f"real{n}"

    def weight(n: int) -> str:
        value = (rng.standard_normal((channels, channels, 1, 1)) / np.sqrt(channels)).astype(np.float32)
        if not int8:
            return constant(f"weight{n}", value)
        scale = np.abs(value).max(axis=(1, 2, 3)) / 64
        whole = np.round(value / scale[:, None, None, None]).astype(np.int8)
        parts = [
            constant(f"whole{n}", whole),
            constant(f"step{n}", scale.astype(np.float32)),
            constant(f"none{n}", np.zeros(channels, np.int8)),
        ]
        nodes.append(helper.make_node("DequantizeLinear", parts, [f"weight{n}"], axis=0))
        return f"weight{n}"

    for n in range(_COUNT):
        x = rounded(f"map{n}", n) if int8 else f"map{n}"
        nodes.append(helper.make_node("Conv", [x, weight(n)], [f"conv{n}"], kernel_shape=[1, 1]))
        nodes.append(helper.make_node("Relu", [f"conv{n}"], [f"map{n + 1}"]))
    nodes.append(helper.make_node("GlobalAveragePool", [f"map{_COUNT}"], ["mean"]))
    nodes.append(helper.make_node("Flatten", ["mean"], ["feature"]))
    body = helper.make_graph(
        nodes,
        "roof",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, channels, side, side])],
        [helper.make_tensor_value_info("feature", TensorProto.FLOAT, [1, channels])],
        constants,
    )
    onnx.save(helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(file))
    return file
