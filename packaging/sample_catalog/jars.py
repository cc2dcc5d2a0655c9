"""Jars with a screw lid."""

from __future__ import annotations

from PIL import Image, ImageDraw

from sample_catalog.backs import small_print
from sample_catalog.labels import label
from sample_catalog.pen import Colour, darker, lighter
from sample_catalog.product import Design
from sample_catalog.studio import View
from sample_catalog.turned import Body, profile, rows, turn

_FILLING: dict[str, Colour] = {
    "strawberry": (158, 24, 34),
    "apricot": (232, 140, 40),
    "blueberry": (52, 36, 92),
    "honey": (222, 146, 30),
    "peanut": (198, 146, 82),
    "olive": (106, 116, 50),
}


def jar(design: Design, view: View) -> Image.Image:
    """Render a jar, RGBA; the filling shows above and below the label."""
    height, r = 900, 310.0
    around = round(r * 6.283)
    filling = _FILLING.get(design.motif, (190, 140, 70))
    skin = Image.new("RGB", (around, height), filling)
    draw = ImageDraw.Draw(skin)
    for row in range(60):  # pieces of fruit behind the glass
        x, y = (row * 7919) % around, height * 0.22 + (row * 6131) % int(height * 0.76)
        draw.ellipse((x - 30, y - 18, x + 30, y + 18), lighter(filling, 0.1) if row % 2 else darker(filling, 0.14))
    top, tall = round(height * 0.38), round(height * 0.52)
    front = label(design, round(around * 0.37), tall)
    skin.paste(front, ((around - front.width) // 2, top))
    back = small_print(design, round(around * 0.2), tall)
    skin.paste(back, (round(around * 0.02), top))
    _lid(draw, around, height, design)
    shape = profile(
        height, (0, 0.84 * r), (0.012, 0.88 * r), (0.15, 0.89 * r), (0.16, 0.8 * r), (0.19, 0.82 * r), (0.24, 0.95 * r),
        (0.3, r), (0.94, r), (0.98, 0.95 * r), (1, 0.86 * r),
    )  # fmt: skip
    gloss = rows(height, 0.95, (0, 0.16, 0.5), (0.38, 0.9, 0.25))
    return turn(Body(skin, shape, gloss, rows(height, 0, (0, 0.16, 0.3)), lighter(design.accent, 0.1)), view)


def _lid(draw: ImageDraw.ImageDraw, around: int, height: int, design: Design) -> None:
    foot = round(height * 0.155)
    if design.layout != "crest":
        draw.rectangle((0, 0, around, foot), design.accent)
    else:  # gingham, as home-made jam has
        step = foot // 4
        for column in range(0, around, step):
            for row in range(0, foot, step):
                shade = (column // step) % 2 + (row // step) % 2
                fill = (lighter(design.accent, 0.9), lighter(design.accent, 0.45), design.accent)[shade]
                draw.rectangle((column, row, column + step, min(foot, row + step)), fill)
    for x in range(0, around, 40):
        draw.line((x, foot * 0.7, x, foot), darker(design.accent, 0.25), 3)
