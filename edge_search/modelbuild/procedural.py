"""Drawn pictures without any photo: packs, fruit in piles, cloth, marbled textures.

A calibration set needs the spread of colour, edges and texture that photos have, not their content. Drawn
from a seed, so that a build needs nothing but the repository.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

__all__ = ["picture"]


def picture(rng: np.random.Generator, side: int = 384) -> Image.Image:
    """Draw one RGB picture of ``side`` pixels; the same state of ``rng`` gives the same picture."""
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    return kind(rng, side)


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = rng.integers(0, 256, 3)
    return int(red), int(green), int(blue)


def _noise(rng: np.random.Generator, side: int, octaves: int = 6) -> NDArray[np.float32]:
    """Fractal noise float32 (side, side) in 0..1."""
    total = np.zeros((side, side), np.float32)
    for octave in range(octaves):
        cells = 2 ** (octave + 1)
        grid = Image.fromarray(rng.standard_normal((cells, cells)).astype(np.float32))
        total += np.asarray(grid.resize((side, side), Image.Resampling.BICUBIC)) * rng.uniform(0.4, 0.8) ** octave
    return np.asarray((total - total.min()) / (np.ptp(total) + 1e-6), np.float32)


def _marble(rng: np.random.Generator, side: int) -> Image.Image:
    value = _noise(rng, side)
    if rng.random() < 0.5:
        value = 0.5 + 0.5 * np.sin(value * float(rng.uniform(6, 40)))
    ramp = rng.uniform(0, 255, (int(rng.integers(2, 6)), 3))
    stops = np.linspace(0, 1, len(ramp))
    planes = [np.interp(value, stops, ramp[:, channel]) for channel in range(3)]
    return Image.fromarray(np.stack(planes, axis=-1).astype(np.uint8))


def _cloth(rng: np.random.Generator, side: int) -> Image.Image:
    y, x = np.mgrid[:side, :side] / side
    values = np.full((side, side, 3), rng.uniform(0, 255, 3))
    for _ in range(int(rng.integers(1, 5))):
        angle, count = rng.uniform(0, np.pi), rng.uniform(3, 60)
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * count * 2 * np.pi) > rng.uniform(-0.5, 0.9)
        values[wave] = 0.5 * values[wave] + 0.5 * rng.uniform(0, 255, 3)
    values *= (0.7 + 0.6 * _noise(rng, side, 3))[..., None]
    values += rng.normal(0, rng.uniform(0, 12), values.shape)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _pile(rng: np.random.Generator, side: int) -> Image.Image:
    """Shaded round things of about one colour, as fruit lies in a crate."""
    scene = np.asarray(_marble(rng, side), np.float32) * 0.4
    base, spread = rng.uniform(30, 255, 3), rng.uniform(4, 50)
    radius = side * rng.uniform(0.06, 0.42)
    stretch = rng.uniform(0.5, 1.0)
    skin = _noise(rng, side)[..., None] * rng.uniform(0, 0.5)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    light = rng.uniform(-0.5, 0.5, 2)
    for _ in range(int(rng.integers(1, 40))):
        cx, cy = rng.uniform(0, side, 2)
        size, angle = radius * rng.uniform(0.75, 1.2), rng.uniform(0, np.pi)
        u = ((x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)) / size
        v = ((y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)) / (size * stretch)
        inside = u * u + v * v < 1
        height = np.sqrt(np.clip(1 - (u - light[0]) ** 2 - (v - light[1]) ** 2, 0, 1))
        shade = (0.35 + 0.65 * height)[..., None] * (1 - skin) * (base + rng.normal(0, spread, 3))
        shade += 180 * np.clip(height - 0.97, 0, 1)[..., None] / 0.03
        scene[inside] = shade[inside]
    return Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))


def _pack(rng: np.random.Generator, side: int) -> Image.Image:
    """A box, can or bottle with a label, on white."""
    sheet = Image.new("RGB", (side, side), "white")
    label = _label(rng, side)
    mask = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mask)
    width, height = side * rng.uniform(0.3, 0.9), side * rng.uniform(0.5, 0.92)
    left, top = (side - width) / 2, (side - height) / 2
    if rng.random() < 0.4:  # bottle: a body and a neck
        neck = width * rng.uniform(0.2, 0.45)
        draw.rectangle(((side - neck) / 2, top, (side + neck) / 2, top + height / 2), fill=255)
        top += height * rng.uniform(0.2, 0.4)
    draw.rounded_rectangle((left, top, left + width, (side + height) / 2), side * rng.uniform(0, 0.12), fill=255)
    if rng.random() < 0.6:  # a curved side
        across = np.cos(np.linspace(-1.3, 1.3, side)) ** rng.uniform(0.3, 1)
        label = Image.fromarray((np.asarray(label) * across[None, :, None]).astype(np.uint8))
    sheet.paste(label, (0, 0), mask)
    return sheet


def _label(rng: np.random.Generator, side: int) -> Image.Image:
    label = _marble(rng, side) if rng.random() < 0.4 else Image.new("RGB", (side, side), _colour(rng))
    draw = ImageDraw.Draw(label)
    for _ in range(int(rng.integers(2, 12))):
        x, y = rng.uniform(0, side, 2)
        w, h = side * rng.uniform(0.03, 0.5, 2)
        box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        if rng.random() < 0.5:
            draw.ellipse(box, _colour(rng))
        else:
            draw.rectangle(box, _colour(rng))
    for _ in range(int(rng.integers(2, 14))):  # lines of writing
        x, y, size = rng.uniform(0, side * 0.7), rng.uniform(0, side), rng.uniform(0.02, 0.14) * side
        word = "".join(chr(int(c)) for c in rng.integers(65, 91, int(rng.integers(3, 12))))
        draw.text((x, y), word, fill=_colour(rng), font_size=size)
    if rng.random() < 0.3:
        label = label.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3)))
    return label


_KINDS: tuple[Callable[[np.random.Generator, int], Image.Image], ...] = (_marble, _cloth, _pile, _pile, _pack, _pack)
