"""The part of a photo that the shopper or the kiosk points at."""

from __future__ import annotations

import math

from PIL import Image

from edge_search.errors import InvalidValue

__all__ = ["Box", "crop", "parse_crop"]

Box = tuple[float, float, float, float]
"""x, y, width, height: pixels of the upright original when any is above 1, else fractions of it."""


def parse_crop(text: str) -> Box:
    """Return the box that ``x,y,w,h`` says; raises InvalidValue with the way to write it."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 4 or not all(math.isfinite(value) for value in values) or min(values[2:]) <= 0:
        raise InvalidValue(
            f"crop {text!r}: give x,y,width,height in pixels (120,80,400,300) or fractions (0.1,0.1,0.5,0.5)"
        )
    if max(values) > 1 and any(0 < abs(value) < 1 for value in values):
        raise InvalidValue(
            f"crop {text!r}: mixes pixels and fractions; give all four in pixels, or all as fractions up to 1"
        )
    return (values[0], values[1], values[2], values[3])


def crop(image: Image.Image, box: Box) -> Image.Image:
    """Return the part of a decoded picture inside ``box``, cut off at the picture's edges.

    ``box`` counts in the photo as it was before ``decode`` reduced it (``info["original_size"]``, else the
    picture's own size). At least the pixels it touches are kept. Raises InvalidValue when nothing is left.
    """
    original: tuple[int, int] = image.info.get("original_size", image.size)
    x, y, width, height = box
    if max(box) <= 1:
        x, y, width, height = x * original[0], y * original[1], width * original[0], height * original[1]
    left, right = max(0.0, x), min(float(original[0]), x + width)
    top, bottom = max(0.0, y), min(float(original[1]), y + height)
    if not (left < right and top < bottom):
        raise InvalidValue(
            f"crop {','.join(f'{value:g}' for value in box)}: "
            f"nothing of the {original[0]} x {original[1]} photo lies inside; check x,y,width,height"
        )
    across, down = image.width / original[0], image.height / original[1]
    part = image.crop(
        (
            math.floor(left * across),
            math.floor(top * down),
            min(image.width, math.ceil(right * across)),
            min(image.height, math.ceil(bottom * down)),
        )
    )
    part.info = {"original_size": (math.ceil(right - left), math.ceil(bottom - top))}
    return part
