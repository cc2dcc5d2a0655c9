"""Which nodes stay in floating point when a graph is quantized."""

from __future__ import annotations

from collections.abc import Collection

import onnx

__all__ = ["BEFORE", "exact_nodes"]

BEFORE = ("real", "centred", "normalised")
"""The arithmetic on pixels before the first convolution."""


def exact_nodes(model: onnx.ModelProto, keep: Collection[str] = ()) -> list[str]:
    """Names of the nodes of a graph of `build_graph` that are not quantized.

    The arithmetic on pixels, pooling (cubes need the range), and for each convolution in ``keep``: it, and what
    makes its input, back to the convolutions before it. Those must leave their output as it is, else it would
    be rounded there.
    """
    exact = {node.name for node in model.graph.node if node.name in BEFORE or node.name.startswith("level")}
    made_by = {output: node for node in model.graph.node for output in node.output}
    waiting = [made_by[name] for name in keep]
    while waiting:
        node = waiting.pop()
        if node.name in exact:
            continue
        exact.add(node.name)
        if node.op_type != "Conv" or node.name in keep:
            waiting += [made_by[name] for name in node.input if name in made_by]
    return [node.name for node in model.graph.node if node.name in exact]
