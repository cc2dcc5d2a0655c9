"""Make flat packaging by seed: ``python -m cartons FOLDER`` in ``packaging``, with the checkout on PYTHONPATH.

FOLDER gets catalog.csv (one clean picture a SKU), queries.csv (kiosk-like photos) and distractors.csv. Seeds below
100 are for tuning: look at them, choose by them. Seeds from 900 are for final figures only: nothing is ever chosen
by them. Projection fits and thresholds never see queries.csv of either.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_PACKAGING = Path(__file__).resolve().parents[1]


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--skus", type=int, default=100)
    parser.add_argument("--photos", type=int, default=4, help="of each SKU (default: 4)")
    parser.add_argument("--distractors", type=int, default=0, help="further SKUs with a picture each (default: 0)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    given = parser.parse_args()
    sys.path[:0] = [str(_PACKAGING)]
    import cv2

    from cartons.folder import Order, write_folder

    cv2.setNumThreads(1)
    order = Order(given.seed, given.skus, given.photos, given.distractors, given.workers)
    write_folder(given.folder, order)


if __name__ == "__main__":
    main()
