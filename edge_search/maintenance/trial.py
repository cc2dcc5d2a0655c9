"""A runtime tried out in a process of its own: one that crashes or hangs there is a finding, not doctor's end.

A library built for another processor dies by SIGILL at import, which no ``except`` catches.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.encoder import load_encoder
from edge_search.encoder.runtime import RuntimeChoice
from edge_search.errors import EdgeSearchError
from edge_search.imaging.decode import decode

__all__ = ["Trial", "try_runtime"]

_TIMEOUT_S = 60.0
_MEASURE_S = 0.4
_FEWEST_RUNS, _MOST_RUNS = 3, 50


@dataclass(frozen=True)
class Trial:
    """How one runtime did: median ms of one encode by number of threads, or ``error``.

    ``fatal``: it took its process with it, or hung: ``auto`` can't step over such a runtime.
    """

    runtime: str
    version: str = ""
    precision: str = ""
    ms: Mapping[int, float] = field(default_factory=dict)
    error: str = ""
    fatal: bool = False


def try_runtime(
    bundle: Path,
    runtime: str,
    threads: Sequence[int],
    *,
    timeout_s: float = _TIMEOUT_S,
    command: Sequence[str] = (sys.executable, "-m", "edge_search.maintenance.trial"),
) -> Trial:
    """Load the bundle at ``bundle`` into a runtime, pass its canary, and time it for each number of threads.

    ``command`` is a parameter for tests.
    """
    # The child imports from where this process does, and not from the folder it happens to stand in.
    places = os.pathsep.join(place for place in sys.path if place)
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [*command, str(bundle), runtime, *map(str, threads)],
            env={**os.environ, "PYTHONPATH": places, "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Trial(runtime, error=f"no answer within {timeout_s:g} s", fatal=True)
    if done.returncode < 0:
        return Trial(runtime, error=f"its process died by {_signal_name(-done.returncode)}", fatal=True)
    try:
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else f"exit code {done.returncode}"
        return Trial(runtime, error=f"its process ended without a result ({reason})", fatal=True)
    if "error" in report:
        return Trial(runtime, error=report["error"])
    ms = {int(count): float(spent) for count, spent in report["ms"].items()}
    return Trial(runtime, report["version"], report["precision"], ms)


def _measure(folder: Path, runtime: str, threads: Sequence[int]) -> dict[str, Any]:
    bundle = Bundle.open(folder)
    photo = decode((folder / bundle.canary_photo.name).read_bytes())
    report: dict[str, Any] = {"ms": {}}
    for count in threads:
        # Loading runs the canary, which is the warm-up too.
        encoder = load_encoder(bundle, cast("RuntimeChoice", runtime), threads=count)
        report.update(version=encoder.runtime.version, precision=encoder.runtime.precision)
        report["ms"][count] = _median_ms(lambda encode=encoder.encode: encode([photo]))  # type: ignore[misc]
    return report


def _median_ms(work: Callable[[], object]) -> float:
    spent: list[float] = []
    until = time.perf_counter() + _MEASURE_S
    while len(spent) < _FEWEST_RUNS or (len(spent) < _MOST_RUNS and time.perf_counter() < until):
        started = time.perf_counter()
        work()
        spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _main(folder: str, runtime: str, *threads: str) -> None:
    try:
        report = _measure(Path(folder), runtime, [int(count) for count in threads])
    except (EdgeSearchError, OSError) as error:
        report = {"error": " ".join(str(error).split())}
    sys.stdout.write(f"\n{json.dumps(report)}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
