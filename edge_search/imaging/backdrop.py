"""Procedural backgrounds of a kiosk: shelf, counter, wood, tiles, a blurred shop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

__all__ = ["backdrop"]

_SIDE = 160
"""Longest side the background is drawn at: out of focus needs no more, and is 9 times faster."""


def backdrop(size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Return a random background as an RGB picture of ``size`` (width, height in pixels).

    The same state of ``rng`` gives the same picture.
    """
    scale = min(1.0, _SIDE / max(size))
    width, height = (max(8, round(side * scale)) for side in size)
    draw = _KINDS[int(rng.integers(len(_KINDS)))]
    return draw(width, height, rng).resize(size, Image.Resampling.BILINEAR)


def _noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> NDArray[np.float32]:
    """Smooth noise, float32 (h, w), about 0 +- 1, with ``cells`` (rows, columns) independent values."""
    grid = rng.standard_normal(cells).astype(np.float32)
    return np.asarray(Image.fromarray(grid).resize((shape[1], shape[0]), Image.Resampling.BICUBIC), dtype=np.float32)


def _picture(values: NDArray[np.float32]) -> Image.Image:
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _wood(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    base = np.array([[172, 128, 84], [120, 80, 52], [205, 172, 130]][rng.integers(3)], dtype=np.float32)
    grain = 12 * _noise(rng, (height, width), (max(4, height // 2), 4))
    grain += 8 * _noise(rng, (height, width), (height // 6 + 2, 3))
    gaps = np.arange(height) % max(12, height // int(rng.integers(3, 6))) == 0
    grain[gaps] -= 45
    values = base + grain[..., None] * np.array([1.0, 0.85, 0.7], dtype=np.float32)
    if rng.random() < 0.5:
        values = values.transpose(1, 0, 2)
    return _picture(values).resize((width, height))


def _counter(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    base = rng.uniform(60, 225) + rng.uniform(-10, 10, 3)
    speckle = rng.uniform(3, 14) * rng.standard_normal((height, width))
    values = base + (speckle + 7 * _noise(rng, (height, width), (5, 5)))[..., None]
    wall = int(height * rng.uniform(0.0, 0.45))
    values[:wall] = rng.uniform(90, 235) + rng.uniform(-18, 18, 3)
    return _picture(values.astype(np.float32)).filter(ImageFilter.GaussianBlur(0.7))


def _tiles(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    cell = int(rng.integers(18, 44))
    rows, columns = height // cell + 2, width // cell + 2
    shade = rng.uniform(120, 225) + rng.uniform(-22, 22, 3) + rng.normal(0, 6, (rows, columns, 1))
    values = np.repeat(np.repeat(shade, cell, axis=0), cell, axis=1)[:height, :width]
    grout = (np.arange(height) % cell < 2)[:, None] | (np.arange(width) % cell < 2)
    values[grout] = rng.uniform(90, 200)
    picture = _picture(values.astype(np.float32))
    angle = float(rng.uniform(-25, 25))
    fill = tuple(int(v) for v in values.mean(axis=(0, 1)))
    return picture.rotate(angle, Image.Resampling.BILINEAR, fillcolor=fill).filter(
        ImageFilter.GaussianBlur(float(rng.uniform(0.4, 1.2)))
    )


def _shelf(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    """Draw shelf boards with rows of out-of-focus goods and price rails."""
    picture = Image.new("RGB", (width, height), tuple(int(v) for v in rng.uniform(40, 110) + np.zeros(3)))
    draw = ImageDraw.Draw(picture)
    board = int(height * rng.uniform(0.3, 0.55))
    foot = int(rng.integers(board // 2, board + 1))
    while foot < height + board:
        x = -int(rng.integers(0, 12))
        while x < width:
            broad, tall = int(rng.integers(9, 30)), int(board * rng.uniform(0.55, 0.85))
            colour = rng.uniform(30, 240, 3)
            colour = 0.55 * colour + 0.45 * colour.mean()
            draw.rectangle((x, foot - tall, x + broad, foot), tuple(int(v) for v in colour))
            stripe = foot - tall + int(tall * rng.uniform(0.2, 0.6))
            draw.rectangle((x, stripe, x + broad, stripe + tall // 5), tuple(int(v) for v in 255 - colour))
            x += broad + int(rng.integers(1, 4))
        draw.rectangle((0, foot, width, foot + max(3, board // 8)), (214, 214, 208))
        draw.line((0, foot, width, foot), (120, 120, 118))
        foot += board
    return picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(1.0, 2.6))))


def _room(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    """Draw a shop far out of focus, as behind a product that is held into the camera."""
    cells = rng.uniform(20, 235, (int(rng.integers(4, 9)), int(rng.integers(3, 7)), 3))
    cells = cells * 0.4 + cells.mean(axis=2, keepdims=True) * 0.6
    return _picture(cells.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)


def _cloth(width: int, height: int, rng: np.random.Generator) -> Image.Image:
    base = rng.uniform(45, 215) + rng.uniform(-35, 35, 3)
    weave = 5 * rng.standard_normal((height, width)) + 16 * _noise(rng, (height, width), (4, 6))
    return _picture((base + weave[..., None]).astype(np.float32))


_KINDS: tuple[Callable[[int, int, np.random.Generator], Image.Image], ...] = (
    _wood,
    _counter,
    _tiles,
    _shelf,
    _shelf,
    _room,
    _cloth,
)
