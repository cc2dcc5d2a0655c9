"""A working day of a home, run as a process of its own: ``python -m tests.faults.workload HOME CATALOG ACKS``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.faults.driver import Acks, draw, fill, index_with_acks, opened

__all__ = ["PHOTOS", "work"]

PHOTOS = 48
"""Photos of the catalog before the first scan."""


def work(home: Path, catalog: Path, acks: Path) -> None:
    """Index, teach, set prices, remove, index what came since, compact; acknowledge each as it returns."""
    with Acks(acks) as acked:
        fill(catalog, range(PHOTOS))
        with opened(home) as box:
            index_with_acks(box, catalog, acked)
            for seed in range(100, 106):
                box.add(f"T{seed}", draw(seed), title=f"taught {seed}")
                acked.put("taught", f"T{seed}")
                box.products.set(f"T{seed}", {"price": seed})
                acked.put("price", f"T{seed}")
            box.products.remove("S3")
            acked.put("removed", "S3")
        with opened(home, snapshot_hours=1e-9) as box:
            fill(catalog, range(PHOTOS, 2 * PHOTOS))
            index_with_acks(box, catalog, acked)
            box.products.set("S5", {"price": 5})
            acked.put("price", "S5")
            box.compact()
            box.add("T110", draw(110))
            acked.put("taught", "T110")
            box.upkeep.repair()
            box.products.remove("S7")
            acked.put("removed", "S7")


if __name__ == "__main__":
    work(*map(Path, sys.argv[1:4]))
