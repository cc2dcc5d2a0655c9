"""Older processors answer the canary too: by oneDNN's own limit, and in an emulator where there is one.

Elsewhere (ARM, and ONNX Runtime on real old hardware) it is not proven.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

import pytest

from edge_search.encoder.bundle import default_bundle_root

BUNDLE = next(root for root in default_bundle_root()) / "efficientnet-lite2-int8"
PROGRAM = """
import sys
from pathlib import Path
from edge_search.encoder.bundle import Bundle
from edge_search.encoder.canary import check_canary
from edge_search.encoder.encoder import load_encoder

bundle = Bundle.open(Path(sys.argv[1]))
for runtime in sys.argv[2:]:
    print(check_canary(bundle, runtime, load_encoder(bundle, runtime, threads=1).encode))
"""
EMULATOR = shutil.which("qemu-x86_64")


def canaries(*runtimes: str, before: Sequence[str] = (), **environment: str) -> list[float]:
    """Check the canary of each runtime, one after the other in one process: an emulated one starts slowly."""
    result = subprocess.run(
        [*before, sys.executable, "-c", PROGRAM, str(BUNDLE), *runtimes],
        env={**os.environ, **environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return [float(line) for line in result.stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="oneDNN's limit is one of x86-64")
@pytest.mark.parametrize(("instructions", "least"), [("AVX512_CORE", 0.9999), ("AVX2", 0.9999), ("SSE41", 0.999)])
def test_openvino_without_vnni_gives_the_same_feature(instructions: str, least: float) -> None:
    (found,) = canaries("openvino", ONEDNN_MAX_CPU_ISA=instructions)
    assert found >= least


@pytest.mark.skipif(EMULATOR is None, reason="needs the package qemu-user")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="emulates x86-64 on itself")
@pytest.mark.parametrize(("processor", "least"), [("Haswell", 0.9999), ("Nehalem", 0.999)])
def test_an_emulated_old_processor_gives_the_same_feature(processor: str, least: float) -> None:
    """Haswell: AVX2 without VNNI. Nehalem: SSE4.2 only, as Intel's small Celerons until 2022."""
    found = canaries("onnxruntime", "openvino", before=[str(EMULATOR), "-cpu", processor])
    assert len(found) == 2
    assert min(found) >= least
