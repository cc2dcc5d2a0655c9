"""How fast networks are beside each other: interleaved, so that a busy machine slows all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["pace"]

_WARM_UP = 2


def pace(
    runs: Mapping[str, Callable[[], object]], *, rounds: int = 20, seconds: float = 60.0, pause_s: float = 0.0
) -> dict[str, NDArray[np.float64]]:
    """Call each of ``runs`` once a round, in turn; returns its milliseconds, float64 (rounds,).

    Each is called twice beforehand. Ends after ``rounds``, or after ``seconds`` with at least three rounds. With
    ``pause_s`` between the calls, threads of the last one that still spin don't slow the next.
    """
    for run in runs.values():
        for _ in range(_WARM_UP):
            run()
    times: dict[str, list[float]] = {name: [] for name in runs}
    until = time.perf_counter() + seconds
    for number in range(rounds):
        if number >= 3 and time.perf_counter() > until:
            break
        for name, run in runs.items():
            if pause_s:
                time.sleep(pause_s)
            started = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - started) * 1e3)
    return {name: np.array(values) for name, values in times.items()}
