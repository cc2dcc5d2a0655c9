"""Two sticks taken in, run as a process of its own: ``python -m tests.faults.import_workload HOME STICKS ACKS``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.faults.driver import Acks, fill, opened

__all__ = ["FIRST", "SECOND", "take_in"]

FIRST, SECOND = range(24), range(16, 40)
"""Photos of the first and second stick; some are on both."""


def take_in(home: Path, sticks: Path, acks: Path) -> None:
    """Import both sticks, the second with other prices; acknowledge each as it returns."""
    with Acks(acks) as acked, opened(home) as box:
        for name, seeds in (("one", FIRST), ("two", SECOND)):
            fill(sticks / name, seeds)
            rows = "".join(f"S{seed},{len(name) + seed}\n" for seed in seeds)
            (sticks / name / "products.csv").write_text(f"sku,price\n{rows}", encoding="utf-8")
            box.media.take(sticks / name)
            acked.put("taken", name)


if __name__ == "__main__":
    take_in(*map(Path, sys.argv[1:4]))
