"""`bench query`: how long an answer takes on this box, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_search.appliance.box import Box

__all__ = ["bench_query"]

_STAGES = ("decode", "encode", "search", "total")


def bench_query(box: Box, photos: Sequence[Path], *, rounds: int = 3) -> list[dict[str, Any]]:
    """Search every photo ``rounds`` times, through the index and exactly in turn; returns a row a stage.

    The photos' bytes are read beforehand: the disk is not part of an answer.
    """
    data = [photo.read_bytes() for photo in photos]
    box.search(data[0])  # loads encoder and index
    times: dict[tuple[bool, str], list[float]] = {(exact, stage): [] for exact in (False, True) for stage in _STAGES}
    for _ in range(rounds):
        for item in data:
            for exact in (False, True):
                answer = box.search(item, exact=exact)
                for stage in _STAGES:
                    times[exact, stage].append(getattr(answer.timings_ms, stage))
    runtime = box.encoders.query.runtime
    common = {"runtime": runtime.name, "precision": runtime.precision, "threads": box.encoders.cores}
    rows = []
    for (exact, stage), values in times.items():
        if exact and stage != "search":
            continue
        p50, p95 = np.percentile(values, [50, 95])
        what = "search --exact" if exact else stage
        rows.append({"what": what, **common, "p50_ms": round(float(p50), 3), "p95_ms": round(float(p95), 3)})
    return rows
