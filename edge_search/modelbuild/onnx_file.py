"""A foreign ONNX file: read without its large weights, and written again with them in one file beside it.

Protobuf ends at 2 GB, so exporters put weights beside the graph (``model.onnx_data``). Here the graph is worked
on without them, and they are copied piece by piece: memory stays at the size of one tensor.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, numpy_helper

from edge_search.errors import BundleError

__all__ = ["DATA", "INLINE_BYTES", "precision", "read_graph", "tensors", "weigh", "write_graph"]

DATA = "network.onnx.data"
INLINE_BYTES = 32 << 20
"""Weights under this stay inside the graph's own file. Beside it both runtimes map them instead of copying."""
_SMALL_BYTES = 1024
_PAGE_BYTES, _LINE_BYTES = 4096, 64
_PIECE_BYTES = 8 << 20
_OLDEST_OPSET = 11
_PLAIN: dict[int, int] = {
    TensorProto.FLOAT: 4, TensorProto.DOUBLE: 8, TensorProto.FLOAT16: 2, TensorProto.BFLOAT16: 2,
    TensorProto.INT8: 1, TensorProto.UINT8: 1, TensorProto.INT16: 2, TensorProto.UINT16: 2,
    TensorProto.INT32: 4, TensorProto.INT64: 8, TensorProto.BOOL: 1,
}  # fmt: skip


def read_graph(path: Path) -> onnx.ModelProto:
    """Read the graph; weights that lie in other files stay there.

    Raises BundleError, one line, for a missing, damaged or foreign file, an opset nobody here knows, and
    weights that are missing or cut short.
    """
    try:
        model = onnx.load(str(path), load_external_data=False)
    except OSError as error:
        raise BundleError(f"can't read {path}: {error.strerror or error}") from error
    except (DecodeError, ValueError) as error:
        raise BundleError(f"{path} is damaged or no ONNX file; export or copy it again") from error
    if not model.graph.node or not model.opset_import:
        raise BundleError(f"{path} holds no network; export or copy it again")
    newest = onnx.defs.onnx_opset_version()
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx") and not _OLDEST_OPSET <= entry.version <= newest:
            raise BundleError(
                f"{path} uses opset {entry.version}, known are {_OLDEST_OPSET} to {newest}; export it with opset 17"
            )
    for tensor in tensors(model.graph):
        if tensor.data_location == TensorProto.EXTERNAL:
            _place(tensor, path.parent)
    return model


def tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Every tensor stored in the graph: weights and constants, also of nested graphs."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for nested in (attribute.g, *attribute.graphs):
                yield from tensors(nested)


def precision(graph: onnx.GraphProto) -> str:
    """``int8`` with quantized operators, else by the kind most weights are of: ``fp16`` or ``fp32``."""
    if any("Quantize" in node.op_type or node.op_type.endswith("Integer") for node in graph.node):
        return "int8"
    count: dict[str, int] = {}
    for tensor in tensors(graph):
        size = 1
        for length in tensor.dims:
            size *= length
        half = tensor.data_type in (TensorProto.FLOAT16, TensorProto.BFLOAT16)
        count["fp16" if half else "fp32"] = count.get("fp16" if half else "fp32", 0) + size
    return max(count, key=lambda kind: count[kind], default="fp32")


def write_graph(model: onnx.ModelProto, source: Path, folder: Path, name: str) -> list[Path]:
    """Write ``folder/name`` and, when the weights are large, `DATA` beside it; returns the files.

    ``source`` is the folder the weights outside of the graph are read from. ``model`` is changed: its large
    weights point into the new file from then on.
    """
    found = list(tensors(model.graph))
    if weigh(model, source) <= INLINE_BYTES:
        for tensor in found:
            if tensor.data_location == TensorProto.EXTERNAL:
                _take_in(tensor, source)
        (folder / name).write_bytes(model.SerializeToString())
        return [folder / name]
    with (folder / DATA).open("wb") as data:
        for tensor in found:
            _put_out(tensor, source, data)
    (folder / name).write_bytes(model.SerializeToString())
    return [folder / name, folder / DATA]


def weigh(model: onnx.ModelProto, source: Path) -> int:
    """Bytes of the graph and of its weights in ``source``."""
    outside = (t for t in tensors(model.graph) if t.data_location == TensorProto.EXTERNAL)
    return int(model.ByteSize()) + sum(_place(tensor, source)[2] for tensor in outside)


def _place(tensor: onnx.TensorProto, folder: Path) -> tuple[Path, int, int]:
    """File, offset and length of a tensor outside of the graph; BundleError if it isn't there whole."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    path = PurePosixPath(location)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in location:
        raise BundleError(f"tensor {tensor.name!r} lies at {location!r}, outside of the model's folder; it is refused")
    file = folder.joinpath(*path.parts)
    try:
        size = file.stat().st_size
        offset = int(entries.get("offset", 0))
        length = int(entries["length"]) if "length" in entries else size - offset
    except OSError as error:
        raise BundleError(f"the weights {file} are missing; copy them beside the .onnx file") from error
    except ValueError as error:
        raise BundleError(f"tensor {tensor.name!r} has no usable place in {file}; export it again") from error
    expected = _PLAIN.get(tensor.data_type)
    for dimension in tensor.dims:
        expected = None if expected is None else expected * dimension
    if offset < 0 or length < 0 or offset + length > size or expected not in (None, length):
        raise BundleError(f"{file} is cut short or not this model's: tensor {tensor.name!r} isn't in it; copy it again")
    return file, offset, length


def _take_in(tensor: onnx.TensorProto, folder: Path) -> None:
    file, offset, length = _place(tensor, folder)
    with file.open("rb") as stream:
        stream.seek(offset)
        tensor.raw_data = stream.read(length)
    del tensor.external_data[:]
    tensor.data_location = TensorProto.DEFAULT


def _put_out(tensor: onnx.TensorProto, source: Path, data: IO[bytes]) -> None:
    """Append the tensor's bytes to ``data``, aligned as the runtimes' mapping wants it."""
    if tensor.data_location == TensorProto.EXTERNAL:
        file, start, length = _place(tensor, source)
        offset = _aligned(data, length)
        with file.open("rb") as stream:
            stream.seek(start)
            left = length
            while left:
                piece = stream.read(min(left, _PIECE_BYTES))
                data.write(piece)
                left -= len(piece)
    else:
        if tensor.data_type not in _PLAIN or tensor.ByteSize() < _SMALL_BYTES:
            return
        content = tensor.raw_data or numpy_helper.to_array(tensor).tobytes()
        length = len(content)
        offset = _aligned(data, length)
        data.write(content)
        for field in ("raw_data", "float_data", "double_data", "int32_data", "int64_data", "uint64_data"):
            tensor.ClearField(field)
    del tensor.external_data[:]
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", DATA), ("offset", str(offset)), ("length", str(length))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def _aligned(data: IO[bytes], length: int) -> int:
    step = _PAGE_BYTES if length >= _PAGE_BYTES else _LINE_BYTES
    data.write(bytes(-data.tell() % step))
    return data.tell()
