"""A decoded picture to the square of bytes that a network takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_search.imaging.recipe import Recipe

__all__ = ["preprocess"]

_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# Above this shrinking factor Pillow averages blocks first; at 3 its result can't be told from the plain one.
_REDUCING_GAP = 3.0


def preprocess(image: Image.Image, recipe: Recipe, view: float = 1.0) -> NDArray[np.uint8]:
    """Return the centre square of ``image`` (or all of it, squashed) as uint8 RGB, (side, side, 3), C-contiguous.

    ``view``: only the middle of that, as a fraction of its side.

    Resizing and cropping are one step, so only the pixels of the square are computed; a picture smaller than
    the square is enlarged by the same rule. 640 x 853 to 320: 2.8 ms
    bilinear, 3.5 bicubic, 5.1 lanczos on one core.
    """
    if image.mode != "RGB":
        image = image.convert("RGB")
    width, height = image.size
    if recipe.fit == "squash":
        left, top = width * (1 - view) / 2, height * (1 - view) / 2
        return _resized(image, recipe, (left, top, width - left, height - top))
    scale = min(image.size) / round(recipe.side / recipe.crop)
    square = recipe.side * scale * view
    left, top = max(0.0, (width - square) / 2), max(0.0, (height - square) / 2)
    # min(): the sum may pass the edge by one bit, which Pillow refuses.
    box = (left, top, min(float(width), left + square), min(float(height), top + square))
    return _resized(image, recipe, box)


def _resized(image: Image.Image, recipe: Recipe, box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    resized = image.resize(
        (recipe.side, recipe.side), _RESAMPLING[recipe.interpolation], box=box, reducing_gap=_REDUCING_GAP
    )
    return np.ascontiguousarray(np.asarray(resized))
