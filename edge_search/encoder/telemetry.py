"""Keeps the runtimes from calling home: this product sends nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["openvino_silenced", "silence_onnxruntime"]


@contextmanager
def openvino_silenced() -> Iterator[None]:
    """Import openvino (or nncf) inside this block.

    ``import openvino`` imports its model converter, which sends an event through ``openvino_telemetry`` (a
    DNS look-up at each start). That package stays blocked in this process; the converter is blocked during
    the import only, which also takes it from 0.29 to 0.17 s.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    converter = "openvino.tools.ovc"
    blocked = converter not in sys.modules
    if blocked:
        sys.modules[converter] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if blocked:
            del sys.modules[converter]


def silence_onnxruntime() -> None:
    """Call before ``import onnxruntime``: it reads the variable once."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
