"""Pictures with details, drawn by seed, and how a camera would see them."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw


def detailed(seed: int, size: tuple[int, int] = (300, 240)) -> Image.Image:
    """A sheet of shapes of all sizes: hundreds of corners, no two seeds alike."""
    rng = np.random.default_rng(seed)
    sheet = Image.new("RGB", size, tuple(rng.integers(60, 200, 3).tolist()))
    pen = ImageDraw.Draw(sheet)
    for _ in range(90):
        x, y = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        w, h = rng.uniform(4, 42, 2)
        fill = tuple(rng.integers(0, 255, 3).tolist())
        if rng.random() < 0.5:
            pen.rectangle((x, y, x + w, y + h), fill)
        else:
            pen.polygon([(x, y), (x + w, y + h / 3), (x + w / 3, y + h)], fill)
    return sheet


def seen(picture: Image.Image, corners: list[tuple[float, float]], size: tuple[int, int]) -> Image.Image:
    """The picture as a photo shows it: its corners (top left, top right, bottom right, bottom left) at ``corners``."""
    width, height = picture.size
    equations, values = [], []
    for (x, y), (u, v) in zip(corners, [(0, 0), (width, 0), (width, height), (0, height)], strict=True):
        equations += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        values += [u, v]
    terms = tuple(np.linalg.solve(np.array(equations), np.array(values)).tolist())
    scene = Image.new("RGB", size, (128, 120, 110))
    moved = picture.transform(size, Image.Transform.PERSPECTIVE, terms, Image.Resampling.BICUBIC)
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).polygon(corners, 255)
    scene.paste(moved, (0, 0), mask)
    return scene
