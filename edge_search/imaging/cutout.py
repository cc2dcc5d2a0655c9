"""Cut the white background out of a webshop picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

__all__ = ["cutout", "is_cut_out"]

_SIDE = 200
"""Longest side, in pixels, of the small copy the flood fill runs on."""
_SHADOW = 9
"""How far a shadow is followed, in pixels of that copy: a grey product beside it must not dissolve."""
_GROUND = 228
"""White ground has at least this in each channel, in three corners."""
_MIN_SHARE, _MAX_SHARE = 0.02, 0.96
"""Foreground shares outside this range mean: no product on white, keep the whole picture."""


def cutout(image: Image.Image) -> Image.Image | None:
    """Return a mask of the product, ``L``, the size of ``image``, 255 = product; None for another background.

    A picture with transparent parts brings its own mask. Otherwise floods from the corners over the near-white
    background, so white parts inside the product stay, and fades the soft grey shadow beside it. The edge is
    feathered by about 1/200 of the longest side.

    Source: any Pillow picture, any size.
    """
    if image.has_transparency_data:
        alpha = _own_mask(image)
        if alpha is not None:
            return alpha.filter(ImageFilter.MinFilter(3))  # without the half transparent rim
    found = _ground(image)
    if found is None:
        return None
    white, low, high = found
    shadow = _shadow(low, high, white)
    values = np.where(white, 0, np.where(shadow, 255 - low, 255)).astype(np.uint8)
    # One pixel in: the mixed edge pixels would carry a white rim to the new background.
    mask = Image.fromarray(values).filter(ImageFilter.MinFilter(3)).filter(ImageFilter.BoxBlur(1))
    return mask.resize(image.size, Image.Resampling.BICUBIC).point([max(0, min(255, 2 * v - 128)) for v in range(256)])


def is_cut_out(image: Image.Image) -> bool:
    """Return whether `cutout` would find a product on white or transparent ground."""
    if image.has_transparency_data and _own_mask(image) is not None:
        return True
    return _ground(image) is not None


def _own_mask(image: Image.Image) -> Image.Image | None:
    alpha = image.convert("RGBA").getchannel("A")
    clear = np.asarray(alpha) < 128
    return alpha if _MIN_SHARE <= 1.0 - float(clear.mean()) <= _MAX_SHARE else None


def _ground(image: Image.Image) -> tuple[NDArray[np.bool_], NDArray[np.int16], NDArray[np.int16]] | None:
    """Return the white ground (bool), darkest and brightest channel of a small copy, all (h, w); None without one."""
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    small = image.convert("RGB")
    if _dark_corners(small):
        return None
    if small is image:
        small = image.copy()
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.int16)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    low = np.minimum(np.minimum(red, green), blue)  # five times faster than min(axis=2)
    high = np.maximum(np.maximum(red, green), blue)
    corners = np.sort(low[[0, 0, -1, -1], [0, -1, 0, -1]])
    if corners[1] < _GROUND:  # one corner may be covered, by a badge or the product itself
        return None
    white = _flood(low >= corners[1:].mean() - 8)
    share = 1.0 - float(white.mean())
    return (white, low, high) if _MIN_SHARE <= share <= _MAX_SHARE else None


def _dark_corners(image: Image.Image) -> bool:
    """Return whether two corners are too dark for any white ground, by pixels of the RGB picture itself.

    Most photos are done with then. A pixel of the small copy is a mean of pixels near it: it is no brighter than the
    brightest of them.
    """
    width, height = image.size
    # The blocks that reducing averages first, and as much again for where they begin.
    reach = 2 * -(-max(width, height) // _SIDE) + 2
    dark = 0
    for left in (0, max(0, width - reach)):
        for top in (0, max(0, height - reach)):
            corner = image.crop((left, top, min(width, left + reach), min(height, top + reach)))
            dark += min(high for _, high in corner.getextrema()) < _GROUND - 1  # type: ignore[misc]
    return dark >= 2


def _shadow(low: NDArray[np.int16], high: NDArray[np.int16], white: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the soft, neutral shadow that touches the white background, bool (h, w)."""
    light = low + high
    slope = np.zeros(light.shape, dtype=np.int16)
    slope[1:] += np.abs(np.diff(light, axis=0))
    slope[:, 1:] += np.abs(np.diff(light, axis=1))
    reach = Image.fromarray(white.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(_SHADOW))
    neutral = high - low < 10
    near = neutral & (low > 90) & (slope < 34) & (np.asarray(reach) > 0)
    near[: int(0.7 * len(near))] = False  # deep shadow is at the foot only
    soft = near | (neutral & (low > 205) & (slope < 10))
    return _flood(white | soft) & ~white


def _flood(passable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels connected to a corner through ``passable``, both bool (h, w).

    Whole runs of a row, then of a column, are reached at once: some passes of numpy instead of one Python
    step a pixel (ImageDraw.floodfill takes 60 ms here, this 2 ms).
    """
    reached = np.zeros_like(passable)
    reached[[0, 0, -1, -1], [0, -1, 0, -1]] = True
    reached &= passable
    runs = [_runs(passable), _runs(passable.T)]
    count = 0
    while (now := int(reached.sum())) != count:
        count = now
        reached = _spread(reached, passable, runs[0])
        reached = _spread(reached.T, passable.T, runs[1]).T
    return reached


def _runs(passable: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of the horizontal run each pixel belongs to, int64 (h, w)."""
    start = np.ones(passable.shape, dtype=bool)
    start[:, 1:] = passable[:, 1:] != passable[:, :-1]
    return np.cumsum(start).reshape(passable.shape)


def _spread(reached: NDArray[np.bool_], passable: NDArray[np.bool_], runs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Reach every passable run whole that has one reached pixel."""
    hit = np.zeros(int(runs[-1, -1]) + 1, dtype=bool)
    hit[runs[reached]] = True
    return hit[runs] & passable
