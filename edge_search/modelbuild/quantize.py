"""FP32 graph -> INT8 graph (Q/DQ), one file that both runtimes execute fast.

Post-training, by ONNX Runtime's static quantizer: activations uint8 with the range they had on the
calibration pictures, weights int8 for each channel. Three things are done beyond it, each measured on
EfficientNet-Lite2 (cosine with FP32, mean / worst, of 405 photos):

- Weights of dense convolutions take 7 bits. CPUs without VNNI add two products of bytes in 16 bits; with 8
  bits that saturated (.961 / .892); with 7 bits every instruction set gave the same feature to five digits.
  Depthwise ones don't add across channels there and keep 8.
- The mean error of each rounded weight is taken back in the bias, after Nagel et al., "Data-Free
  Quantization Through Weight Equalization and Bias Correction" (2019): .974 / .879 became .993 / .976.
- Pixels are bytes already. Where mean and deviation are the same whole numbers for each channel, a byte *is*
  the quantized normalised pixel, so the arithmetic before the first convolution goes: 3 of 11 ms in ONNX
  Runtime.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge_search.encoder.telemetry import silence_onnxruntime
from edge_search.modelbuild.onnx_graph import INPUT

__all__ = ["quantize"]

_QUANTIZED = ["Conv", "Add", "Clip", "GlobalAveragePool", "Mul", "Sigmoid"]
_BEFORE = ("real", "centred", "normalised")


def quantize(
    model: onnx.ModelProto, pictures: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]
) -> onnx.ModelProto:
    """Quantize a graph of `build_graph` with calibration pictures uint8 (n, S, S, 3).

    ``mean`` and ``std`` are those the graph was built with. The same input gives the same bytes.
    """
    silence_onnxruntime()
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    dense = [node.input[1] for node in _convs(model) if _group(node) == 1]
    seven_bits = [{"quant_type": QuantType.QInt8, "axis": 0, "reduce_range": True, "symmetric": True}]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, str(source))
        logging.disable(logging.WARNING)  # it advises, on the root logger, to run another tool first
        try:
            quantize_static(
                str(source),
                str(target),
                _Pictures(pictures),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=_QUANTIZED,
                nodes_to_exclude=[node.name for node in model.graph.node if _is_exact(node.name)],
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
                extra_options={"TensorQuantOverrides": dict.fromkeys(dense, seven_bits)},
            )
        finally:
            logging.disable(logging.NOTSET)
        quantized = onnx.load(str(target))
    _correct_biases(quantized, model, _input_means(model, pictures))
    if len(set(mean)) == len(set(std)) == 1 and float(mean[0]).is_integer():
        _take_bytes(quantized, int(mean[0]), float(std[0]))
    quantized.producer_name, quantized.producer_version = "edge-search", ""
    onnx.checker.check_model(quantized)
    return quantized


def _is_exact(node: str) -> bool:
    """Whether a node stays in floating point: the arithmetic on pixels, and pooling (cubes need the range)."""
    return node in _BEFORE or node.startswith("level")


class _Pictures:
    """ONNX Runtime's CalibrationDataReader, by shape."""

    def __init__(self, pictures: NDArray[np.uint8]) -> None:
        self._rows: Iterator[NDArray[np.uint8]] = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        row = next(self._rows, None)
        return None if row is None else {INPUT: row[None]}


def _convs(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    return [node for node in model.graph.node if node.op_type == "Conv"]


def _group(conv: onnx.NodeProto) -> int:
    return next(int(attribute.i) for attribute in conv.attribute if attribute.name == "group")


def _input_means(model: onnx.ModelProto, pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
    """Mean of each convolution's input, float64 (channels,), in FP32 over the calibration pictures."""
    import onnxruntime

    names = sorted({node.input[0] for node in _convs(model)})
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    for name in names:
        open_model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(open_model.SerializeToString(), providers=["CPUExecutionProvider"])
    sums = dict.fromkeys(names, np.zeros(1))
    for picture in pictures:
        for name, value in zip(names, session.run(names, {INPUT: picture[None]}), strict=True):
            sums[name] = sums[name] + value[0].mean(axis=(1, 2), dtype=np.float64)
    return {name: total / len(pictures) for name, total in sums.items()}


def _correct_biases(quantized: onnx.ModelProto, model: onnx.ModelProto, means: dict[str, NDArray[np.float64]]) -> None:
    """Add (exact - rounded weight) x mean input to each rounded bias, in place."""
    exact = {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer}
    entries = {entry.name: entry for entry in quantized.graph.initializer}

    def value(name: str) -> NDArray[np.float64]:
        return numpy_helper.to_array(entries[name]).astype(np.float64)

    for conv in _convs(model):
        source, weight, bias = conv.input
        rounded = value(f"{weight}_quantized") * value(f"{weight}_scale")[:, None, None, None]
        error = (exact[weight] - rounded).sum(axis=(2, 3))
        mean = means[source]
        shift = error @ mean if _group(conv) == 1 else error[:, 0] * mean
        fixed = value(f"{bias}_quantized") + np.round(shift / value(f"{bias}_quantized_scale"))
        entries[f"{bias}_quantized"].CopyFrom(numpy_helper.from_array(fixed.astype(np.int32), f"{bias}_quantized"))


def _take_bytes(quantized: onnx.ModelProto, mean: int, std: float) -> None:
    """Feed the bytes themselves to the first dequantization, in place."""
    graph = quantized.graph
    rounding = next(node for node in graph.node if node.input[0] == _BEFORE[-1])
    first = next(node for node in graph.node if node.input[0] == rounding.output[0])
    first.input[0] = "planes"
    entries = {entry.name: entry for entry in graph.initializer}
    scale, zero = first.input[1], first.input[2]
    entries[scale].CopyFrom(numpy_helper.from_array(np.array(1 / std, np.float32), scale))
    entries[zero].CopyFrom(numpy_helper.from_array(np.array(mean, np.uint8), zero))
    kept = [node for node in graph.node if node.name not in (*_BEFORE, rounding.name)]
    used = {name for node in kept for name in node.input}
    constants = [entry for entry in graph.initializer if entry.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(constants)
