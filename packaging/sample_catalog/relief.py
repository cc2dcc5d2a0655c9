"""Render soft things from a height field: bags, tubes, shirts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sample_catalog.studio import View, crop, light

Field = NDArray[np.float32]


def relief(
    skin: Image.Image, mask: Field, height: Field, view: View, *, gloss: float, squeeze: float = 1.0
) -> Image.Image:
    """Return the skin (RGB) lit on a height field, RGBA, cropped.

    ``mask`` is 0 to 1 and ``height`` in pixels towards the camera, both float32 (h, w) as the skin. ``squeeze``
    keeps some width when the camera goes around.
    """
    dy, dx = np.gradient(height)
    normal = np.dstack([-dx, dy, np.ones_like(dx)]).astype(np.float32)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    tone = light(normal, view)
    half = np.array([0.42 * view.lamp, 0.3, 0.86], dtype=np.float32)
    shine = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1) ** 40
    pixels = np.asarray(skin, dtype=np.float32) * (tone * 1.04)[..., None] + 200 * gloss * shine[..., None]
    item = Image.fromarray(np.dstack([np.clip(pixels, 0, 255), mask * 255]).astype(np.uint8))
    wide, tall = item.size
    turned = np.radians(view.yaw) * squeeze
    near = 0.05 * np.sin(turned)
    # A camera that goes around makes the thing narrower and its far side lower.
    quad = (0, -near * tall, 0, (1 + near) * tall, wide, (1 - near) * tall, wide, near * tall)
    moved = item.transform(
        (max(8, round(wide * np.cos(turned))), tall), Image.Transform.QUAD, quad, Image.Resampling.BICUBIC
    )
    return crop(moved)


def noise(seed: int, shape: tuple[int, int], cells: tuple[int, int]) -> Field:
    """Smooth noise, float32 (h, w), about 0 +- 1; the same for the same seed."""
    grid = np.random.default_rng(seed).standard_normal(cells).astype(np.float32)
    field = Image.fromarray(grid).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(field, dtype=np.float32)


def soften(field: Field, radius: float) -> Field:
    """Blur a field of values 0 to 255."""
    picture = Image.fromarray(np.clip(field, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(picture, dtype=np.float32)
