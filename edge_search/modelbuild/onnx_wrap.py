"""Puts preprocessing before and pooling behind a foreign network, as ONNX nodes.

The runtimes' contract: uint8 pixels (1, S, S, 3) go in, float32 (1, D) comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge_search.encoder.level import Pooling
from edge_search.errors import BundleError
from edge_search.modelbuild.import_options import Triple
from edge_search.modelbuild.onnx_tower import Tower

__all__ = ["choose_pooling", "pool", "put_pixels_in"]

_GEM_POWER = 3.0
_REDUCE_BY_INPUT = 18  # since this opset ReduceMean takes its axes as an input


def put_pixels_in(model: onnx.ModelProto, tower: Tower, side: int, mean: Triple, std: Triple) -> str:
    """Make ``model`` take bytes; returns the prefix of all names that are added. Mean and std are of 0..255."""
    graph, prefix = model.graph, _free_prefix(model.graph)
    front = _Nodes(prefix)
    x = f"{prefix}pixels"
    if tower.layout == "nchw":
        x = front.add("Transpose", [x], "planes", perm=[0, 3, 1, 2])
    if tower.kind != TensorProto.UINT8:
        shape = (1, 3, 1, 1) if tower.layout == "nchw" else (1, 1, 1, 3)
        x = front.add("Cast", [x], "real", to=TensorProto.FLOAT)
        if any(mean):
            x = front.add("Sub", [x, front.constant("mean", np.array(mean).reshape(shape))], "centred")
        if any(value != 1 for value in std):
            x = front.add("Mul", [x, front.constant("scale", (1 / np.array(std)).reshape(shape))], "normalised")
    elif any(mean) or any(value != 1 for value in std):
        raise BundleError(f"input {tower.input} takes bytes: it normalises them itself; import it with --no-normalise")
    if tower.kind == TensorProto.FLOAT16:
        x = front.add("Cast", [x], "half", to=TensorProto.FLOAT16)
    front.nodes.append(helper.make_node("Identity", [x], [tower.input], name=f"{prefix}input"))
    behind = [onnx.NodeProto.FromString(node.SerializeToString()) for node in graph.node]
    graph.ClearField("node")
    graph.node.extend([*front.nodes, *behind])
    graph.initializer.extend(front.constants)
    graph.input.append(helper.make_tensor_value_info(f"{prefix}pixels", TensorProto.UINT8, [1, side, side, 3]))
    set_output(model, tower.output, None)
    return prefix


def set_output(model: onnx.ModelProto, name: str, shape: Sequence[int] | None) -> None:
    """Make ``name`` the only output; without ``shape`` its type is left to the runtime."""
    model.graph.ClearField("output")
    value = (
        onnx.ValueInfoProto(name=name)
        if shape is None
        else helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    )
    model.graph.output.append(value)


def choose_pooling(shape: Sequence[int], wanted: Pooling | None, prefix_tokens: int | None) -> tuple[Pooling, int]:
    """Return how an output of ``shape`` becomes one feature, and how many tokens stand before the patches'.

    Tokens are pooled to the first (CLS) unless the mean is wanted. The patches make a square, so what is more
    than one is the prefix: 197 = 1 + 14 x 14, 261 = 5 + 16 x 16 (CLS and four registers). Raises BundleError.
    """
    allowed: dict[int, tuple[Pooling, ...]] = {2: ("none",), 3: ("cls", "mean"), 4: ("avg", "gem")}
    if len(shape) not in allowed:
        raise BundleError(
            f"the output has the shape {tuple(shape)}; a feature, tokens or a map is needed (rank 2 to 4)"
        )
    pooling = wanted or allowed[len(shape)][0]
    if pooling not in allowed[len(shape)]:
        raise BundleError(
            f"the output has the shape {tuple(shape)}: --pooling {pooling} doesn't fit it, "
            f"{' or '.join(allowed[len(shape)])} does"
        )
    if pooling != "mean":
        return pooling, 0
    tokens = shape[1]
    prefix = tokens - isqrt(tokens) ** 2 if prefix_tokens is None else prefix_tokens
    if not 0 <= prefix < tokens:
        raise BundleError(f"the output has {tokens} tokens; --prefix-tokens {prefix} leaves none to take the mean of")
    return pooling, prefix


def pool(
    model: onnx.ModelProto, tower: Tower, prefix: str, pooling: Pooling, prefix_tokens: int, shape: Sequence[int]
) -> int:
    """Add the pooling; returns the feature's dimension."""
    back = _Nodes(prefix)
    opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
    x = back.add("Cast", [tower.output], "output", to=TensorProto.FLOAT)
    dimension = shape[-1]
    if pooling == "cls":
        x = back.add("Gather", [x, back.integers("first", 0)], "token", axis=1)
    elif pooling == "mean":
        if prefix_tokens:
            limits = [
                back.integers("from", [prefix_tokens]),
                back.integers("to", [shape[1]]),
                back.integers("axis", [1]),
            ]
            x = back.add("Slice", [x, *limits], "patches")
        x = back.mean(x, [1], opset)
    elif pooling in ("avg", "gem"):
        axes, dimension = ([2, 3], shape[1]) if tower.layout == "nchw" else ([1, 2], shape[3])
        if pooling == "gem":
            x = back.add("Max", [x, back.constant("floor", np.array(1e-6))], "positive")
            x = back.add("Pow", [x, back.constant("power", np.array(_GEM_POWER))], "raised")
        x = back.mean(x, axes, opset)
        if pooling == "gem":
            x = back.add("Pow", [x, back.constant("root", np.array(1 / _GEM_POWER))], "rooted")
    feature = f"{prefix}feature"
    back.nodes.append(helper.make_node("Identity", [x], [feature], name=feature))
    model.graph.node.extend(back.nodes)
    model.graph.initializer.extend(back.constants)
    set_output(model, feature, [1, dimension])
    return dimension


class _Nodes:
    """Collects nodes and constants; every name begins with a prefix nobody else uses."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, op: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        output = f"{self._prefix}{name}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: NDArray[np.float64]) -> str:
        self.constants.append(numpy_helper.from_array(value.astype(np.float32), f"{self._prefix}{name}"))
        return f"{self._prefix}{name}"

    def integers(self, name: str, value: int | list[int]) -> str:
        self.constants.append(numpy_helper.from_array(np.array(value, np.int64), f"{self._prefix}{name}"))
        return f"{self._prefix}{name}"

    def mean(self, x: str, axes: list[int], opset: int) -> str:
        if opset >= _REDUCE_BY_INPUT:
            return self.add("ReduceMean", [x, self.integers("axes", axes)], "mean_of", keepdims=0)
        return self.add("ReduceMean", [x], "mean_of", axes=axes, keepdims=0)


def _free_prefix(graph: onnx.GraphProto) -> str:
    names = {name for node in graph.node for name in (*node.input, *node.output)}
    prefix = "edge_search."
    while any(name.startswith(prefix) for name in names):
        prefix = f"_{prefix}"
    return prefix
