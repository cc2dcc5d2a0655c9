"""Pictures of food and landscapes that packaging carries: heaps of grains, berries, leaves, blurred fields."""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Pixels", "cloud", "texture"]

Pixels = NDArray[np.uint8]


def cloud(rng: np.random.Generator, width: int, height: int, octaves: int = 4) -> NDArray[np.float32]:
    """Return smooth noise of several sizes, float32 (height, width), 0 to 1."""
    total = np.zeros((height, width), dtype=np.float32)
    for octave in range(octaves):
        cells = 3 * 2**octave
        grid = rng.random((cells, cells), dtype=np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), dtype=np.float32)


def texture(rng: np.random.Generator, width: int, height: int, hue: float) -> Pixels:
    """Return a picture, RGB uint8 (height, width, 3), around a hue (0 to 1)."""
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    return kind(rng, width, height, hue)


def _tone(rng: np.random.Generator, hue: float, light: float) -> tuple[int, int, int]:
    value = colorsys.hsv_to_rgb((hue + rng.normal(0, 0.03)) % 1, rng.uniform(0.35, 0.86), min(1.0, light))
    red, green, blue = (round(255 * part) for part in value)
    return red, green, blue


def _heap(rng: np.random.Generator, width: int, height: int, hue: float) -> Pixels:
    """Draw a heap of shaded grains, flakes or berries."""
    canvas = np.full((height, width, 3), _tone(rng, hue, 0.35), dtype=np.uint8)
    size = rng.uniform(0.03, 0.11) * min(width, height)
    flat = rng.uniform(0.35, 1.0)
    number = int(min(420, 1.6 * width * height / (size * size * 3 * flat)))
    for _ in range(number):
        at = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        axes = (max(2, int(size * rng.uniform(0.7, 1.2))), max(2, int(size * flat * rng.uniform(0.7, 1.2))))
        turn = float(rng.uniform(0, 180))
        light = float(rng.uniform(0.55, 0.95))
        for share, shade in ((1.0, 0.6), (0.85, 1.0), (0.35, 1.15)):
            part = (max(1, int(axes[0] * share)), max(1, int(axes[1] * share)))
            spot = (at[0] - int((1 - share) * axes[0] * 0.4), at[1] - int((1 - share) * axes[1] * 0.4))
            cv2.ellipse(canvas, spot, part, turn, 0, 360, _tone(rng, hue, min(1, light * shade)), -1, cv2.LINE_AA)
    return canvas


def _field(rng: np.random.Generator, width: int, height: int, hue: float) -> Pixels:
    """Draw hills below a sky."""
    sky = np.linspace(0.95, 0.7, height, dtype=np.float32)[:, None, None]
    top = np.array(_tone(rng, rng.uniform(0.5, 0.65), 0.95), dtype=np.float32)
    canvas: Pixels = np.clip(sky * top + 40 * cloud(rng, width, height)[..., None], 0, 255).astype(np.uint8)
    for row in range(int(rng.integers(2, 6))):
        base = height * (0.35 + 0.13 * row)
        x = np.linspace(0, width, 24)
        y = base + height * 0.07 * np.cumsum(rng.normal(0, 0.4, 24))
        points = np.concatenate([np.stack([x, y], 1), [[width, height], [0, height]]]).astype(np.int32)
        cv2.fillPoly(canvas, [points], _tone(rng, hue, 0.85 - 0.1 * row), cv2.LINE_AA)
        for _ in range(int(rng.integers(0, 14))):
            at = (int(rng.uniform(0, width)), int(base + height * rng.uniform(0.05, 0.3)))
            cv2.circle(canvas, at, int(rng.uniform(2, 0.05 * height)), _tone(rng, hue + 0.08, 0.4), -1, cv2.LINE_AA)
    return canvas


def _leaves(rng: np.random.Generator, width: int, height: int, hue: float) -> Pixels:
    """Draw long leaves and petals over each other."""
    canvas = np.full((height, width, 3), _tone(rng, hue, 0.3), dtype=np.uint8)
    for _ in range(int(rng.integers(40, 110))):
        at = rng.uniform(0, [width, height])
        turn = rng.uniform(0, 2 * np.pi)
        reach = min(width, height) * rng.uniform(0.1, 0.4)
        along = np.array([np.cos(turn), np.sin(turn)]) * reach
        across = np.array([-along[1], along[0]]) * rng.uniform(0.1, 0.3)
        outline = np.array([at - along, at + across, at + along, at - across]).astype(np.int32)
        light = float(rng.uniform(0.4, 0.95))
        cv2.fillPoly(canvas, [outline], _tone(rng, hue, light), cv2.LINE_AA)
        ends = [tuple(int(v) for v in at + sign * along) for sign in (-1, 1)]
        cv2.line(canvas, ends[0], ends[1], _tone(rng, hue, light * 0.7), 1, cv2.LINE_AA)
    return canvas


def _marble(rng: np.random.Generator, width: int, height: int, hue: float) -> Pixels:
    """Draw swirls, as of cream and chocolate."""
    waves = 0.5 + 0.5 * np.sin(cloud(rng, width, height) * rng.uniform(12, 40))
    one, other = (np.array(_tone(rng, hue, light), dtype=np.float32) for light in (0.4, 0.95))
    return np.asarray(one + (other - one) * waves[..., None], dtype=np.float32).astype(np.uint8)


_KINDS: tuple[Callable[[np.random.Generator, int, int, float], Pixels], ...] = (
    _heap, _heap, _field, _leaves, _marble,
)  # fmt: skip
