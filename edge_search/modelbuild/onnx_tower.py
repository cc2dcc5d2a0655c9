"""Finds the image encoder in a foreign graph: its input, its output, and the nodes between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import TensorProto

from edge_search.errors import BundleError
from edge_search.modelbuild.import_options import Layout

__all__ = ["Tower", "find_tower"]

_PREFERRED = ("image_embeds", "image_features", "image_embedding", "pooler_output", "last_hidden_state")
"""CLIP's projection, the pooled token, all tokens: an encoder that has several is asked for the first of these."""
_NUMBERS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8)


@dataclass(frozen=True)
class Tower:
    """``kind`` is the input's element type, ``side`` its fixed size in pixels, None when any size goes in."""

    input: str
    output: str
    kind: int
    layout: Layout
    side: int | None


def find_tower(
    model: onnx.ModelProto, wanted_input: str | None, wanted_output: str | None, layout: Layout | None
) -> Tower:
    """Choose input and output, and cut everything else from ``model`` (a text tower, other outputs).

    Raises BundleError, one line, when there is no such input or output, when it can't be told which of several
    is meant, or when the output needs more than the picture.
    """
    graph = model.graph
    stored = {tensor.name for tensor in graph.initializer} | {t.values.name for t in graph.sparse_initializer}
    inputs = [value for value in graph.input if value.name not in stored]
    picture = _picture(inputs, wanted_input)
    output, nodes = _output(graph, [value.name for value in inputs], picture.name, wanted_output)
    kind, layout, side = _shape(picture, layout)
    tower = Tower(picture.name, output, kind, layout, side)

    used = {name for node in nodes for name in _takes(node)} | {output}
    made = {node.output[0] for node in nodes}
    _keep(graph.node, [node.output[0] in made for node in graph.node])
    _keep(graph.initializer, [tensor.name in used for tensor in graph.initializer])
    _keep(graph.sparse_initializer, [tensor.values.name in used for tensor in graph.sparse_initializer])
    for field in ("input", "output", "value_info"):
        graph.ClearField(field)
    return tower


def _keep(values: Any, kept: Sequence[bool]) -> None:
    """Delete the others, one by one: copying what stays would hold large weights twice."""
    for number in reversed(range(len(kept))):
        if not kept[number]:
            del values[number]


def _picture(inputs: Sequence[onnx.ValueInfoProto], wanted: str | None) -> onnx.ValueInfoProto:
    names = ", ".join(value.name for value in inputs) or "none"
    if wanted is not None:
        for value in inputs:
            if value.name == wanted:
                return value
        raise BundleError(f"the network has no input {wanted!r}; it has: {names}")
    found = [value for value in inputs if len(value.type.tensor_type.shape.dim) == 4]
    if len(found) > 1:
        raise BundleError(f"the network has several inputs for pictures ({names}); say which with --input")
    if not found:
        shapes = "; ".join(f"{value.name} {_dims(value)}" for value in inputs) or "none"
        raise BundleError(f"no input of the network is a picture (rank 4); its inputs: {shapes}")
    return found[0]


def _dims(value: onnx.ValueInfoProto) -> str:
    sizes = [
        str(d.dim_value) if d.HasField("dim_value") else d.dim_param or "?" for d in value.type.tensor_type.shape.dim
    ]
    return f"({', '.join(sizes)})"


def _shape(value: onnx.ValueInfoProto, layout: Layout | None) -> tuple[int, Layout, int | None]:
    """Element type, layout and fixed side of the picture's input; BundleError for what can't be fed."""
    tensor = value.type.tensor_type
    if tensor.elem_type not in _NUMBERS:
        kind = TensorProto.DataType.Name(tensor.elem_type)
        raise BundleError(f"input {value.name} takes {kind}; a picture goes in as float, float16 or uint8")
    sizes = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in tensor.shape.dim]
    if len(sizes) != 4:
        raise BundleError(f"input {value.name} has the shape {_dims(value)}; a picture's has four dimensions")
    if sizes[0] not in (None, 1):
        raise BundleError(f"input {value.name} takes {sizes[0]} pictures at a time; export it with a batch of 1 or any")
    if layout is None:
        layout = "nhwc" if sizes[3] == 3 and sizes[1] != 3 else "nchw"
    channels, height, width = (sizes[1], *sizes[2:]) if layout == "nchw" else (sizes[3], *sizes[1:3])
    if channels not in (None, 3):
        raise BundleError(
            f"input {value.name} {_dims(value)} takes {channels} channels as {layout}, not 3; see --layout"
        )
    if height is not None and width is not None and height != width:
        raise BundleError(f"input {value.name} takes {width} x {height} pixels; only square ones can be imported")
    return tensor.elem_type, layout, height or width


def _output(
    graph: onnx.GraphProto, inputs: Sequence[str], picture: str, wanted: str | None
) -> tuple[str, list[onnx.NodeProto]]:
    """Name of the feature's output, and the nodes that make it."""
    names = [value.name for value in graph.output]
    if wanted is not None and wanted not in names and all(wanted not in node.output for node in graph.node):
        raise BundleError(f"the network has no output {wanted!r}; it has: {', '.join(names)}")
    reached = {name: _reach(graph, name) for name in ([wanted] if wanted else names)}
    others = {name: [i for i in inputs if i in needs and i != picture] for name, (_, needs) in reached.items()}
    alone = [name for name in reached if not others[name] and picture in reached[name][1]]
    if wanted is not None or len(names) == 1:
        name = wanted or names[0]
        if others[name]:
            raise BundleError(
                f"output {name} needs {' and '.join(others[name])} beside the picture; name another with --output "
                f"({', '.join(names)}), or export the image tower alone"
            )
        if name not in alone:
            raise BundleError(f"output {name} doesn't depend on the picture ({picture}); name another with --output")
        return name, reached[name][0]
    if not alone:
        raise BundleError(
            f"every output ({', '.join(names)}) needs {' and '.join(sorted({i for v in others.values() for i in v}))} "
            "beside the picture; export the image tower alone"
        )
    name = next((preferred for preferred in _PREFERRED if preferred in alone), alone[0] if len(alone) == 1 else "")
    if not name:
        raise BundleError(f"the network has several outputs ({', '.join(alone)}); say which with --output")
    return name, reached[name][0]


def _reach(graph: onnx.GraphProto, output: str) -> tuple[list[onnx.NodeProto], set[str]]:
    """The nodes behind ``output``, in the graph's order, and every name they take."""
    makers = {name: number for number, node in enumerate(graph.node) for name in node.output if name}
    seen: set[int] = set()
    taken, queue = {output}, [output]
    while queue:
        number = makers.get(queue.pop())
        if number is None or number in seen:
            continue
        seen.add(number)
        new = set(_takes(graph.node[number])) - taken
        taken |= new
        queue += new
    return [graph.node[number] for number in sorted(seen)], taken


def _takes(node: onnx.NodeProto) -> Iterator[str]:
    """Every name a node reads; of If and Loop also what their nested graphs read from outside."""
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for nested in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
            for inner in nested.node:
                yield from _takes(inner)
            yield from (value.name for value in nested.output)
