"""Bottles of glass and plastic."""

from __future__ import annotations

from PIL import Image, ImageDraw

from sample_catalog.backs import foil, small_print
from sample_catalog.labels import label
from sample_catalog.pen import Colour, darker, lighter, mix
from sample_catalog.product import Design
from sample_catalog.studio import View
from sample_catalog.turned import Body, profile, rows, turn

_DRINK: dict[str, Colour] = {
    "apple": (226, 164, 52),
    "pear": (218, 202, 108),
    "ginger": (214, 168, 86),
    "hibiscus": (168, 34, 70),
    "grapefruit": (236, 128, 104),
}


def _skin(
    design: Design, around: int, height: int, glass: Colour, span: tuple[float, float], share: float
) -> Image.Image:
    """Glass all around with a front label over ``span`` (shares of the height) and small print behind."""
    skin = Image.new("RGB", (around, height), glass)
    tall = round((span[1] - span[0]) * height)
    at = round(span[0] * height)
    front = label(design, round(around * share), tall)
    skin.paste(front, ((around - front.width) // 2, at))
    back = small_print(design, round(around * 0.26), tall)
    for x in (0, around - back.width // 2):
        skin.paste(
            back.crop((back.width // 2, 0, back.width, tall)) if x == 0 else back.crop((0, 0, back.width // 2, tall)),
            (x, at),
        )
    return skin


def _capped(skin: Image.Image, end: float, fill: Colour, *, ridges: bool = True) -> None:
    """Paint the cap over the top of the skin down to ``end`` (share of the height)."""
    draw = ImageDraw.Draw(skin)
    foot = end * skin.height
    draw.rectangle((0, 0, skin.width, foot), fill)
    if ridges:
        for x in range(0, skin.width, 26):
            draw.rectangle((x, foot * 0.12, x + 8, foot * 0.8), darker(fill, 0.28))
            draw.rectangle((x + 9, foot * 0.12, x + 14, foot * 0.8), lighter(fill, 0.25))
    draw.rectangle((0, foot * 0.84, skin.width, foot * 0.88), darker(fill, 0.35))


def juice(design: Design, view: View, *, height: int = 1140, radius: float = 205) -> Image.Image:
    """Render a juice bottle: clear glass, long neck, RGBA."""
    around = round(radius * 6.283)
    drink = _DRINK.get(design.motif, (220, 170, 60))
    skin = _skin(design, around, height, drink, (0.47, 0.88), 0.36)
    draw = ImageDraw.Draw(skin)
    draw.rectangle((0, 0, around, height * 0.2), mix(drink, (236, 240, 240), 0.75))
    draw.line((0, height * 0.2, around, height * 0.2), darker(drink, 0.3), 5)
    _capped(skin, 0.075, foil(design, 0.1))
    r = radius
    shape = profile(
        height, (0, 0.43 * r), (0.07, 0.44 * r), (0.085, 0.36 * r), (0.1, 0.41 * r), (0.12, 0.36 * r), (0.24, 0.42 * r),
        (0.32, 0.68 * r), (0.38, 0.9 * r), (0.43, r), (0.96, r), (0.985, 0.95 * r), (1, 0.88 * r),
    )  # fmt: skip
    gloss = rows(height, 0.95, (0, 0.08, 0.5), (0.47, 0.88, 0.25))
    return turn(Body(skin, shape, gloss, rows(height, 0), foil(design, 0.1)), view)


def small_juice(design: Design, view: View) -> Image.Image:
    """Render a small juice bottle, broader for its height, RGBA."""
    return juice(design, view, height=900, radius=225)


def stubby(design: Design, view: View) -> Image.Image:
    """Render a brown stubby bottle with a crown cap, RGBA."""
    height, r = 1060, 215.0
    around = round(r * 6.283)
    skin = _skin(design, around, height, (92, 52, 26), (0.46, 0.9), 0.37)
    neck = label(design, round(around * 0.2), round(height * 0.09))
    skin.paste(neck.crop((0, 0, neck.width, neck.height)), ((around - neck.width) // 2, round(height * 0.2)))
    _capped(skin, 0.04, design.accent)
    shape = profile(
        height, (0, 0.34 * r), (0.01, 0.4 * r), (0.035, 0.42 * r), (0.05, 0.35 * r), (0.09, 0.36 * r), (0.3, 0.44 * r),
        (0.36, 0.7 * r), (0.42, 0.96 * r), (0.46, r), (0.96, r), (1, 0.9 * r),
    )  # fmt: skip
    gloss = rows(height, 0.9, (0.46, 0.9, 0.3))
    return turn(Body(skin, shape, gloss, rows(height, 0, (0, 0.04, 0.5)), lighter(design.accent)), view)


def oil(design: Design, view: View) -> Image.Image:
    """Render a slim dark green oil bottle, RGBA."""
    height, r = 1180, 158.0
    around = round(r * 6.283)
    skin = _skin(design, around, height, (44, 66, 34), (0.44, 0.86), 0.42)
    _capped(skin, 0.16, (36, 34, 30), ridges=False)
    shape = profile(
        height, (0, 0.42 * r), (0.155, 0.43 * r), (0.165, 0.4 * r), (0.27, 0.44 * r), (0.34, 0.78 * r), (0.39, r),
        (0.97, r), (1, 0.92 * r),
    )  # fmt: skip
    gloss = rows(height, 0.9, (0.44, 0.86, 0.2))
    return turn(Body(skin, shape, gloss, rows(height, 0), (36, 34, 30)), view)


def soap(design: Design, view: View) -> Image.Image:
    """Render a plastic bottle with a flip cap, RGBA."""
    height, r = 1080, 215.0
    around = round(r * 6.283)
    skin = _skin(design, around, height, design.ground, (0.3, 0.95), 0.38)
    _capped(skin, 0.17, design.accent, ridges=False)
    shape = profile(
        height, (0, 0.6 * r), (0.01, 0.64 * r), (0.16, 0.68 * r), (0.172, 0.6 * r), (0.19, 0.74 * r), (0.23, 0.93 * r),
        (0.29, r), (0.97, r), (0.99, 0.96 * r), (1, 0.9 * r),
    )  # fmt: skip
    return turn(Body(skin, shape, rows(height, 0.55), rows(height, 0), design.accent), view)
