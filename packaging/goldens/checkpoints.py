"""Makes tests/data/checkpoints_golden.npz: what timm, torchvision and Keras themselves answer.

    make .parity-venv/.installed
    PYTHONPATH=packaging:. .parity-venv/bin/python packaging/goldens/checkpoints.py tests/data/checkpoints_golden.npz

The weights come from the tensors' names (``drawn``), the pictures from seeds, so a test makes the same ones
and needs none of the libraries; `golden_picture` and `drawn` are copied there. For each case the file holds pooled
maps float32 (2, head + stage 7): mean of the head, generalised mean (power 3) of stage 7.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from parity.__main__ import keras, timm, torchvision
from parity.reference import Reference

SIDE = 100  # halved: 50, 25, 13, 7, 4; so that each kind of padding meets even and odd maps
SEEDS = (0, 1)
CASES: dict[str, Callable[[], Reference]] = {
    "timm-torch-b0": timm("efficientnet_b0.ra_in1k", "efficientnet-b0"),
    "timm-tf-b0": timm("tf_efficientnet_b0.ap_in1k", "efficientnet-b0"),
    "torchvision-b0": torchvision("efficientnet_b0", "efficientnet-b0"),
    "keras-b0": keras("EfficientNetB0", "efficientnet-b0", SIDE),
    "keras-any-b0": keras("EfficientNetB0", "efficientnet-b0", None),
    "timm-tf-lite0": timm("tf_efficientnet_lite0.in1k", "efficientnet-lite0"),
    "timm-torch-b4": timm("efficientnet_b4.ra2_in1k", "efficientnet-b4"),
    "torchvision-b4": torchvision("efficientnet_b4", "efficientnet-b4"),
    "keras-b4": keras("EfficientNetB4", "efficientnet-b4", SIDE),
}


def golden_picture(seed: int, side: int) -> NDArray[np.uint8]:
    """Smooth coloured blobs and noise, uint8 (side, side, 3); needs numpy's PCG64 only."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (side // 20, side // 20, 3))
    picture = np.kron(coarse, np.ones((20, 20, 1), np.int64))
    return np.asarray(np.clip(picture + rng.integers(-24, 25, picture.shape), 0, 255), np.uint8)


def drawn(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Values float32 of one tensor, from its name alone, so that activations stay finite."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) > 1:
        kernel = shape[:2] if shape[-1] == 1 else shape[:3]  # Keras keeps the outputs last
        fan = np.prod(kernel if name.endswith("kernel") else shape[1:])
        gate = 0.2 if re.search(r"[._]se[._]|\.fc[12]\.", name) else 1  # squeeze-and-excite: see parity/reference.py
        return np.asarray(rng.standard_normal(shape) * np.sqrt(2 / fan) * gate, np.float32)
    if name.endswith(("running_var", "moving_variance", "weight", "gamma")):
        return rng.uniform(0.6, 1.4, shape).astype(np.float32)
    return rng.uniform(-0.3, 0.3, shape).astype(np.float32)


def main(output: Path) -> None:
    """Run every case and save its features."""
    pixels = np.stack([golden_picture(seed, SIDE) for seed in SEEDS])
    found: dict[str, Any] = {"seeds": np.array(SEEDS), "side": np.array(SIDE)}
    for name, make in CASES.items():
        reference = make()
        reference.load({tensor: drawn(tensor, shape) for tensor, shape in reference.shapes().items()})
        found[name] = reference.features(pixels)
        print(name, found[name].shape, f"up to {np.abs(found[name]).max():.3g}", flush=True)
    np.savez_compressed(output, **found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
