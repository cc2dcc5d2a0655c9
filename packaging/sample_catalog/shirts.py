"""T-shirts laid flat."""

from __future__ import annotations

import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sample_catalog.motifs import motif
from sample_catalog.pen import darker, lighter, oval, write
from sample_catalog.product import Design
from sample_catalog.relief import noise, relief, soften
from sample_catalog.studio import View

_HALF = ((0.0, 0.1), (0.1, 0.095), (0.18, 0.055), (0.31, 0.09), (0.38, 0.13), (0.6, 0.36), (0.46, 0.46), (0.335, 0.35),
         (0.325, 0.6), (0.33, 0.985), (0.0, 0.995))  # fmt: skip
"""Right half of the outline: x from the middle, y from the top, shares of the height."""


def shirt(design: Design, view: View) -> Image.Image:
    """Render a T-shirt with a printed chest, RGBA."""
    tall, wide = 1120, 1400
    middle = wide / 2

    def at(x: float, y: float) -> tuple[float, float]:
        return middle + x * tall, y * tall

    outline = [at(x, y) for x, y in _HALF] + [at(-x, y) for x, y in reversed(_HALF)]
    shape = Image.new("L", (wide, tall), 0)
    ImageDraw.Draw(shape).polygon(outline, 255)
    shape = shape.filter(ImageFilter.GaussianBlur(9)).point([255 if v > 127 else 0 for v in range(256)])
    skin = Image.new("RGB", (wide, tall), design.ground)
    draw = ImageDraw.Draw(skin)
    cx, cy = at(0, 0.05)
    draw.polygon(oval(cx, cy, 0.215 * tall, 0.125 * tall), darker(design.ground, 0.16))
    draw.polygon(oval(cx, cy, 0.19 * tall, 0.1 * tall), darker(design.ground, 0.5))
    draw.polygon(oval(cx, cy - 22, 0.19 * tall, 0.06 * tall), darker(design.ground, 0.3))
    draw.rectangle((cx - 34, cy - 2, cx + 34, cy + 34), design.paper)
    write(draw, (cx, cy + 16), design.brand, 20, (60, 60, 60), room=60)
    side = 400
    tile = motif(design.motif, side)
    px, py = at(0, 0.43)
    skin.paste(tile, (round(px - side / 2), round(py - side / 2)), tile)
    write(draw, at(0, 0.66), design.name.upper(), 52, design.ink, room=430, bold=0.03, spread=0.16)
    seams = lighter(design.ground, 0.14) if sum(design.ground) < 300 else darker(design.ground, 0.14)
    for sign in (-1, 1):
        draw.line([at(sign * 0.31, 0.09), at(sign * 0.3, 0.22), at(sign * 0.335, 0.35)], seams, 4)
        draw.line([at(sign * 0.585, 0.345), at(sign * 0.447, 0.444)], seams, 3)
    draw.line([at(-0.33, 0.965), at(0.33, 0.965)], seams, 3)

    mask = np.asarray(shape, dtype=np.float32) / np.float32(255)
    seed = zlib.crc32(repr(design.ground).encode()) + round(view.yaw)
    y, x = np.mgrid[0 : 1 : tall * 1j, -0.625 : 0.625 : wide * 1j].astype(np.float32)
    folds = noise(seed, (tall, wide), (5, 9)) * 13 + noise(seed + 1, (tall, wide), (9, 22)) * 4
    for pull, lean in ((0.31, 1.2), (-0.31, -1.2), (0.2, 0.5), (-0.24, -0.4)):
        ridge = (x - pull + lean * 0.28 * (y - 0.3)) * 46
        folds = folds + 7 * np.exp(-(ridge**2) / 3) * np.clip(np.sin((y - 0.2) * 4), 0, 1)
    edge = soften(mask * 255, 14) * 0.22
    height = folds + edge
    return relief(skin, mask, height.astype(np.float32), view, gloss=0.0, squeeze=0.5)
