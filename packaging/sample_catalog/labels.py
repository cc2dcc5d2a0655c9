"""Lay out a design on a flat label: one function a layout."""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image, ImageDraw

from sample_catalog.motifs import motif
from sample_catalog.pen import Colour, darker, lighter, mix, oval, write
from sample_catalog.product import Design


def label(design: Design, width: int, height: int) -> Image.Image:
    """Return the front of the label, RGB, ``width`` x ``height`` pixels."""
    sheet = Image.new("RGB", (width, height), design.ground)
    _LAYOUTS[design.layout](_Sheet(sheet), design)
    return sheet


class _Sheet:
    """A label in the making; x and y are shares of width and height, sizes shares of the shorter side."""

    def __init__(self, picture: Image.Image) -> None:
        self.picture = picture
        self.draw = ImageDraw.Draw(picture)
        self.width, self.height = picture.size
        # The layouts are drawn for sheets about 1.35 times as high as wide; on squat ones the letters shrink.
        self.unit = min(self.width, self.height * 0.76)

    def at(self, x: float, y: float) -> tuple[float, float]:
        return x * self.width, y * self.height

    def text(
        self, x: float, y: float, words: str, size: float, fill: Colour, *,
        room: float = 0.9, bold: float = 0.0, spread: float = 0.0,
    ) -> None:  # fmt: skip
        write(
            self.draw, self.at(x, y), words, size * self.unit, fill,
            room=room * self.width, bold=bold, spread=spread,
        )  # fmt: skip

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour) -> None:
        self.draw.rectangle((*self.at(left, top), *self.at(right, bottom)), fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour, tall: float = 1.0) -> None:
        cx, cy = self.at(x, y)
        self.draw.polygon(oval(cx, cy, radius * self.unit, radius * tall * self.unit), fill)

    def oval(self, x: float, y: float, wide: float, tall: float, fill: Colour) -> None:
        self.draw.polygon(oval(*self.at(x, y), wide * self.width, tall * self.height), fill)

    def art(self, x: float, y: float, side: float, name: str) -> None:
        pixels = max(8, round(side * self.unit))
        cx, cy = self.at(x, y)
        tile = motif(name, pixels)
        self.picture.paste(tile, (round(cx - pixels / 2), round(cy - pixels / 2)), tile)

    def curve(self, points: list[tuple[float, float]], fill: Colour) -> None:
        self.draw.polygon([self.at(*p) for p in points], fill)


def _band(sheet: _Sheet, d: Design) -> None:
    """Brand above, the motif on a sun, a band with the name below."""
    for step in range(24):
        sheet.box(0, step / 24, 1, (step + 1) / 24, mix(lighter(d.ground, 0.18), darker(d.ground, 0.1), step / 24))
    sheet.text(0.5, 0.13, d.brand.upper(), 0.19, d.ink, bold=0.035)
    sheet.text(0.5, 0.235, d.note, 0.062, d.ink)
    sheet.disc(0.5, 0.492, 0.33, lighter(d.ground, 0.55))
    sheet.art(0.5, 0.492, 0.62, d.motif)
    sheet.box(0, 0.73, 1, 0.9, d.accent)
    sheet.box(0, 0.715, 1, 0.722, d.paper)
    sheet.text(0.5, 0.815, d.name, 0.14, d.paper, bold=0.03)
    sheet.text(0.5, 0.95, d.size, 0.065, d.ink)


def _crest(sheet: _Sheet, d: Design) -> None:
    """Draw an oval of paper with the motif, the name on a ribbon over it."""
    for edge in (0.0, 0.965):
        sheet.box(0, edge, 1, edge + 0.035, d.accent)
    sheet.oval(0.5, 0.46, 0.45, 0.42, d.accent)
    sheet.oval(0.5, 0.46, 0.435, 0.4, d.paper)
    sheet.art(0.5, 0.51, 0.52, d.motif)
    sheet.text(0.5, 0.2, d.brand, 0.15, d.ink, bold=0.025, room=0.6)
    sheet.curve([(0.02, 0.74), (0.13, 0.8), (0.02, 0.88)], darker(d.accent, 0.35))
    sheet.curve([(0.98, 0.74), (0.87, 0.8), (0.98, 0.88)], darker(d.accent, 0.35))
    sheet.box(0.08, 0.71, 0.92, 0.85, d.accent)
    sheet.text(0.5, 0.78, d.name, 0.12, d.paper, bold=0.03, room=0.78)
    sheet.text(0.5, 0.91, f"{d.note} \u00b7 {d.size}", 0.058, d.paper if sum(d.ground) < 380 else d.ink)


def _wave(sheet: _Sheet, d: Design) -> None:
    """Two colours with a wave between; the brand leans on it."""
    for lift, fill in ((0.0, lighter(d.accent, 0.45)), (0.035, d.accent)):
        crest = [(x / 40, 0.46 + lift + 0.07 * math.sin(x / 40 * 2 * math.pi + 0.4)) for x in range(41)]
        sheet.curve([*crest, (1, 1), (0, 1)], fill)
    sheet.text(0.5, 0.12, d.brand, 0.2, d.ink, bold=0.035)
    sheet.text(0.5, 0.245, d.name, 0.12, d.ink, bold=0.02)
    sheet.text(0.5, 0.325, d.note, 0.065, d.ink)
    sheet.art(0.5, 0.64, 0.74, d.motif)
    sheet.disc(0.83, 0.9, 0.115, d.paper)
    sheet.text(0.83, 0.9, d.size, 0.06, d.ink if sum(d.ink) < 400 else (40, 40, 40), room=0.2, bold=0.02)


