"""What another projection for 100,000 photos costs, and the searches beside it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

import edge_search
from edge_search.appliance.box import Box
from edge_search.appliance.nicely import nicely
from edge_search.bench.shop import KIOSK, drawn_home, drawn_photo, drawn_projection
from edge_search.index.refit import Refit
from edge_search.store import features, generations, images
from tests.faults.driver import FULL, Child, report

_PHOTOS = 100_000
_IDLE = 100

pytestmark = pytest.mark.skipif(not FULL, reason="takes minutes; 'make faults' does it")


def refit(home: Path) -> float:
    """Give the catalog another projection, at the priority that `adapt` has; returns the seconds."""
    with Box(home) as box:
        fingerprint = box.encoders.fingerprint
        with box.database.read() as tables:
            rows = features.of_keys(tables, fingerprint, images.keys_between(tables, 0, 500).tolist())
        other = Refit(box.database, fingerprint, drawn_projection(rows, seed=2), None, None)
        started = time.monotonic()
        nicely(lambda: other.publish(lambda _: None))
        return time.monotonic() - started


def test_another_projection_for_a_large_catalog(tmp_path: Path) -> None:
    home = tmp_path / "home"
    drawn_home(home, _PHOTOS)
    photos = [drawn_photo(KIOSK, seed) for seed in range(8)]
    idle: list[float] = []
    beside: list[float] = []
    with edge_search.open(home) as box:

        def asked() -> float:
            started = time.perf_counter()
            box.search(photos[(len(idle) + len(beside)) % len(photos)])
            return time.perf_counter() - started

        with box.database.read() as tables:
            before = generations.current(tables)
        asked()
        while len(idle) < _IDLE:
            idle.append(asked())
            time.sleep(0.03)
        child = Child.start(refit, home)
        while child.process.is_alive() and not child.pipe.poll():
            beside.append(asked())
            time.sleep(0.03)
        seconds = child.end()
        with box.database.read() as tables:
            after = generations.current(tables)
        asked()
    low, high = (float(np.percentile(each, 95)) * 1e3 for each in (idle, beside))
    report(
        f"{_PHOTOS:,} features projected anew and published in {seconds:.0f} s, "
        f"searches beside it p95 {high:.0f} ms, idle {low:.0f} ms: {high / low:.2f} times"
    )
    assert before is not None
    assert after is not None
    assert after.carried.projection_id != before.carried.projection_id
    assert sum(segment.count for segment in after.segments) == _PHOTOS
