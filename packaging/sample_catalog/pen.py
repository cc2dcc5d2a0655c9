"""Draw shapes and text in unit coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Blend two colours; ``share`` 0 gives ``one``, 1 gives ``other``."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def lighter(colour: Colour, share: float = 0.35) -> Colour:
    """Mix with white."""
    return mix(colour, (255, 255, 255), share)


def darker(colour: Colour, share: float = 0.3) -> Colour:
    """Mix with black."""
    return mix(colour, (0, 0, 0), share)


@lru_cache(maxsize=256)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's embedded Aileron; basic layout, so that the result doesn't depend on libraqm."""
    face = ImageFont.load_default(size)
    if not isinstance(face, ImageFont.FreeTypeFont):
        raise SystemExit("Pillow was built without FreeType; install Pillow's own wheel to render the catalog")
    return face.font_variant(layout_engine=ImageFont.Layout.BASIC)


def write(
    draw: ImageDraw.ImageDraw,
    at: Point,
    text: str,
    size: float,
    fill: Colour,
    *,
    room: float | None = None,
    bold: float = 0.0,
    anchor: str = "mm",
    spread: float = 0.0,
) -> float:
    """Write one line, shrunk to ``room`` pixels; return the size used.

    ``bold`` is the stroke as a share of the size (the embedded font has one weight), ``spread`` extra letter
    space as a share of the size (only with a centred anchor).
    """
    pixels = max(4, round(size))
    spread = max(spread, 1.5 * bold)  # a stroke eats into the gaps between letters
    while True:
        stroke = bold * pixels
        gaps = spread * pixels * max(0, len(text) - 1)
        length = font(pixels).getlength(text) + 2 * stroke + gaps
        if room is None or length <= room or pixels <= 5:
            break
        pixels = max(5, min(pixels - 1, int(pixels * room / length)))
    if not spread:
        draw.text(at, text, fill, font(pixels), anchor=anchor, stroke_width=stroke, stroke_fill=fill)
        return pixels
    x = at[0] - (length - 2 * stroke) / 2
    for letter in text:
        draw.text((x, at[1]), letter, fill, font(pixels), anchor="l" + anchor[1], stroke_width=stroke)
        x += font(pixels).getlength(letter) + spread * pixels
    return pixels


class Pen:
    """Draws on a transparent square tile; x to the right, y down, both -1 to 1."""

    def __init__(self, side: int) -> None:
        self._scale = side  # drawn at twice the side asked for, shrunk in picture()
        self._side = side
        self._tile = Image.new("RGBA", (2 * side, 2 * side), (255, 255, 255, 0))
        self._draw = ImageDraw.Draw(self._tile)

    def picture(self) -> Image.Image:
        """Return the tile, RGBA, antialiased."""
        return self._tile.resize((self._side, self._side), Image.Resampling.BOX)

    def shape(self, points: Sequence[Point], fill: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon([self._at(p) for p in points], fill)

    def line(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """Draw a line with round joints and ends."""
        spots = [self._at(p) for p in points]
        self._draw.line(spots, fill, max(1, round(width * self._scale)), joint="curve")
        for x, y in (spots[0], spots[-1]):
            radius = width * self._scale / 2
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill)

    def disc(self, x: float, y: float, rx: float, fill: Colour, ry: float | None = None, turn: float = 0.0) -> None:
        """Fill an ellipse, turned by ``turn`` degrees."""
        self.shape(oval(x, y, rx, rx if ry is None else ry, turn), fill)

    def ball(self, x: float, y: float, rx: float, fill: Colour, ry: float | None = None, turn: float = 0.0) -> None:
        """Fill an ellipse that looks round: darker below, a highlight above on the left."""
        ry = rx if ry is None else ry
        self.disc(x, y, rx, darker(fill, 0.22), ry, turn)
        for step in range(1, 7):
            share = 1 - step * 0.12
            shift = step * 0.045
            self.disc(
                x - rx * shift,
                y - ry * shift,
                rx * share,
                mix(darker(fill, 0.22), lighter(fill, 0.18), step / 6),
                ry * share,
                turn,
            )
        self.disc(x - rx * 0.36, y - ry * 0.4, rx * 0.16, lighter(fill, 0.7), ry * 0.1, -30)

    def leaf(self, x: float, y: float, length: float, turn: float, fill: Colour, broad: float = 0.36) -> None:
        """Draw a leaf from its stalk at (x, y) towards ``turn`` degrees (0 = right, 90 = up)."""
        angle = math.radians(turn)
        edge = []
        for side in (1, -1):
            steps = range(13) if side == 1 else range(12, -1, -1)
            for step in steps:
                along = step / 12
                across = side * broad * math.sin(math.pi * along**0.8) / 2
                edge.append(_turned(x, y, along * length, across * length, angle))
        self.shape(edge, fill)
        self.shape([*edge[13:], edge[0]], darker(fill, 0.16))
        tip = _turned(x, y, length * 0.92, 0, angle)
        self.line([(x, y), tip], 0.018, lighter(fill, 0.3))

    def _at(self, point: Point) -> Point:
        return (point[0] + 1) * self._scale, (point[1] + 1) * self._scale


def oval(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> list[Point]:
    """Outline of an ellipse."""
    angle = math.radians(turn)
    return [_turned(x, y, rx * math.cos(t * math.pi / 36), ry * math.sin(t * math.pi / 36), angle) for t in range(72)]


def _turned(x: float, y: float, along: float, across: float, angle: float) -> Point:
    return (
        x + along * math.cos(angle) - across * math.sin(angle),
        y - along * math.sin(angle) - across * math.cos(angle),
    )
