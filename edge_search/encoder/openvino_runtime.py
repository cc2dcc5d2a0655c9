"""OpenVINO; the only module that imports it for inference."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_search.encoder.telemetry import openvino_silenced
from edge_search.errors import EncoderError, RuntimeUnavailable

__all__ = ["OpenVinoRuntime"]


class OpenVinoRuntime:
    """A compiled network with one infer request a calling thread (a shared one answers "busy")."""

    name = "openvino"

    def __init__(self, network: Path, precision: str, threads: int, streams: int = 1) -> None:
        """Compile ``network`` (ONNX or IR); RuntimeUnavailable if that fails here."""
        try:
            with openvino_silenced():
                import openvino
        except Exception as error:  # a missing wheel, a missing library, a CPU it doesn't know
            raise RuntimeUnavailable(f"openvino can't be imported: {error}") from error
        self.version = str(openvino.__version__)
        self.precision = precision
        self.threads = threads
        settings = {
            # the default is bf16 where the CPU has it: other features on another CPU
            "INFERENCE_PRECISION_HINT": "f32",
            # it doesn't see a container's CPU quota, so it is told
            "INFERENCE_NUM_THREADS": str(threads),
            "NUM_STREAMS": str(streams),
            "ENABLE_CPU_PINNING": "NO",
        }
        try:
            self._compiled = openvino.Core().compile_model(str(network), "CPU", settings)
        except Exception as error:  # openvino raises RuntimeError and its own
            reason = str(error).strip().splitlines()[-1]
            raise RuntimeUnavailable(f"openvino can't compile {network}: {reason}") from error
        self._local = threading.local()

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pixels uint8 (n, S, S, 3) -> float32 (n, D), one picture at a time."""
        try:
            if not hasattr(self._local, "request"):
                self._local.request = self._compiled.create_infer_request()
            request = self._local.request
            rows = []
            for picture in batch:
                request.infer([np.ascontiguousarray(picture[None])])
                rows.append(request.get_output_tensor(0).data[0].copy())
        except Exception as error:
            raise EncoderError(f"openvino failed: {str(error).strip().splitlines()[-1]}") from error
        return np.stack(rows)