def _craft(sheet: _Sheet, d: Design) -> None:
    """A quiet paper label with a fine border, as small makers have."""
    sheet.box(0.08, 0.09, 0.92, 0.91, d.accent)
    sheet.box(0.095, 0.1, 0.905, 0.9, d.paper)
    sheet.box(0.115, 0.115, 0.885, 0.119, d.accent)
    sheet.box(0.115, 0.881, 0.885, 0.885, d.accent)
    sheet.text(0.5, 0.2, d.brand.upper(), 0.13, d.ink, room=0.72, bold=0.02, spread=0.1)
    sheet.box(0.36, 0.262, 0.64, 0.266, d.accent)
    sheet.art(0.5, 0.45, 0.5, d.motif)
    sheet.text(0.5, 0.67, d.name, 0.17, d.ink, room=0.72, bold=0.03)
    sheet.text(0.5, 0.765, d.note, 0.075, d.ink, room=0.72)
    sheet.text(0.5, 0.836, d.size, 0.075, d.accent, bold=0.02)


def _stripes(sheet: _Sheet, d: Design) -> None:
    """Draw upright stripes with a plaque, as old tins have."""
    for step in range(0, 16, 2):
        sheet.box(step / 16, 0, (step + 1) / 16, 1, d.accent)
    sheet.box(0, 0, 1, 0.035, d.ink)
    sheet.box(0, 0.965, 1, 1, d.ink)
    sheet.box(0.1, 0.1, 0.9, 0.36, d.ink)
    sheet.text(0.5, 0.19, d.brand, 0.15, d.paper, room=0.74, bold=0.04)
    sheet.text(0.5, 0.3, d.note, 0.065, d.paper, room=0.72)
    sheet.disc(0.5, 0.61, 0.35, d.ink)
    sheet.disc(0.5, 0.61, 0.335, d.paper)
    sheet.art(0.5, 0.59, 0.5, d.motif)
    sheet.box(0.14, 0.79, 0.86, 0.915, d.ink)
    sheet.text(0.5, 0.852, f"{d.name}  {d.size}", 0.09, d.paper, room=0.66, bold=0.025)


def _hero(sheet: _Sheet, d: Design) -> None:
    """Sun rays, a big motif, a slanted brand: the breakfast table."""
    for step in range(0, 28, 2):
        start, end = (2 * math.pi * (step + k) / 28 for k in (0, 1))
        rays = [(0.5 + 1.6 * math.cos(a), 0.62 + 1.6 * math.sin(a)) for a in (start, end)]
        sheet.curve([(0.5, 0.62), *rays], lighter(d.ground, 0.16))
    sheet.curve([(0, 0), (1, 0), (1, 0.26), (0, 0.33)], d.accent)
    sheet.curve([(0, 0.33), (1, 0.26), (1, 0.275), (0, 0.345)], d.paper)
    sheet.text(0.5, 0.1, d.brand.upper(), 0.165, d.paper, bold=0.035)
    sheet.text(0.5, 0.215, d.name, 0.13, d.paper, bold=0.02)
    sheet.art(0.5, 0.62, 0.9, d.motif)
    sheet.box(0, 0.9, 1, 1, d.accent)
    sheet.text(0.33, 0.95, d.note, 0.06, d.paper, room=0.6)
    sheet.text(0.84, 0.95, d.size, 0.07, d.paper, bold=0.03, room=0.26)


def _plain(sheet: _Sheet, d: Design) -> None:
    """Much air, small letters, a motif at the foot: the bathroom shelf."""
    sheet.box(0, 0.84, 1, 1, d.accent)
    sheet.art(0.5, 0.64, 0.62, d.motif)
    sheet.text(0.5, 0.14, d.brand.lower(), 0.2, d.ink, room=0.8, bold=0.012, spread=0.04)
    sheet.box(0.42, 0.215, 0.58, 0.221, d.accent)
    sheet.text(0.5, 0.28, d.name, 0.11, d.ink, room=0.84, bold=0.02)
    sheet.text(0.5, 0.36, d.note, 0.07, d.ink, room=0.82)
    sheet.text(0.5, 0.92, d.size, 0.08, d.paper)


def _bar(sheet: _Sheet, d: Design) -> None:
    """A wrapper of dark paper with a light label across, as chocolate has."""
    for step in range(-6, 30):
        x = step / 14
        sheet.curve([(x, 0), (x + 0.012, 0), (x - 0.388, 1), (x - 0.4, 1)], lighter(d.ground, 0.12))
    sheet.box(0, 0.07, 1, 0.085, d.accent)
    sheet.box(0, 0.915, 1, 0.93, d.accent)
    sheet.text(0.5, 0.185, d.brand.upper(), 0.15, d.accent, room=0.84, bold=0.03, spread=0.1)
    sheet.box(0.08, 0.3, 0.92, 0.62, d.paper)
    sheet.text(0.5, 0.395, d.name, 0.2, d.ink, room=0.74, bold=0.04)
    sheet.text(0.5, 0.53, d.note, 0.08, d.ink, room=0.76)
    sheet.art(0.5, 0.76, 0.42, d.motif)
    sheet.text(0.86, 0.885, d.size, 0.06, d.accent, room=0.2)


_LAYOUTS: dict[str, Callable[[_Sheet, Design], None]] = {
    "band": _band, "crest": _crest, "wave": _wave, "craft": _craft,
    "stripes": _stripes, "hero": _hero, "plain": _plain, "bar": _bar,
}  # fmt: skip
