"""What stands on the sides and the back of a pack: small print, a nutrition table, a bar code."""

from __future__ import annotations

import zlib

from PIL import Image, ImageDraw

from sample_catalog.labels import label
from sample_catalog.pen import font, lighter, mix, write
from sample_catalog.product import Design

_TABLE = ("Energy", "Fat", "Carbohydrate", "of which sugars", "Protein", "Salt")
_STORY = ("Packed with care in small", "batches. Store in a cool,", "dry place. Best before:", "see edge of pack.")


def small_print(design: Design, width: int, height: int) -> Image.Image:
    """Return a side panel, RGB."""
    sheet = Image.new("RGB", (width, height), design.ground)
    draw = ImageDraw.Draw(sheet)
    ink = design.ink if design.layout != "hero" else design.paper
    write(draw, (width / 2, height * 0.09), design.brand, width * 0.16, ink, room=width * 0.86, bold=0.03)
    write(draw, (width / 2, height * 0.17), design.name, width * 0.1, ink, room=width * 0.86)
    size = max(5, round(width * 0.062))
    for row, words in enumerate(_STORY):
        draw.text((width * 0.1, height * (0.24 + 0.045 * row)), words, ink, font(size))
    top, step = height * 0.46, height * 0.045
    draw.rectangle((width * 0.08, top - step * 0.3, width * 0.92, top + step * 6.2), design.paper)
    seed = zlib.crc32(design.name.encode())
    for row, words in enumerate(_TABLE):
        y = top + row * step
        draw.text((width * 0.12, y), words, (40, 40, 40), font(size))
        amount = f"{(seed >> (row * 4)) % 60 / 2 + 0.5:.1f} g" if row else f"{90 + seed % 400} kcal"
        draw.text((width * 0.88, y), amount, (40, 40, 40), font(size), anchor="ra")
        draw.line((width * 0.1, y + step * 0.95, width * 0.9, y + step * 0.95), (160, 160, 160))
    _bar_code(draw, (width * 0.2, height * 0.79, width * 0.8, height * 0.92), seed)
    return sheet


def _bar_code(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], seed: int) -> None:
    left, top, right, bottom = box
    draw.rectangle(box, (255, 255, 255))
    unit = (right - left) / 66
    for stripe in range(60):
        if (seed >> (stripe % 31)) & 1 or stripe % 7 == 0:
            x = left + (stripe + 3) * unit
            draw.rectangle((x, top + unit * 2, x + unit, bottom - unit * 2), (20, 20, 20))


def wrap(design: Design, around: int, height: int, share: float = 0.34) -> Image.Image:
    """Return a label that goes all around a can, jar or tin, RGB ``around`` x ``height``; the front in the middle.

    ``share`` is the part of the circumference the front takes; small print fills the rest.
    """
    sheet = Image.new("RGB", (around, height), design.ground)
    front = label(design, round(around * share), height)
    # Bands and waves run on around the can: the edge column is stretched over all of it.
    sheet.paste(front.crop((0, 0, 1, height)).resize((around, height)), (0, 0))
    for centre in (0.17, 0.83):
        panel = small_print(design, round(around * 0.2), round(height * 0.86))
        sheet.paste(panel, (round(around * centre - panel.width / 2), round(height * 0.07)))
    sheet.paste(front, ((around - front.width) // 2, 0))
    return sheet


def foil(design: Design, share: float = 0.3) -> tuple[int, int, int]:
    """Colour of a cap, lid or inside that goes with the design."""
    return mix(design.accent, lighter(design.ground), share)
