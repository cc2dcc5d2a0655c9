"""A foreign network tried on one runtime, in a process of its own.

A runtime that dies of it (no memory, a crash on an odd graph) is then a sentence, not the end of the import; and
the memory that is measured is the network's alone.
"""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.encoder.runtime import Runtime
from edge_search.errors import EdgeSearchError, EncoderError, RuntimeUnavailable

__all__ = ["Probe", "probe"]

_TIMEOUT_S = 3600.0
_MEASURE_S = 3.0
_FEWEST_RUNS, _MOST_RUNS = 5, 50
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Probe:
    """What one runtime made of the pictures: ``outputs`` float (n, ...), and what it took.

    ``p50_ms`` is the median of one picture after warming up, ``resident_mb`` the process with the network loaded
    and used, ``peak_mb`` the most it ever took (while loading), ``repeats`` the largest difference between two
    runs of the same picture.
    """

    runtime: str
    version: str
    outputs: NDArray[np.float32]
    load_s: float
    p50_ms: float
    resident_mb: float
    peak_mb: float
    repeats: float


def probe(network: Path, runtime: str, pixels: NDArray[np.uint8], threads: int, *, timed: bool = True) -> Probe:
    """Run ``pixels`` uint8 (n, S, S, 3) through ``network``; RuntimeUnavailable, one line, if ``runtime`` can't."""
    with tempfile.TemporaryDirectory() as scratch:
        given, made = Path(scratch) / "pixels.npy", Path(scratch) / "outputs.npy"
        np.save(given, pixels)
        report = _ask([str(network), runtime, str(threads), str(given), str(made), str(int(timed))], runtime)
        return Probe(runtime=runtime, outputs=np.load(made, allow_pickle=False), **report)


def _ask(arguments: list[str], runtime: str) -> dict[str, Any]:
    # The child imports from where this process does, and not from the folder it happens to stand in.
    places = os.pathsep.join(place for place in sys.path if place)
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "edge_search.modelbuild.probe", *arguments],
            env={**os.environ, "PYTHONPATH": places, "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeUnavailable(f"{runtime} gave no answer within {_TIMEOUT_S / 60:.0f} minutes") from None
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        hint = ": the memory of this machine may be too small for this network" if name == "SIGKILL" else ""
        raise RuntimeUnavailable(f"{runtime} died of this network by {name}{hint}")
    try:
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else f"exit code {done.returncode}"
        raise RuntimeUnavailable(f"{runtime} ended without a result ({reason[:_LONGEST_REASON]})") from None
    if "error" in report:
        raise RuntimeUnavailable(report["error"])
    return report


def _run(network: Path, runtime: str, threads: int, given: Path, made: Path, *, timed: bool) -> dict[str, Any]:
    started = time.perf_counter()
    loaded: Runtime = (OpenVinoRuntime if runtime == "openvino" else OnnxRuntime)(network, "", threads)
    load_s = time.perf_counter() - started
    pixels = np.load(given, allow_pickle=False)
    outputs = loaded.run(pixels)
    repeats = float(np.abs(loaded.run(pixels[:1]) - outputs[:1]).max()) if outputs.size else 0.0
    spent: list[float] = []
    until = time.perf_counter() + _MEASURE_S
    while timed and (len(spent) < _FEWEST_RUNS or (len(spent) < _MOST_RUNS and time.perf_counter() < until)):
        started = time.perf_counter()
        loaded.run(pixels[:1])
        spent.append((time.perf_counter() - started) * 1000)
    np.save(made, outputs)
    return {
        "version": loaded.version,
        "load_s": round(load_s, 2),
        "p50_ms": round(statistics.median(spent), 2) if spent else 0.0,
        "resident_mb": _memory_mb("VmRSS"),
        "peak_mb": _memory_mb("VmHWM"),
        "repeats": repeats if np.isfinite(repeats) else 1e9,
    }


def _memory_mb(field: str) -> float:
    """One figure of /proc/self/status; 0 where there is none."""
    try:
        found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    except OSError:
        found = None
    return round(int(found[1]) / 1024, 1) if found else 0.0


def _main(network: str, runtime: str, threads: str, given: str, made: str, timed: str) -> None:
    try:
        report = _run(Path(network), runtime, int(threads), Path(given), Path(made), timed=timed == "1")
    except (EdgeSearchError, EncoderError, OSError, MemoryError) as error:
        # the folder is a temporary one: its name would only hide the reason
        report = {"error": " ".join(str(error).replace(network, "it").split())[:_LONGEST_REASON]}
    sys.stdout.write(f"\n{json.dumps(report)}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
