"""Which convolutions a quantized network does worst: the order in which they go back to FP32."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray

from edge_search.modelbuild.observed import expose, run_maps

__all__ = ["rank_damage"]

_BATCH = 24  # maps at once: those of EfficientNet-B4 at 380 px take 250 MB in all


def rank_damage(
    exact: onnx.ModelProto, quantized: onnx.ModelProto, pictures: NDArray[np.uint8]
) -> list[tuple[str, float]]:
    """Order the convolutions of a graph of `build_graph` by the error each adds, the worst first.

    The error of a channel is the power of its difference from FP32, relative to its own power and at most 1 (then
    it is lost); that of a map is the mean over its channels and over ``pictures`` uint8 (n, S, S, 3). A
    convolution is charged with the error of its output less that of the convolutions that made its input: what
    came in broken is not its fault.
    """
    convs = [node for node in exact.graph.node if node.op_type == "Conv"]
    made_by = {output: node for node in exact.graph.node for output in node.output}
    # a quantizer may rename what a convolution puts out (a ReLU6 behind it becomes the rounding's limits)
    renamed = {node.name: node.output[0] for node in quantized.graph.node if node.op_type == "Conv"}
    errors = dict.fromkeys((conv.output[0] for conv in convs), 0.0)
    for start in range(0, len(convs), _BATCH):
        batch = convs[start : start + _BATCH]
        names, others = [conv.output[0] for conv in batch], [renamed[conv.name] for conv in batch]
        one, other = expose(exact, names), expose(quantized, others)
        for picture in pictures:
            right, found = run_maps(one, names, picture), run_maps(other, others, picture)
            for name, other_name in zip(names, others, strict=True):
                power = (right[name] ** 2).mean(axis=(1, 2)) + 1e-9
                wrong = ((found[other_name] - right[name]) ** 2).mean(axis=(1, 2)) / power
                errors[name] += float(np.minimum(wrong, 1).mean()) / len(pictures)
    added = []
    for conv in convs:
        came_in = max((errors[name] for name in _convs_before(conv, made_by)), default=0.0)
        added.append((conv.name, errors[conv.output[0]] - came_in))
    return sorted(added, key=lambda entry: (-entry[1], entry[0]))


def _convs_before(conv: onnx.NodeProto, made_by: dict[str, onnx.NodeProto]) -> set[str]:
    """Outputs of the convolutions that the input of ``conv`` is made from."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [conv.input[0]]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in made_by:
            continue
        seen.add(name)
        node = made_by[name]
        if node.op_type == "Conv":
            found.add(name)
        else:
            waiting += node.input
    return found
