"""`bench encoder`: the networks beside each other, beside PyTorch, and beside what the machine can do at best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_search.bench.machine import machine
from edge_search.bench.networks import Measured, measured_networks, need_extra
from edge_search.encoder.bundle import Bundle
from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.encoder.pace import pace

__all__ = ["ARCHITECTURES", "bench_encoder"]

ARCHITECTURES = (("efficientnet-b4", 380), ("efficientnet-lite2", 320))
"""What is measured, and the side of its input in pixels."""
_SECONDS = 90.0


def bench_encoder(
    bundles: Sequence[Bundle],
    folder: Path,
    *,
    threads: int,
    rounds: int = 25,
    torch: bool = True,
    architectures: Sequence[tuple[str, int]] = ARCHITECTURES,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure every network once a round, in turn, so that other load slows all alike.

    Returns:
        ``machine``; ``rows``, one a network and runtime, with milliseconds of one picture (p50, p95), billions of
        multiply-adds (``gmac``, and a second), the share of the roof of its precision, ``ratio_to_fp32`` (the same
        runtime) and ``ratio_to_pytorch`` (eager), where there is such a row; ``roof_gmac_s``; ``skipped`` with
        reasons. Ratios and shares are medians over the rounds, each within one round.

    Raises:
        EncoderError: the build extra is missing.
    """
    need_extra()
    from edge_search.bench.roof import ROOF_GMAC, roof_pixels, write_roof

    networks = [one for what, side in architectures for one in measured_networks(what, side, bundles, folder, progress)]
    runs: dict[str, Callable[[], object]] = {_key(one): _run(one, threads) for one in networks}
    skipped: list[dict[str, str]] = []
    references = _torch(architectures, threads, runs, skipped, progress) if torch else []
    pixels = roof_pixels()
    for precision in ("fp32", "int8"):
        file = write_roof(folder / f"roof-{precision}.onnx", int8=precision == "int8")
        runs[f"roof {precision}"] = _once(OpenVinoRuntime(file, precision, threads), pixels)
    progress(f"measuring {len(runs)} networks, {rounds} rounds")
    times = pace(runs, rounds=rounds, seconds=_SECONDS, pause_s=0.005)
    rows = [_row(one, times, threads, ROOF_GMAC) for one in [*networks, *references]]
    roof = {p: round(ROOF_GMAC / float(np.median(times[f"roof {p}"])) * 1e3, 1) for p in ("fp32", "int8")}
    return {"machine": machine(), "rows": rows, "roof_gmac_s": roof, "skipped": skipped}


def _key(one: Measured) -> str:
    return f"{one.what} {one.precision} {one.runtime}"


def _run(one: Measured, threads: int) -> Callable[[], object]:
    load: Callable[..., Any] = OpenVinoRuntime if one.runtime == "openvino" else OnnxRuntime
    pixels = np.random.default_rng(0).integers(0, 256, (1, one.side, one.side, 3), np.uint8)
    return _once(load(one.file, one.precision, threads), pixels)


def _once(runtime: Any, pixels: NDArray[np.uint8]) -> Callable[[], object]:
    return lambda: runtime.run(pixels)


def _torch(
    architectures: Sequence[tuple[str, int]],
    threads: int,
    runs: dict[str, Callable[[], object]],
    skipped: list[dict[str, str]],
    progress: Callable[[str], None],
) -> list[Measured]:
    """Add PyTorch's runs, as far as it is there."""
    from edge_search.bench.torch_network import torch_runs
    from edge_search.modelbuild.efficientnet import network

    found = []
    for what, side in architectures:
        waiting = ["pytorch", "pytorch-compile"]
        progress(f"PyTorch: {what}")
        gmac = network(what).multiply_adds(side) / 1e9
        try:
            for runtime, run in torch_runs(what, side, threads):
                one = Measured(what, side, gmac, "fp32", runtime, Path(), "procedural", "initial weights")
                runs[_key(one)] = run
                found.append(one)
                waiting.remove(runtime)
        except Exception as error:  # torch.compile needs a C++ compiler and raises its own kinds
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            missing = isinstance(error, ModuleNotFoundError) and error.name == "torch"
            skipped += [
                {"what": what, "runtime": runtime, "reason": "torch is not installed" if missing else reason}
                for runtime in waiting
            ]
    return found


def _row(one: Measured, times: dict[str, NDArray[np.float64]], threads: int, roof_gmac: float) -> dict[str, Any]:
    mine = times[_key(one)]
    p50, p95 = np.percentile(mine, [50, 95])
    roof = roof_gmac / times[f"roof {one.precision}"]

    def ratio(key: str) -> float | None:
        return round(float(np.median(mine / times[key])), 3) if key in times else None

    return {
        "what": one.what,
        "precision": one.precision,
        "runtime": one.runtime,
        "threads": threads,
        "input_px": one.side,
        "p50_ms": round(float(p50), 2),
        "p95_ms": round(float(p95), 2),
        "gmac": round(one.gmac, 3),
        "gmac_s": round(one.gmac / float(p50) * 1e3, 1),
        "share_of_roof": round(float(np.median(one.gmac / mine / roof)), 3),
        "ratio_to_fp32": ratio(f"{one.what} fp32 {one.runtime}"),
        "ratio_to_pytorch": ratio(f"{one.what} fp32 pytorch"),
        "weights": one.weights,
        "precision_note": one.note,
    }
