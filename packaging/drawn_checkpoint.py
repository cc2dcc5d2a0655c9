"""Write a checkpoint in timm's layout with drawn weights, for a whole `model build --weights` without a trained one.

    python packaging/drawn_checkpoint.py efficientnet-b4 /tmp/b4/model.safetensors
    edge-search model build efficientnet-b4 --weights /tmp/b4/model.safetensors --variant torch

Maps have the ranges of a trained network (see ``drawn_weights``), so speed, memory, start-up and the way a build goes
are those of a real one. What it recognises means nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_search.imaging.recipe import Recipe
from edge_search.modelbuild.calibration import calibration_pictures
from edge_search.modelbuild.drawn_weights import drawn_weights
from edge_search.modelbuild.efficientnet import network
from edge_search.modelbuild.layouts import LAYOUTS, places

LAYOUT = LAYOUTS["timm-torch"]
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def state(architecture: str, side: int = 380) -> dict[str, NDArray[np.float32]]:
    """Every tensor of the network under timm's names, and a classifier; batch-norms with statistics of their own."""
    layers = network(architecture)
    folded = drawn_weights(layers, calibration_pictures(Recipe(side, 0.9), 8), mean=MEAN, std=STD)
    rng = np.random.default_rng(1)
    found: dict[str, Any] = {}
    for conv, place in places(layers):
        name, norm = LAYOUT.names(place)
        weight, bias = folded[conv.name].weight, folded[conv.name].bias
        if not conv.batch_norm:
            found |= {name + LAYOUT.weight: weight, name + LAYOUT.bias: bias}
            continue
        scale, mean = rng.uniform(0.3, 3, conv.outputs), rng.normal(0, 1, conv.outputs)
        variance = rng.uniform(0.1, 10, conv.outputs)
        shift = bias + mean * scale
        values = (scale * np.sqrt(variance + LAYOUT.epsilon), shift, mean, variance)
        found[name + LAYOUT.weight] = weight / scale[:, None, None, None]
        found |= {norm + part: value for part, value in zip(LAYOUT.norm, values, strict=True)}
    outputs = layers.head.outputs
    found |= {"classifier.weight": np.zeros((1000, outputs)), "classifier.bias": np.zeros(1000)}
    return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}


def main(architecture: str, output: Path) -> None:
    """Write the file."""
    from safetensors.numpy import save_file

    output.parent.mkdir(parents=True, exist_ok=True)
    save_file(state(architecture), output)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
