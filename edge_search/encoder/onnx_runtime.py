"""ONNX Runtime; the only module that imports it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_search.encoder.telemetry import silence_onnxruntime
from edge_search.errors import EncoderError, RuntimeUnavailable

__all__ = ["OnnxRuntime"]


class OnnxRuntime:
    """One session; ``run`` of one session is safe from several threads."""

    name = "onnxruntime"

    def __init__(self, network: Path, precision: str, threads: int) -> None:
        """Load ``network`` (ONNX); RuntimeUnavailable if that fails here."""
        silence_onnxruntime()
        try:
            import onnxruntime
        except Exception as error:  # a missing wheel, a missing library
            raise RuntimeUnavailable(f"onnxruntime can't be imported: {error}") from error
        onnxruntime.disable_telemetry_events()
        self.version = str(onnxruntime.__version__)
        self.precision = precision
        self.threads = threads
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # waiting threads would spin: 20 percent of a CPU when nobody searches, 4 without
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
            self._input = self._session.get_inputs()[0].name
        except Exception as error:  # onnxruntime has a class for each failure, none public
            reason = str(error).strip().splitlines()[-1]
            raise RuntimeUnavailable(f"onnxruntime can't load {network}: {reason}") from error

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pixels uint8 (n, S, S, 3) -> float32 (n, D), one picture at a time."""
        try:
            rows = [self._session.run(None, {self._input: picture[None]})[0][0] for picture in batch]
        except Exception as error:
            raise EncoderError(f"onnxruntime failed: {str(error).strip().splitlines()[-1]}") from error
        return np.stack(rows)
