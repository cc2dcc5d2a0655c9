"""Makes tests/data/lite2_int8_golden.npz: what the shipped bundle answers, on each runtime, when it was built.

    python packaging/goldens/lite2_int8.py models/efficientnet-lite2-int8 tests/data/lite2_int8_golden.npz

Run it after `edge-search model build` has made another bundle. ``seeds`` name the pictures (``photo``), each
runtime's features are float16 (n, dimension).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.encoder import load_encoder

SEEDS = (0, 1, 2, 3)


def photo(seed: int) -> Image.Image:
    """Coloured discs of many sizes on a shaded ground, 420 x 360: needs numpy's PCG64 only."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:360, :420].astype(np.float64)
    values = rng.uniform(0, 255, 3) + (x[..., None] - 210) * rng.uniform(-0.4, 0.4, 3)
    for _ in range(40):
        cx, cy, radius = rng.uniform(0, 420), rng.uniform(0, 360), rng.uniform(6, 90)
        inside = (x - cx) ** 2 + (y - cy) ** 2 < radius**2
        values[inside] = rng.uniform(0, 255, 3)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def main(bundle: Path, output: Path) -> None:
    """Encode the pictures on both runtimes and save the features."""
    photos = [photo(seed) for seed in SEEDS]
    opened = Bundle.open(bundle)
    np.savez_compressed(
        output,
        seeds=np.array(SEEDS),
        openvino=load_encoder(opened, "openvino").encode(photos).astype(np.float16),
        onnxruntime=load_encoder(opened, "onnxruntime").encode(photos).astype(np.float16),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
