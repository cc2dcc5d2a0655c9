"""Vision transformers as exporters write them, with weights from a seed.

CLIP: no bias in the patch embedding, a norm before the blocks, quick GELU, a norm and a projection behind the CLS
token. DINOv2: layer scale, GELU by Erf, position embedding resized to the picture, registers, a norm over all tokens.
Batch, height and width are dynamic: shapes are computed in the graph, as PyTorch's exporter leaves them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

__all__ = ["Vit", "build_vit", "save_vit"]

_SEED = 17


@dataclass(frozen=True)
class Vit:
    """``projection`` is CLIP's; ``text_width`` adds a text tower and the four outputs of a whole CLIP."""

    family: Literal["clip", "dinov2"]
    width: int
    depth: int
    heads: int
    patch: int = 16
    side: int = 224
    projection: int = 512
    registers: int = 0
    text_width: int = 0
    dynamic: bool = True
    opset: int = 14
    half: bool = False

    @property
    def tokens(self) -> int:
        """CLS, registers, patches."""
        return 1 + self.registers + (self.side // self.patch) ** 2


class _Graph:
    def __init__(self, vit: Vit) -> None:
        self.vit = vit
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._rng = np.random.default_rng(_SEED)
        self._real = np.float16 if vit.half else np.float32

    def node(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        name = f"/vision_model/{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [f"{name}_output_0"], name=name, **attributes))
        return f"{name}_output_0"

    def real(self, name: str, value: NDArray[Any]) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value, self._real), name))
        return name

    def drawn(self, name: str, *shape: int, spread: float | None = None) -> str:
        scale = 1 / np.sqrt(np.prod(shape[1:]) if len(shape) == 4 else shape[0]) if spread is None else spread
        return self.real(name, scale * self._rng.standard_normal(shape, np.float32))

    def number(self, value: float) -> str:
        return self.node("Constant", [], value=numpy_helper.from_array(np.array(value, self._real)))

    def whole(self, *values: int) -> str:
        return self.node("Constant", [], value=numpy_helper.from_array(np.array(values, np.int64)))

    def one(self, value: int) -> str:
        return self.node("Constant", [], value=numpy_helper.from_array(np.array(value, np.int64)))

    def linear(self, x: str, name: str, inputs: int, outputs: int, *, bias: bool = True) -> str:
        y = self.node("MatMul", [x, self.drawn(f"{name}.weight", inputs, outputs)])
        return self.node("Add", [self.drawn(f"{name}.bias", outputs, spread=0.02), y]) if bias else y

    def norm(self, x: str, name: str) -> str:
        width = self.vit.width
        gain = self.real(f"{name}.weight", 1 + 0.1 * self._rng.standard_normal(width))
        bias = self.drawn(f"{name}.bias", width, spread=0.1)
        if self.vit.opset >= 17:
            return self.node("LayerNormalization", [x, gain, bias], axis=-1, epsilon=1e-5)
        centred = self.node("Sub", [x, self.node("ReduceMean", [x], axes=[-1])])
        squares = self.node("ReduceMean", [self.node("Pow", [centred, self.number(2.0)])], axes=[-1])
        spread = self.node("Sqrt", [self.node("Add", [squares, self.number(1e-5)])])
        return self.node("Add", [self.node("Mul", [self.node("Div", [centred, spread]), gain]), bias])

    def size(self, x: str, axis: int) -> str:
        return self.node(
            "Unsqueeze", [self.node("Gather", [self.node("Shape", [x]), self.one(axis)], axis=0), self.whole(0)]
        )

    def attention(self, x: str, name: str) -> str:
        vit = self.vit
        head = vit.width // vit.heads
        shape = self.node("Concat", [self.size(x, 0), self.size(x, 1), self.whole(vit.heads, head)], axis=0)
        parts = []
        for part, order in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
            y = self.linear(x, f"{name}.{part}_proj", vit.width, vit.width)
            parts.append(self.node("Transpose", [self.node("Reshape", [y, shape])], perm=order))
        scores = self.node("Mul", [self.node("MatMul", parts[:2]), self.number(head**-0.5)])
        mixed = self.node("MatMul", [self.node("Softmax", [scores], axis=-1), parts[2]])
        joined = self.node("Concat", [self.size(x, 0), self.size(x, 1), self.whole(vit.width)], axis=0)
        y = self.node("Reshape", [self.node("Transpose", [mixed], perm=[0, 2, 1, 3]), joined])
        return self.linear(y, f"{name}.out_proj", vit.width, vit.width)

    def gelu(self, x: str) -> str:
        if self.vit.family == "clip":
            return self.node("Mul", [x, self.node("Sigmoid", [self.node("Mul", [x, self.number(1.702)])])])
        erf = self.node("Erf", [self.node("Div", [x, self.number(2**0.5)])])
        return self.node("Mul", [self.node("Mul", [x, self.node("Add", [erf, self.number(1.0)])]), self.number(0.5)])

    def scaled(self, x: str, name: str) -> str:
        if self.vit.family == "clip":
            return x
        return self.node("Mul", [x, self.real(name, 0.3 + 0.1 * self._rng.standard_normal(self.vit.width))])

    def block(self, x: str, name: str) -> str:
        width = self.vit.width
        y = self.attention(self.norm(x, f"{name}.norm1"), f"{name}.attn")
        x = self.node("Add", [x, self.scaled(y, f"{name}.layer_scale1")])
        y = self.linear(self.norm(x, f"{name}.norm2"), f"{name}.fc1", width, 4 * width)
        y = self.linear(self.gelu(y), f"{name}.fc2", 4 * width, width)
        return self.node("Add", [x, self.scaled(y, f"{name}.layer_scale2")])

    def embedded(self, pixels: str) -> str:
        vit = self.vit
        conv = [pixels, self.drawn("patch_embedding.weight", vit.width, 3, vit.patch, vit.patch)]
        if vit.family == "dinov2":
            conv.append(self.drawn("patch_embedding.bias", vit.width, spread=0.02))
        grid = self.node("Conv", conv, kernel_shape=[vit.patch] * 2, strides=[vit.patch] * 2)
        flat = self.node("Concat", [self.size(grid, 0), self.size(grid, 1), self.whole(-1)], axis=0)
        patches = self.node("Transpose", [self.node("Reshape", [grid, flat])], perm=[0, 2, 1])
        batch = self.size(pixels, 0)
        first = self._repeated("class_embedding", 1, batch)
        places = self.drawn("position_embedding", 1, 1 + (vit.side // vit.patch) ** 2, vit.width, spread=0.3)
        if vit.family == "clip":
            return self.node("Add", [self.node("Concat", [first, patches], axis=1), places])
        x = self.node("Add", [self.node("Concat", [first, patches], axis=1), self._resized(places, grid)])
        if not vit.registers:
            return x
        cls = self.node("Slice", [x, self.whole(0), self.whole(1), self.whole(1)])
        rest = self.node("Slice", [x, self.whole(1), self.whole(10**9), self.whole(1)])
        return self.node("Concat", [cls, self._repeated("register_tokens", vit.registers, batch), rest], axis=1)

    def _repeated(self, name: str, count: int, batch: str) -> str:
        token = self.drawn(name, 1, count, self.vit.width, spread=0.3)
        return self.node("Expand", [token, self.node("Concat", [batch, self.whole(count, self.vit.width)], axis=0)])

    def _resized(self, places: str, grid: str) -> str:
        """DINOv2 interpolates the places of its patches to the grid that came."""
        width, side = self.vit.width, self.vit.side // self.vit.patch
        cls = self.node("Slice", [places, self.whole(0), self.whole(1), self.whole(1)])
        rest = self.node("Slice", [places, self.whole(1), self.whole(10**9), self.whole(1)])
        rest = self.node(
            "Transpose", [self.node("Reshape", [rest, self.whole(1, side, side, width)])], perm=[0, 3, 1, 2]
        )
        sizes = self.node("Concat", [self.whole(1, width), self.size(grid, 2), self.size(grid, 3)], axis=0)
        rest = self.node("Cast", [rest], to=TensorProto.FLOAT)
        rest = self.node("Resize", [rest, "", "", sizes], mode="cubic", coordinate_transformation_mode="half_pixel")
        rest = self.node("Cast", [rest], to=TensorProto.FLOAT16 if self.vit.half else TensorProto.FLOAT)
        rest = self.node("Transpose", [self.node("Reshape", [rest, self.whole(1, width, -1)])], perm=[0, 2, 1])
        return self.node("Concat", [cls, rest], axis=1)

    def text(self, ids: str, mask: str) -> str:
        """Enough of a text tower to need both of its inputs: embedding, masked mean, projection."""
        width = self.vit.text_width
        words = self.node("Gather", [self.drawn("text.embedding", 1000, width, spread=0.3), ids], axis=0)
        kind = TensorProto.FLOAT16 if self.vit.half else TensorProto.FLOAT
        weights = self.node("Unsqueeze", [self.node("Cast", [mask], to=kind), self.whole(-1)])
        mean = self.node("ReduceMean", [self.node("Mul", [words, weights])], axes=[1], keepdims=0)
        return self.linear(mean, "text_projection", width, self.vit.projection, bias=False)

    def name(self, x: str, name: str) -> None:
        self.nodes.append(helper.make_node("Identity", [x], [name], name=f"/{name}"))


def build_vit(vit: Vit) -> onnx.ModelProto:
    """Return the network; its outputs are those of the families' exports."""
    graph = _Graph(vit)
    x = graph.embedded("pixel_values")
    if vit.family == "clip":
        x = graph.norm(x, "pre_layrnorm")
    for number in range(vit.depth):
        x = graph.block(x, f"layers.{number}")
    outputs: dict[str, list[int | str]] = {}
    if vit.family == "clip":
        token = graph.node("Gather", [x, graph.one(0)], axis=1)
        embeds = graph.linear(
            graph.norm(token, "post_layernorm"), "visual_projection", vit.width, vit.projection, bias=False
        )
        if vit.text_width:
            text = graph.text("input_ids", "attention_mask")
            across = graph.node("MatMul", [text, graph.node("Transpose", [embeds], perm=[1, 0])])
            graph.name(graph.node("Transpose", [across], perm=[1, 0]), "logits_per_image")
            graph.name(across, "logits_per_text")
            graph.name(text, "text_embeds")
            outputs |= {"logits_per_image": ["batch", "texts"], "logits_per_text": ["texts", "batch"]}
            outputs |= {"text_embeds": ["texts", vit.projection]}
        else:
            graph.name(x, "last_hidden_state")
            outputs["last_hidden_state"] = ["batch", vit.tokens, vit.width]
        graph.name(embeds, "image_embeds")
        outputs["image_embeds"] = ["batch", vit.projection]
    else:
        x = graph.norm(x, "layernorm")
        graph.name(x, "last_hidden_state")
        graph.name(graph.node("Gather", [x, graph.one(0)], axis=1), "pooler_output")
        outputs = {"last_hidden_state": ["batch", "tokens", vit.width], "pooler_output": ["batch", vit.width]}
    return _model(vit, graph, outputs)


def _model(vit: Vit, graph: _Graph, outputs: dict[str, list[int | str]]) -> onnx.ModelProto:
    real = TensorProto.FLOAT16 if vit.half else TensorProto.FLOAT
    picture: list[int | str] = ["batch", "channels", "height", "width"] if vit.dynamic else [1, 3, vit.side, vit.side]
    inputs = [helper.make_tensor_value_info("pixel_values", real, picture)]
    if vit.text_width:
        words = [
            helper.make_tensor_value_info(n, TensorProto.INT64, ["texts", "words"])
            for n in ("input_ids", "attention_mask")
        ]
        inputs = [words[0], *inputs, words[1]]
    if not vit.dynamic:
        outputs = {
            name: [1 if size == "batch" else vit.tokens if size == "tokens" else size for size in shape]
            for name, shape in outputs.items()
        }
    body = helper.make_graph(
        graph.nodes,
        "main_graph",
        inputs,
        [helper.make_tensor_value_info(name, real, shape) for name, shape in outputs.items()],
        graph.weights,
    )
    opset = [helper.make_opsetid("", vit.opset)]
    return helper.make_model(body, opset_imports=opset, ir_version=8, producer_name="pytorch")


def save_vit(vit: Vit, folder: Path, *, outside: bool) -> Path:
    """Write ``model.onnx``, its weights beside it in ``model.onnx_data`` if ``outside``; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "model.onnx"
    onnx.save_model(
        build_vit(vit), str(file), save_as_external_data=outside, location="model.onnx_data", size_threshold=1024
    )
    return file
