"""The front of a box, flat: ground, picture, logo, name, flavour, badges, small print."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw
from sample_catalog.motifs import NAMES, motif

from cartons import words
from cartons.design import Design
from cartons.lettering import Colour, Lettering, draw_text
from cartons.texture import texture

__all__ = ["front", "side"]

_MOTIFS = sorted(NAMES)
# Where the picture, the logo, the name and the flavour are (middle x, y, width, height as shares of the sheet).
_Place = tuple[float, float, float, float]
_LAYOUTS: tuple[tuple[_Place, _Place, _Place, _Place], ...] = (
    ((0.5, 0.66, 0.92, 0.5), (0.5, 0.13, 0.8, 0.17), (0.5, 0.28, 0.85, 0.11), (0.5, 0.38, 0.7, 0.07)),
    ((0.5, 0.28, 1.0, 0.56), (0.5, 0.64, 0.84, 0.17), (0.5, 0.79, 0.86, 0.11), (0.5, 0.9, 0.7, 0.07)),
    ((0.74, 0.5, 0.52, 1.0), (0.3, 0.16, 0.54, 0.16), (0.26, 0.4, 0.46, 0.1), (0.26, 0.56, 0.44, 0.08)),
    ((0.28, 0.6, 0.5, 0.72), (0.5, 0.12, 0.9, 0.18), (0.75, 0.4, 0.44, 0.09), (0.75, 0.54, 0.42, 0.07)),
    ((0.5, 0.5, 1.0, 1.0), (0.5, 0.2, 0.76, 0.18), (0.5, 0.74, 0.8, 0.11), (0.5, 0.86, 0.66, 0.08)),
    ((0.6, 0.75, 0.76, 0.44), (0.34, 0.14, 0.6, 0.2), (0.45, 0.34, 0.84, 0.12), (0.4, 0.46, 0.7, 0.08)),
)


@dataclass(frozen=True)
class _Sheet:
    picture: Image.Image
    house: np.random.Generator
    own: np.random.Generator

    def at(self, x: float, y: float) -> tuple[int, int]:
        return round(x * self.picture.width), round(y * self.picture.height)

    def text(self, place: _Place, line: str, ink: Colour, style: Lettering, edge: Colour = (255, 255, 255)) -> None:
        x, y, w, h = place
        wide, tall = self.at(w, h)
        draw_text(self.picture, self.at(x, y), line, tall, wide, ink, style, edge=edge)


def front(design: Design) -> Image.Image:
    """Return the front of a design, RGB, ``design.width`` x ``design.height`` pixels."""
    sheet = _Sheet(
        Image.new("RGB", (design.width, design.height), design.colours[0]),
        np.random.default_rng(design.house),
        np.random.default_rng([design.house, design.own]),
    )
    picture, logo, name, flavour = _LAYOUTS[design.layout]
    _ground(sheet, design)
    _panel(sheet, picture, design)
    _logo(sheet, logo, design)
    ink = _readable(design.colours[2], sheet.picture.getpixel(sheet.at(name[0], name[1])))
    sheet.text(name, design.title, ink, design.letters[1])
    _flavour(sheet, flavour, design)
    _badges(sheet, design)
    return sheet.picture


def side(design: Design, width: int) -> Image.Image:
    """Return a side of the box, RGB, ``width`` pixels wide: small print and a bar code."""
    sheet = Image.new("RGB", (width, design.height), design.colours[0])
    rng = np.random.default_rng([design.house, 5])
    draw = ImageDraw.Draw(sheet)
    ink = _readable(design.colours[2], design.colours[0])
    style = Lettering(1.0, 0.0, 0.02, 0.0)
    for row, line in enumerate(words.small_print(rng, 14)):
        draw_text(sheet, (width / 2, 20 + 14 * row), line, 11, width * 0.9, ink, style)
    draw.rectangle((width * 0.15, design.height - 90, width * 0.85, design.height - 30), (255, 255, 255))
    x = width * 0.2
    while x < width * 0.8:
        bar = float(rng.uniform(1, 4))
        draw.rectangle((x, design.height - 84, x + bar, design.height - 36), (20, 20, 20))
        x += bar + float(rng.uniform(1, 4))
    return sheet


def _ground(sheet: _Sheet, design: Design) -> None:
    width, height = sheet.picture.size
    draw = ImageDraw.Draw(sheet.picture)
    kind = int(sheet.house.integers(5))
    second = design.colours[1]
    if kind == 0:
        steps = np.linspace(0, 1, height)[:, None, None]
        rows = np.array(design.colours[0]) * (1 - steps) + np.array(second) * steps
        sheet.picture.paste(Image.fromarray(np.repeat(rows, width, axis=1).astype(np.uint8)))
    elif kind == 1:
        pitch = int(sheet.house.integers(12, 60))
        for x in range(-height, width, 2 * pitch):
            lean = int(sheet.house.integers(2)) * height
            draw.polygon([(x + lean, 0), (x + pitch + lean, 0), (x + pitch, height), (x, height)], second)
    elif kind == 2:
        for _ in range(int(sheet.house.integers(3, 9))):
            x, y = sheet.house.uniform(-0.2, 1.2, 2) * (width, height)
            r = sheet.house.uniform(0.08, 0.45) * width
            draw.ellipse((x - r, y - r, x + r, y + r), second)
    elif kind == 3:
        edge = int(height * sheet.house.uniform(0.2, 0.8))
        bend = sheet.house.uniform(-0.2, 0.2) * height
        draw.polygon([(0, edge + bend), (width / 2, edge), (width, edge - bend), (width, height), (0, height)], second)
    for _ in range(int(sheet.house.integers(0, 4))):
        y = int(sheet.house.uniform(0, height))
        draw.rectangle((0, y, width, y + int(sheet.house.integers(2, 16))), design.colours[2])


def _panel(sheet: _Sheet, place: _Place, design: Design) -> None:
    """Put the picture of what is inside, in a frame of the house's shape."""
    x, y, w, h = place
    wide, tall = sheet.at(w, h)
    left, top = sheet.at(x - w / 2, y - h / 2)
    shape = int(sheet.house.integers(4))
    mask = Image.new("L", (wide, tall), 255)
    if shape:
        mask = Image.new("L", (wide, tall), 0)
        pen = ImageDraw.Draw(mask)
        if shape == 1:
            pen.ellipse((0, 0, wide - 1, tall - 1), 255)
        elif shape == 2:
            pen.rounded_rectangle((0, 0, wide - 1, tall - 1), min(wide, tall) // 5, 255)
        else:
            cut = int(tall * sheet.house.uniform(0.1, 0.4))
            pen.polygon([(0, cut), (wide, 0), (wide, tall), (0, tall)], 255)
    if sheet.house.random() < 0.7:
        inside = texture(sheet.own, wide, tall, float(sheet.own.random()))
        sheet.picture.paste(Image.fromarray(inside), (left, top), mask)
    else:
        sheet.picture.paste(Image.new("RGB", (wide, tall), design.colours[1]), (left, top), mask)
    for _ in range(int(sheet.own.integers(1, 4))):
        side = max(16, int(min(wide, tall) * sheet.own.uniform(0.3, 0.8)))
        tile = motif(str(sheet.own.choice(_MOTIFS)), 160)
        tile = tile.resize((side, max(8, int(side * sheet.own.uniform(0.75, 1.2)))), Image.Resampling.BILINEAR)
        tile = tile.rotate(float(sheet.own.uniform(-40, 40)), Image.Resampling.BILINEAR, expand=True)
        at = (
            left + int(sheet.own.uniform(0, max(1, wide - tile.width * 0.6))),
            top + int(sheet.own.uniform(0, max(1, tall - tile.height * 0.6))),
        )
        sheet.picture.paste(tile, at, tile)


def _logo(sheet: _Sheet, place: _Place, design: Design) -> None:
    x, y, w, h = place
    draw = ImageDraw.Draw(sheet.picture)
    box = (*sheet.at(x - w / 2, y - h / 2), *sheet.at(x + w / 2, y + h / 2))
    kind = int(sheet.house.integers(4))
    ground, accent, ink = design.colours
    plate = ink if kind else accent
    if kind == 1:
        draw.ellipse(box, plate, outline=(255, 255, 255), width=3)
    elif kind == 2:
        draw.rounded_rectangle(box, (box[3] - box[1]) // 3, plate)
    elif kind == 3:
        left, top, right, bottom = box
        notch = (bottom - top) // 3
        middle = (top + bottom) // 2
        draw.polygon(
            [(left, top), (right, top), (right - notch, middle), (right, bottom), (left, bottom),
             (left + notch, middle)], plate,
        )  # fmt: skip
    share = 0.72 if kind else 0.95
    letters = _readable((255, 255, 255), plate if kind else ground)
    sheet.text((x, y, w * share, h * 0.62), design.brand, letters, design.letters[0], edge=accent)
    if sheet.house.random() < 0.5:
        tile = motif(str(sheet.house.choice(_MOTIFS)), 64)
        sheet.picture.paste(tile, (max(0, box[0] - 20), max(0, box[1] - 10)), tile)
    sheet.text((x, y + h * 0.62, w * 0.7, 0.035), design.slogan, _readable(ink, ground), design.letters[1])


def _flavour(sheet: _Sheet, place: _Place, design: Design) -> None:
    x, y, w, h = place
    fill = design.colours[1]
    if sheet.house.random() < 0.6:
        draw = ImageDraw.Draw(sheet.picture)
        box = (*sheet.at(x - w / 2, y - h * 0.62), *sheet.at(x + w / 2, y + h * 0.62))
        draw.rectangle(box, fill)
        ink = _readable((255, 255, 255), fill)
    else:
        ink = _readable(fill, sheet.picture.getpixel(sheet.at(x, y)))
    sheet.text((x, y, w * 0.9, h), design.flavour, ink, design.letters[1])


def _badges(sheet: _Sheet, design: Design) -> None:
    draw = ImageDraw.Draw(sheet.picture)
    ink = _readable(design.colours[2], sheet.picture.getpixel(sheet.at(0.82, 0.96)))
    sheet.text((0.84, 0.962, 0.26, 0.045), design.size, ink, Lettering(1.0, 0.0, 0.05, 0.0))
    for row, line in enumerate(words.small_print(sheet.house, int(sheet.house.integers(0, 4)))):
        shade = _readable(design.colours[2], sheet.picture.getpixel(sheet.at(0.2, 0.93)))
        sheet.text((0.26, 0.93 + 0.02 * row, 0.44, 0.02), line, shade, Lettering(1.0, 0.0, 0.02, 0.0))
    if sheet.house.random() < 0.45:
        x, y = sheet.at(sheet.house.uniform(0.12, 0.88), sheet.house.uniform(0.3, 0.9))
        r = int(min(sheet.picture.size) * sheet.house.uniform(0.08, 0.13))
        spikes = int(sheet.house.integers(10, 30))
        turn = np.arange(2 * spikes) * np.pi / spikes
        reach = np.where(np.arange(2 * spikes) % 2, r, r * 0.8)
        star = [(x + float(d * np.cos(t)), y + float(d * np.sin(t))) for t, d in zip(turn, reach, strict=True)]
        draw.polygon(star, (214, 40, 44))
        word = str(sheet.house.choice(["NEW", "BIO", "100%", "XXL", "VEGAN", "-20%"]))
        draw_text(sheet.picture, (x, y), word, r * 0.7, r * 1.4, (255, 255, 255), Lettering(0.9, 0.1, 0.06, 0.0))


def _readable(wanted: Colour, on: object) -> Colour:
    """Return the colour, or black or white where it could not be read."""
    ground = tuple(int(v) for v in on) if isinstance(on, tuple) else (128, 128, 128)
    grey = cv2.cvtColor(np.array([[ground, wanted]], dtype=np.uint8), cv2.COLOR_RGB2GRAY)[0]
    if abs(int(grey[0]) - int(grey[1])) > 70:
        return wanted
    return (20, 20, 24) if grey[0] > 120 else (250, 250, 246)
