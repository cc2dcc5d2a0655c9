"""Drink cans and food tins."""

from __future__ import annotations

from PIL import Image, ImageDraw

from sample_catalog.backs import wrap
from sample_catalog.pen import lighter
from sample_catalog.product import Design
from sample_catalog.studio import View
from sample_catalog.turned import Body, profile, rows, turn

_STEEL = (206, 208, 212)


def can(design: Design, view: View, *, height: int = 980, radius: float = 262) -> Image.Image:
    """Render a drink can, RGBA."""
    around = round(radius * 6.283)
    skin = Image.new("RGB", (around, height), _STEEL)
    skin.paste(wrap(design, around, round(height * 0.87)), (0, round(height * 0.07)))
    shape = profile(
        height, (0, 0.83 * radius), (0.015, 0.86 * radius), (0.03, 0.83 * radius), (0.075, 0.93 * radius),
        (0.12, radius), (0.93, radius), (0.975, 0.86 * radius), (1, 0.8 * radius),
    )  # fmt: skip
    metal = rows(height, 0.28, (0, 0.07, 0.9), (0.94, 1, 0.9))
    item = turn(Body(skin, shape, rows(height, 0.75), metal, (176, 178, 184)), view)
    _tab(item, view)
    return item


def tall_can(design: Design, view: View) -> Image.Image:
    """Render a half-litre can, RGBA."""
    return can(design, view, height=1120, radius=240)


def _tab(item: Image.Image, view: View) -> None:
    draw = ImageDraw.Draw(item)
    x, squeeze = item.width / 2 + view.yaw, view.pitch / 60
    for radius, shade in ((52, (140, 142, 148)), (44, (226, 228, 232)), (20, (150, 152, 158))):
        y = item.width * 0.41 * squeeze * 1.6 + 2
        draw.ellipse((x - radius, y - radius * squeeze, x + radius, y + radius * squeeze), shade)


def tin(design: Design, view: View) -> Image.Image:
    """Render a food tin with a paper label and beaded rims, RGBA."""
    height, radius = 900, 340
    around = round(radius * 6.283)
    skin = Image.new("RGB", (around, height), _STEEL)
    paper = wrap(design, around, round(height * 0.84), share=0.31)
    skin.paste(paper, (0, round(height * 0.08)))
    draw = ImageDraw.Draw(skin)
    for y in (0.08, 0.92):
        draw.line((0, y * height, around, y * height), lighter(design.ground, 0.5), 4)
    shape = profile(
        height, (0, radius), (0.03, radius), (0.045, 0.965 * radius), (0.07, 0.955 * radius), (0.93, 0.955 * radius),
        (0.955, 0.965 * radius), (0.97, radius), (1, radius),
    )  # fmt: skip
    metal = rows(height, 0.0, (0, 0.08, 0.85), (0.92, 1, 0.85))
    gloss = rows(height, 0.35)
    return turn(Body(skin, shape, gloss, metal, (190, 192, 196)), view)
