"""Which convolutions a quantized network does worst: the order in which they go back to FP32."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge_search.modelbuild.observed import expose, open_session, run_maps

__all__ = ["rank_damage"]

_BATCH = 24  # convolutions at once: the maps of EfficientNet-B4 at 380 px take 250 MB in all
_ROUNDING = ("QuantizeLinear", "DequantizeLinear")


def rank_damage(
    exact: onnx.ModelProto, quantized: onnx.ModelProto, pictures: NDArray[np.uint8]
) -> list[tuple[str, float]]:
    """Order the convolutions of a graph of `build_graph` by the error each makes, the worst first.

    Each convolution of ``quantized`` gets the exact input, rounds it, and is compared with the exact output: what
    others broke before it is not its fault. The error of a channel is the power of the difference relative to the
    channel's own and at most 1 (then it is lost); that of a convolution is the mean over its channels and over
    ``pictures`` uint8 (n, S, S, 3).
    """
    convs = [node.name for node in exact.graph.node if node.op_type == "Conv"]
    exact_outputs = {node.name: node.output[0] for node in exact.graph.node}
    errors = dict.fromkeys(convs, 0.0)
    for start in range(0, len(convs), _BATCH):
        batch = convs[start : start + _BATCH]
        pieces, inputs, outputs = _apart(quantized, batch)
        names = sorted({*inputs, *(exact_outputs[name] for name in batch)})
        whole, apart = expose(exact, names), open_session(pieces)
        for picture in pictures:
            maps = run_maps(whole, names, picture)
            found = apart.run([outputs[name] for name in batch], {name: maps[name][None] for name in inputs})
            for name, value in zip(batch, found, strict=True):
                right = maps[exact_outputs[name]]
                wrong = ((value[0] - right) ** 2).mean(axis=(1, 2)) / ((right**2).mean(axis=(1, 2)) + 1e-9)
                errors[name] += float(np.minimum(wrong, 1).mean()) / len(pictures)
    return sorted(errors.items(), key=lambda entry: (-entry[1], entry[0]))


def _apart(quantized: onnx.ModelProto, convs: list[str]) -> tuple[onnx.ModelProto, list[str], dict[str, str]]:
    """Convolutions with the rounding of their inputs, each by itself; the maps they need, and what each puts out."""
    graph = quantized.graph
    made_by = {output: node for node in graph.node for output in node.output}
    constants = {entry.name for entry in graph.initializer}
    by_name = {node.name: node for node in graph.node if node.op_type == "Conv"}
    kept: dict[str, onnx.NodeProto] = {}
    inputs: set[str] = set()
    outputs = {}
    for number, name in enumerate(convs):
        conv = onnx.NodeProto()
        conv.CopyFrom(by_name[name])
        waiting = list(conv.input)
        while waiting:
            wanted = waiting.pop()
            if wanted in constants or wanted in inputs:
                continue
            node = made_by.get(wanted)
            if node is None or node.op_type not in _ROUNDING:
                inputs.add(wanted)
            elif wanted not in kept:
                kept[wanted] = node
                waiting += node.input
        # its name may be that of another one's input (a ReLU6 behind it can become the rounding's limits)
        outputs[name] = f"apart{number}"
        conv.output[0] = outputs[name]
        kept[outputs[name]] = conv
    order = {output: number for number, node in enumerate(graph.node) for output in node.output}
    nodes = sorted(kept.items(), key=lambda entry: order.get(entry[0], len(order)))
    used = {name for node in kept.values() for name in node.input}
    body = helper.make_graph(
        [node for _, node in nodes],
        "apart",
        [helper.make_tensor_value_info(name, _kind(name), None) for name in sorted(inputs)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs.values()],
        [entry for entry in graph.initializer if entry.name in used],
    )
    pieces = helper.make_model(body, opset_imports=quantized.opset_import, ir_version=quantized.ir_version)
    return pieces, sorted(inputs), outputs


def _kind(name: str) -> int:
    return TensorProto.UINT8 if name == "planes" else TensorProto.FLOAT
