"""Galleries made of numbers whose structure is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_search.fitting.gallery import Gallery
from edge_search.types import FloatArray

WIDTH = 48


def unit(rows: NDArray[np.float64]) -> FloatArray:
    """Rows of length 1, float32."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def gallery(
    skus: int, photos: int, *, seed: int = 0, nuisance: float = 1.0, simulated: int = 0, cut_out: int = 0
) -> Gallery:
    """SKUs that differ in 40 directions a little, photos that differ in 8 others a lot.

    The first ``cut_out`` photos of each SKU are without nuisance and marked.
    """
    draw = np.random.default_rng(seed)
    names = np.repeat(np.arange(skus), photos)
    rows = np.zeros((skus * photos, WIDTH))
    rows[:, :40] = draw.normal(size=(skus, 40))[names] * 0.35 + draw.normal(size=(len(rows), 40)) * 0.03
    marked = np.tile(np.arange(photos) < cut_out, skus)
    shift = draw.normal(size=(len(rows), 8)) * nuisance
    rows[:, 40:] = np.where(marked[:, None], 0, shift)
    origin = np.repeat(np.arange(len(rows)), simulated)
    made = rows[origin] + np.pad(draw.normal(size=(len(origin), 8)) * nuisance, ((0, 0), (40, 0)))
    return Gallery(unit(rows), names, unit(made) if simulated else np.empty((0, WIDTH), np.float32), origin, marked)
