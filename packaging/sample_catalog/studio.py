"""The camera, the lamps and the white table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

SIDE = 1280
"""Pixels a side while drawing; pictures are half of it."""


@dataclass(frozen=True)
class View:
    """Where camera and main lamp stand: degrees around and above, lamp -1 left or 1 right."""

    yaw: float
    pitch: float
    lamp: float
    warmth: float = 0.0


FRONT = View(yaw=-4, pitch=6, lamp=-1)
ANGLE = View(yaw=27, pitch=13, lamp=1, warmth=0.01)


def light(normal: NDArray[np.float32], view: View) -> NDArray[np.float32]:
    """Brightness of a matt surface, float32 (...), for unit normals (..., 3): right, up, to the camera."""
    lamp = np.array([0.55 * view.lamp, 0.5, 0.67], dtype=np.float32)
    fill = np.array([-0.75 * view.lamp, 0.2, 0.63], dtype=np.float32)
    key = np.clip(normal @ lamp, 0, None)
    soft = np.clip(normal @ fill, 0, None)
    return np.asarray(0.42 + 0.52 * key + 0.2 * soft, dtype=np.float32)


def picture(item: Image.Image, view: View, *, share: float = 0.86) -> Image.Image:
    """Put a rendered product (RGBA, cropped) on white with a soft shadow: RGB, half of SIDE a side.

    ``share`` is the part of the picture its longest side takes.
    """
    zoom = SIDE * share / max(item.size)
    item = item.resize((round(item.width * zoom), round(item.height * zoom)), Image.Resampling.LANCZOS)
    left = (SIDE - item.width) // 2
    top = (SIDE - item.height) * 2 // 5  # room for the shadow
    ground = Image.new("RGB", (SIDE, SIDE), (253, 253, 253))
    foot = item.getchannel("A").crop((0, int(item.height * 0.9), *item.size))
    shadow = Image.new("L", (SIDE, SIDE), 0)
    flat = foot.resize((item.width, max(12, item.width // 9)))
    shadow.paste(flat, (left + round(view.lamp * -10), top + item.height - flat.height // 2 - 6))
    near, wide = (shadow.filter(ImageFilter.GaussianBlur(radius)) for radius in (9, 34))
    dark = ImageChops.add(near.point([v * 3 // 10 for v in range(256)]), wide.point([v // 4 for v in range(256)]))
    ground = ImageChops.subtract(ground, Image.merge("RGB", (dark, dark, dark)))
    ground.paste(item, (left, top), item)
    small = ground.resize((SIDE // 2, SIDE // 2), Image.Resampling.BOX)
    if view.warmth:
        red, green, blue = small.split()
        blue = blue.point([round(v * (1 - view.warmth)) for v in range(256)])
        small = Image.merge("RGB", (red, green, blue))
    return small


def crop(item: Image.Image) -> Image.Image:
    """Cut away the empty border of an RGBA picture."""
    return item.crop(item.getchannel("A").getbbox())
