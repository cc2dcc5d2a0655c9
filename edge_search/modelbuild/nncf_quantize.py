"""FP32 graph -> INT8 graph by NNCF: the form that OpenVINO executes fast for networks with SiLU.

Rounding stands only before the convolutions (after SiLU, not before it), so that OpenVINO fuses convolution,
SiLU and rounding into one step: EfficientNet-B4 takes 0.45 to 0.50 of its FP32 time, the form of `quantize`
0.8. ONNX Runtime can't fuse that and is slower than FP32 with it.

Two settings differ from NNCF's defaults. Weights take 7 bits (its "overflow fix" for every layer): on CPUs
without VNNI two products of bytes are added in 16 bits, and the canary would differ from CPU to CPU. And
activations are not symmetric (its "mixed" preset) unless asked for: SiLU's outputs reach from -0.28 to far
above, half of a symmetric range stays empty. Symmetric ones take 0.96 of the time.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Collection

import numpy as np
import onnx
from numpy.typing import NDArray

from edge_search.encoder.telemetry import openvino_silenced
from edge_search.errors import EncoderError
from edge_search.modelbuild.kept import exact_nodes
from edge_search.modelbuild.onnx_graph import INPUT

__all__ = ["quantize_nncf"]


def quantize_nncf(
    model: onnx.ModelProto, pictures: NDArray[np.uint8], keep: Collection[str] = (), *, symmetric: bool = False
) -> onnx.ModelProto:
    """Quantize a graph of `build_graph` with calibration pictures uint8 (n, S, S, 3).

    ``keep`` names convolutions that stay in FP32; ``symmetric`` is of the activations. The same input gives the
    same bytes. Raises EncoderError when NNCF is not installed.
    """
    try:
        with openvino_silenced():
            import nncf
    except ImportError as error:
        raise EncoderError("quantizing for OpenVINO needs more packages: pip install 'edge-search[build]'") from error
    # Not `nncf.set_log_level`: that also sets the level of every handler there, others' (pytest's, an application's)
    # as well, and those hear nothing but errors ever after.
    logging.getLogger("nncf").setLevel(logging.ERROR)
    advanced = nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE)
    with contextlib.redirect_stdout(io.StringIO()):  # it draws progress bars there
        quantized: onnx.ModelProto = nncf.quantize(
            model,
            nncf.Dataset(list(pictures), lambda picture: {INPUT: picture[None]}),
            preset=nncf.QuantizationPreset.PERFORMANCE if symmetric else nncf.QuantizationPreset.MIXED,
            subset_size=len(pictures),
            ignored_scope=nncf.IgnoredScope(names=exact_nodes(model, keep)),
            advanced_parameters=advanced,
        )
    quantized.producer_name, quantized.producer_version = "edge-search", ""
    onnx.checker.check_model(quantized)
    return quantized
