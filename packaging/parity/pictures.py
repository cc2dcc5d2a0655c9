"""The pictures of a comparison."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_search.imaging.preprocess import preprocess
from edge_search.imaging.recipe import Recipe
from edge_search.imaging.simulate import simulate
from edge_search.modelbuild.procedural import picture

__all__ = ["photos", "pixels"]


def photos(count: int) -> list[Image.Image]:
    """Simulated photos of drawn products, 640 x 480; the same ones every time."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng([17, seed])
        found.append(simulate(picture(rng, 640), rng).crop((0, 80, 640, 560)))
    return found


def pixels(count: int, recipe: Recipe) -> NDArray[np.uint8]:
    """The photos as a network takes them, uint8 (count, side, side, 3)."""
    return np.stack([preprocess(photo, recipe) for photo in photos(count)])
