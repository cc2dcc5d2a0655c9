"""Letters of many looks from the one typeface that Pillow brings: wide, narrow, slanted, heavy, outlined."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Colour", "Lettering", "draw_text"]

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Lettering:
    """How a line is set: width and slant of its letters, weight and outline as shares of their height."""

    stretch: float
    slant: float
    weight: float
    outline: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Lettering:
        """Draw one at random."""
        return cls(
            stretch=float(rng.uniform(0.6, 1.35)),
            slant=float(rng.choice([0.0, 0.0, rng.uniform(-0.15, 0.4)])),
            weight=float(rng.uniform(0.0, 0.07)),
            outline=float(rng.choice([0.0, 0.0, 0.05])),
        )


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    face = ImageFont.load_default(size)
    if not isinstance(face, ImageFont.FreeTypeFont):
        raise SystemExit("Pillow was built without FreeType; install Pillow's own wheel to draw cartons")
    return face.font_variant(layout_engine=ImageFont.Layout.BASIC)


def draw_text(
    sheet: Image.Image,
    middle: tuple[float, float],
    text: str,
    height: float,
    room: float,
    ink: Colour,
    style: Lettering,
    *,
    edge: Colour = (255, 255, 255),
) -> None:
    """Write a line in ``sheet`` around ``middle``, ``height`` pixels high at most, at most ``room`` pixels wide."""
    size = 48  # drawn at one size and scaled: four times faster than a font of each size
    stroke = style.weight * size
    rim = style.outline * size
    pad = round(stroke + rim) + 3
    left, top, right, bottom = _font(size).getbbox(text)
    box = (round(right - left) + 2 * pad, round(bottom - top) + 2 * pad)
    tile = Image.new("RGBA", box, (*ink, 0))
    draw = ImageDraw.Draw(tile)
    at = (pad - left, pad - top)
    if rim:
        draw.text(at, text, edge, _font(size), stroke_width=stroke + rim, stroke_fill=edge)
    draw.text(at, text, ink, _font(size), stroke_width=stroke, stroke_fill=ink)
    scale = min(height / tile.height, room / (tile.width * style.stretch + abs(style.slant) * tile.height))
    wide, tall = max(2, round(tile.width * style.stretch * scale)), max(2, round(tile.height * scale))
    tile = tile.resize((wide, tall), Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR)
    if style.slant:
        lean = round(abs(style.slant) * tall)
        terms = (1, style.slant, -lean if style.slant > 0 else 0, 0, 1, 0)
        tile = tile.transform((wide + lean, tall), Image.Transform.AFFINE, terms, Image.Resampling.BILINEAR)
    sheet.paste(tile, (round(middle[0] - tile.width / 2), round(middle[1] - tile.height / 2)), tile)
