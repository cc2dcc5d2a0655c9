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

Networks with SiLU lose more here than by `quantize_nncf`: ONNX Runtime has no integer convolution that ends in
SiLU, so the map before it is rounded too. Then SiLU is two look-ups of bytes, and fast.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from edge_search.encoder.telemetry import silence_onnxruntime
from edge_search.modelbuild.kept import BEFORE, exact_nodes
from edge_search.modelbuild.observed import Observed, observe
from edge_search.modelbuild.onnx_graph import INPUT

__all__ = ["quantize"]

_QUANTIZED = ["Conv", "Add", "Clip", "GlobalAveragePool", "Mul", "Sigmoid"]
_LOWEST = -6.0


def quantize(
    model: onnx.ModelProto,
    pictures: NDArray[np.uint8],
    mean: Sequence[float],
    std: Sequence[float],
    keep: Collection[str] = (),
    observed: Observed | None = None,
) -> onnx.ModelProto:
    """Quantize a graph of `build_graph` with calibration pictures uint8 (n, S, S, 3).

    ``mean`` and ``std`` are those the graph was built with; ``keep`` names convolutions that stay in FP32;
    ``observed`` is what `observe` saw of this graph on these pictures, for who quantizes it several times: looking
    takes most of the time. The same input gives the same bytes.
    """
    silence_onnxruntime()
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static

    exact = exact_nodes(model, keep)
    observed = observed or observe(model, pictures)
    dense = [conv.input[1] for conv in _convs(model) if _group(conv) == 1 and conv.name not in exact]
    seven_bits = [{"quant_type": QuantType.QInt8, "axis": 0, "reduce_range": True, "symmetric": True}]
    overrides: dict[str, Any] = dict.fromkeys(dense, seven_bits)
    if any(node.op_type == "Sigmoid" for node in model.graph.node):
        ranges = _silu_ranges(model, observed)
        overrides |= {name: [{"quant_type": QuantType.QUInt8, **limits}] for name, limits in ranges.items()}
        pictures = pictures[:1]  # every range is given
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
                nodes_to_exclude=exact,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
                extra_options={"TensorQuantOverrides": overrides},
            )
        finally:
            logging.disable(logging.NOTSET)
        quantized = onnx.load(str(target))
    _correct_biases(quantized, model, observed.means)
    grey = len(set(mean)) == len(set(std)) == 1 and float(mean[0]).is_integer()
    if grey and any(node.op_type == "QuantizeLinear" and node.input[0] == BEFORE[-1] for node in quantized.graph.node):
        _take_bytes(quantized, int(mean[0]), float(std[0]))
    quantized.producer_name, quantized.producer_version = "edge-search", ""
    onnx.checker.check_model(quantized)
    return quantized


class _Pictures:
    """ONNX Runtime's CalibrationDataReader, by shape."""

    def __init__(self, pictures: NDArray[np.uint8]) -> None:
        self._rows: Iterator[NDArray[np.uint8]] = iter(pictures)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        row = next(self._rows, None)
        return None if row is None else {INPUT: row[None]}


def _silu_ranges(model: onnx.ModelProto, observed: Observed) -> dict[str, dict[str, np.float32]]:
    """Range of each rounded map of a network with SiLU: the mean of the pictures' extremes.

    What goes into SiLU ends at -6 below, where SiLU is almost 0: the steps above get finer (.92 -> .94).
    """
    gated = {node.input[0] for node in model.graph.node if node.op_type == "Sigmoid"}
    made = {output for node in model.graph.node if node.op_type in _QUANTIZED for output in node.output}
    ranges = {}
    for name in sorted(made & set(observed.lows)):
        low = min(0.0, observed.lows[name])
        low = max(_LOWEST, low) if name in gated else low
        high = max(low + 1e-6, 0.0, observed.highs[name])
        ranges[name] = {"rmin": np.float32(low), "rmax": np.float32(high)}
    return ranges


def _convs(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    return [node for node in model.graph.node if node.op_type == "Conv"]


def _group(conv: onnx.NodeProto) -> int:
    return next(int(attribute.i) for attribute in conv.attribute if attribute.name == "group")


def _correct_biases(quantized: onnx.ModelProto, model: onnx.ModelProto, means: dict[str, NDArray[np.float64]]) -> None:
    """Add (exact - rounded weight) x mean input to each rounded bias, in place."""
    exact = {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer}
    entries = {entry.name: entry for entry in quantized.graph.initializer}

    def value(name: str) -> NDArray[np.float64]:
        return numpy_helper.to_array(entries[name]).astype(np.float64)

    for conv in _convs(model):
        source, weight, bias = conv.input
        if f"{weight}_quantized" not in entries:
            continue
        rounded = value(f"{weight}_quantized") * value(f"{weight}_scale")[:, None, None, None]
        error = (exact[weight] - rounded).sum(axis=(2, 3))
        mean = means[source]
        shift = error @ mean if _group(conv) == 1 else error[:, 0] * mean
        fixed = value(f"{bias}_quantized") + np.round(shift / value(f"{bias}_quantized_scale"))
        entries[f"{bias}_quantized"].CopyFrom(numpy_helper.from_array(fixed.astype(np.int32), f"{bias}_quantized"))


def _take_bytes(quantized: onnx.ModelProto, mean: int, std: float) -> None:
    """Feed the bytes themselves to the first dequantization, in place."""
    graph = quantized.graph
    rounding = next(node for node in graph.node if node.input[0] == BEFORE[-1])
    first = next(node for node in graph.node if node.input[0] == rounding.output[0])
    first.input[0] = "planes"
    entries = {entry.name: entry for entry in graph.initializer}
    scale, zero = first.input[1], first.input[2]
    entries[scale].CopyFrom(numpy_helper.from_array(np.array(1 / std, np.float32), scale))
    entries[zero].CopyFrom(numpy_helper.from_array(np.array(mean, np.uint8), zero))
    kept = [node for node in graph.node if node.name not in (*BEFORE, rounding.name)]
    used = {name for node in kept for name in node.input}
    constants = [entry for entry in graph.initializer if entry.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(constants)
