"""The runtimes call nobody: each check is a process of its own, as imports happen once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]

# socket.socket is what every Python client opens; the audit hook also sees look-ups
GUARD = """
import sys
def hook(event, args):
    if event.startswith(("socket.", "urllib.")):
        raise SystemExit(f"called home: {event} {args}")
sys.addaudithook(hook)
from pathlib import Path
from edge_search.encoder.bundle import Bundle
from edge_search.encoder.encoder import load_encoder
from PIL import Image
encoder = load_encoder(Bundle.open(Path("models/efficientnet-lite2-int8")), sys.argv[1], threads=2)
encoder.encode([Image.new("RGB", (400, 400), (200, 40, 40))])
import os
assert "openvino_telemetry.main" not in sys.modules
assert not any(name.startswith("openvino.tools.ovc") for name in sys.modules)
assert sys.argv[1] == "openvino" or os.environ["ORT_DISABLE_TELEMETRY"] == "1"
print(encoder.runtime.name)
"""


def run(code: str, *arguments: str) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=REPOSITORY,
        env={name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime"])
def test_no_runtime_calls_home(runtime: str) -> None:
    assert run(GUARD, runtime).strip() == runtime


def test_the_package_is_imported_without_a_runtime() -> None:
    heavy = "{'openvino', 'onnxruntime', 'onnx', 'nncf', 'torch'}"
    assert run(f"import sys, edge_search.encoder.encoder; print({heavy} & set(sys.modules))").strip() == "set()"


def test_the_model_converter_stays_usable_for_others() -> None:
    code = """
import sys
from edge_search.encoder.telemetry import openvino_silenced
with openvino_silenced():
    import openvino
import openvino.tools.ovc
assert "openvino_telemetry.main" not in sys.modules
print("usable")
"""
    assert run(code).strip() == "usable"


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime", "auto"])
@pytest.mark.parametrize("first", ["edge_search.encoder.encoder", "edge_search.appliance.box"])
def test_usearch_and_both_runtimes_share_a_process(first: str, runtime: str) -> None:
    code = """
import importlib, sys
importlib.import_module(sys.argv[1])
import edge_search.index.hnsw
from pathlib import Path
from edge_search.encoder.bundle import Bundle
from edge_search.encoder.encoder import load_encoder
for runtime in (sys.argv[2], "onnxruntime", "openvino"):
    load_encoder(Bundle.open(Path("models/efficientnet-lite2-int8")), runtime, threads=2)
print("alive")
"""
    assert run(code, first, runtime).strip() == "alive"
