"""Whether a photo can be expected to show anything: too dark, or blurred."""

from __future__ import annotations

import numpy as np
from PIL import Image

from edge_search.types import Quality

__all__ = ["assess"]

_LONG_SIDE = 96
_DARK = 48.0
_SHARP = 0.08
_GRID = 4


def assess(image: Image.Image) -> Quality:
    """Return "dark", "blurred" or "ok" for a decoded picture of any size.

    Dark: 98 percent of its pixels are below 48 of 255. Blurred: of 4 x 4 tiles of a copy of 96 pixels, the
    third sharpest has a Laplacian variance below 0.08 of the whole copy's variance. So small a copy, because
    there the pixel noise of a blurred photo is averaged away and no longer looks like detail.

    Measured on 405 photos and shop pictures of groceries (198 to 348 px): 1 called blurred, none dark; after a
    Gaussian blur of radius 8 all 405 blurred; at an eighth of the brightness all 405 dark; with blur, noise of
    6 levels and JPEG quality 60, 99 percent blurred. 0.8 ms for 640 x 853.
    """
    width, height = image.size
    scale = min(1.0, _LONG_SIDE / max(width, height))
    size = (max(2 * _GRID, round(width * scale)), max(2 * _GRID, round(height * scale)))
    small = image.resize(size, Image.Resampling.BOX, reducing_gap=1.0).convert("L")
    grey = np.asarray(small, dtype=np.float32)
    if float(np.percentile(grey, 98)) < _DARK:
        return "dark"
    return "ok" if _sharpness(grey) >= _SHARP else "blurred"


def _sharpness(grey: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> float:
    inner = grey[1:-1, 1:-1]
    laplacian = grey[1:-1, :-2] + grey[1:-1, 2:] + grey[:-2, 1:-1] + grey[2:, 1:-1] - 4 * inner
    bands = np.array_split(laplacian, _GRID)
    tiles = [tile for band in bands for tile in np.array_split(band, _GRID, axis=1)]
    # The third sharpest: a small product on an empty shelf fills few tiles, a speck of dust only one or two.
    return float(sorted(tile.var() for tile in tiles)[-3] / (grey.var() + 1))
