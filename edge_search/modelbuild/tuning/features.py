"""Features of photos by the network in training, as the appliance would store them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge_search.imaging.recipe import Recipe
from edge_search.modelbuild.torch_network import Tunable
from edge_search.modelbuild.tuning.pictures import seen
from edge_search.types import FloatArray

__all__ = ["Featured", "featured"]

_BATCH = 16  # views


@dataclass(frozen=True)
class Featured:
    """``features`` float32 (n, D) of length 1, in the order of the files; zeros where ``readable`` bool (n,) is not.

    ``cut_out`` bool (n,): photos on plain ground.
    """

    features: FloatArray
    readable: NDArray[np.bool_]
    cut_out: NDArray[np.bool_]


def featured(
    network: Tunable, files: Sequence[Path], recipe: Recipe, device: Any, workers: int, *, simulated: bool = False
) -> Featured:
    """Encode ``files``, or with ``simulated`` a simulated photo of each; every photo is the mean of its views."""
    rows: dict[int, FloatArray] = {}
    cut_out = np.zeros(len(files), bool)
    readable = np.zeros(len(files), bool)
    waiting: list[tuple[int, NDArray[np.uint8]]] = []

    def encode() -> None:
        with torch.inference_mode():
            views = (
                network(torch.from_numpy(np.concatenate([pixels for _, pixels in waiting])).to(device)).cpu().numpy()
            )
        at = 0
        for number, pixels in waiting:
            mean = views[at : at + len(pixels)].mean(axis=0)
            rows[number] = mean / max(float(np.linalg.norm(mean)), 1e-12)
            at += len(pixels)
        waiting.clear()

    for number, one in seen(files, recipe, workers, simulated=simulated):
        if one is None:
            continue
        readable[number], cut_out[number] = True, one.cut_out
        waiting.append((number, one.pixels))
        if sum(len(pixels) for _, pixels in waiting) >= _BATCH:
            encode()
    if waiting:
        encode()
    width = len(next(iter(rows.values()))) if rows else 0
    features = np.zeros((len(files), width), np.float32)
    for number, row in rows.items():
        features[number] = row
    return Featured(features, readable, cut_out)
