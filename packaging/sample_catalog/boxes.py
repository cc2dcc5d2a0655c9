"""Folding boxes, chocolate bars and gable-top cartons."""

from __future__ import annotations

from PIL import Image, ImageDraw

from sample_catalog.backs import small_print
from sample_catalog.blocks import Face, block
from sample_catalog.labels import label
from sample_catalog.motifs import motif
from sample_catalog.pen import darker, write
from sample_catalog.product import Design
from sample_catalog.studio import View


def _top(design: Design, width: int, depth: int) -> Image.Image:
    sheet = Image.new("RGB", (width, depth), design.ground)
    write(
        ImageDraw.Draw(sheet),
        (width / 2, depth / 2),
        design.brand,
        depth * 0.4,
        design.ink,
        room=width * 0.8,
        bold=0.03,
    )
    return sheet


def _box(design: Design, view: View, size: tuple[float, float, float], pixels: int = 900) -> Image.Image:
    w, h, d = size
    scale = pixels / max(w, h) / 2
    across, tall, deep = (max(24, round(2 * side * scale)) for side in size)
    side = small_print(design, deep, tall)
    faces: list[Face] = [
        (label(design, across, tall), [(-w, h, d), (w, h, d), (w, -h, d), (-w, -h, d)]),
        (side, [(w, h, d), (w, h, -d), (w, -h, -d), (w, -h, d)]),
        (side, [(-w, h, -d), (-w, h, d), (-w, -h, d), (-w, -h, -d)]),
        (_top(design, across, deep), [(-w, h, -d), (w, h, -d), (w, h, d), (-w, h, d)]),
    ]
    return block(faces, view)


def cereal(design: Design, view: View) -> Image.Image:
    """Render a tall cereal box, RGBA."""
    return _box(design, View(view.yaw * 1.2 - 12, view.pitch, view.lamp), (0.66, 1.0, 0.2))


def tea(design: Design, view: View) -> Image.Image:
    """Render a squarish tea box, RGBA."""
    return _box(design, View(view.yaw * 1.2 - 14, view.pitch + 4, view.lamp), (0.72, 0.76, 0.36))


def pasta(design: Design, view: View) -> Image.Image:
    """Render a narrow pasta box, RGBA."""
    return _box(design, View(view.yaw * 1.3 - 14, view.pitch, view.lamp), (0.5, 1.0, 0.24))


def bar(design: Design, view: View) -> Image.Image:
    """Render a flat bar of chocolate standing upright, RGBA."""
    return _box(design, View(view.yaw * 0.9 - 6, view.pitch * 0.7, view.lamp), (0.48, 1.0, 0.06))


def carton(design: Design, view: View) -> Image.Image:
    """Render a drink carton with a gable top, RGBA."""
    w, h, d, ridge = 0.42, 0.72, 0.42, 1.0
    front, side = label(design, 620, 1060), small_print(design, 620, 1060)
    slope = Image.new("RGB", (620, 420), design.accent)
    tile = motif(design.motif, 190)
    slope.paste(tile, (215, 170), tile)
    write(ImageDraw.Draw(slope), (310, 90), design.brand, 100, design.paper, room=480, bold=0.04)
    gable = Image.new("RGB", (300, 200), darker(design.accent, 0.1))
    fin = Image.new("RGB", (620, 80), design.paper)
    top = ridge + 0.14
    faces: list[Face] = [
        (front, [(-w, h, d), (w, h, d), (w, -1, d), (-w, -1, d)]),
        (side, [(w, h, d), (w, h, -d), (w, -1, -d), (w, -1, d)]),
        (side, [(-w, h, -d), (-w, h, d), (-w, -1, d), (-w, -1, -d)]),
        # The gable is a triangle: a quadrilateral whose top edge is nearly a point.
        (gable, [(w * 0.995, ridge, 0.03), (w * 0.995, ridge, -0.03), (w, h, -d), (w, h, d)]),
        (gable, [(-w * 0.995, ridge, -0.03), (-w * 0.995, ridge, 0.03), (-w, h, d), (-w, h, -d)]),
        (slope, [(-w, ridge, 0.02), (w, ridge, 0.02), (w, h, d), (-w, h, d)]),
        (fin, [(-w, top, 0.02), (w, top, 0.02), (w, ridge, 0.02), (-w, ridge, 0.02)]),
    ]
    return block(faces, View(view.yaw * 1.2 - 14, view.pitch, view.lamp))
