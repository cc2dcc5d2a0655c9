"""Motifs that are things, animals and landscapes."""

from __future__ import annotations

import math

from sample_catalog.pen import Colour, Pen, darker, lighter


def mountains(pen: Pen) -> None:
    """Draw snowy mountains with a sun."""
    pen.disc(0.38, -0.46, 0.26, (244, 188, 80))
    for x, top, fill in ((-0.45, -0.35, (92, 112, 128)), (0.5, -0.15, (112, 132, 146)), (0.05, -0.7, (62, 80, 98))):
        pen.shape([(x - 0.75, 0.6), (x, top), (x + 0.75, 0.6)], fill)
        cap = [
            (x - 0.2, top + 0.35),
            (x, top),
            (x + 0.2, top + 0.35),
            (x + 0.08, top + 0.26),
            (x, top + 0.4),
            (x - 0.1, top + 0.27),
        ]
        pen.shape(cap, (246, 248, 250))
    pen.shape([(-1, 0.55), (1, 0.55), (1, 0.66), (-1, 0.66)], (46, 92, 74))


def forest(pen: Pen) -> None:
    """Draw fir trees under a moon."""
    pen.disc(-0.35, -0.5, 0.25, (250, 236, 196))
    for x, size, fill in ((-0.6, 0.8, (58, 106, 84)), (0.62, 0.9, (46, 92, 74)), (0.0, 1.2, (30, 72, 58))):
        pen.line([(x, 0.7), (x, 0.4)], 0.08, (90, 62, 42))
        for tier in range(3):
            y, half = 0.55 - tier * 0.34 * size, (0.46 - tier * 0.11) * size
            pen.shape([(x - half, y), (x, y - 0.52 * size), (x + half, y)], lighter(fill, tier * 0.07))


def waves(pen: Pen) -> None:
    """Draw waves and a sun."""
    pen.disc(0, -0.2, 0.46, (250, 206, 84))
    for row, fill in enumerate(((90, 168, 200), (54, 130, 178), (28, 92, 146))):
        base = 0.1 + row * 0.22
        crest = [(x / 30, base + 0.09 * math.sin(x / 30 * 9 + row * 2.1)) for x in range(-28, 29)]
        pen.shape([*crest, (0.86, base + 0.3), (-0.86, base + 0.3)], fill)


def fox(pen: Pen) -> None:
    """Draw a fox's head."""
    coat: Colour = (216, 104, 42)
    for side in (-1, 1):
        pen.shape([(side * 0.2, -0.35), (side * 0.72, -0.86), (side * 0.72, -0.05)], coat)
        pen.shape([(side * 0.36, -0.36), (side * 0.64, -0.64), (side * 0.64, -0.2)], (60, 40, 34))
    pen.shape([(-0.76, -0.12), (-0.4, -0.42), (0.4, -0.42), (0.76, -0.12), (0.0, 0.82)], coat)
    for side in (-1, 1):
        pen.shape([(side * 0.76, -0.12), (side * 0.16, 0.12), (0, 0.82)], (250, 240, 226))
        pen.disc(side * 0.3, -0.06, 0.075, (40, 28, 26))
    pen.disc(0, 0.74, 0.12, (40, 28, 26), 0.09)


def heron(pen: Pen) -> None:
    """Draw a heron in the reeds."""
    for x in (-0.75, -0.6, 0.6, 0.74):
        pen.line([(x, 0.9), (x * 0.96, 0.1), (x * 1.05, -0.5)], 0.03, (112, 136, 82))
        pen.disc(x * 1.04, -0.42, 0.045, (122, 78, 48), 0.2)
    pen.line([(0.02, 0.3), (0.05, 0.9)], 0.03, (60, 66, 74))
    pen.line([(0.14, 0.3), (0.2, 0.9)], 0.03, (60, 66, 74))
    pen.leaf(-0.45, 0.34, 0.95, 22, (110, 138, 160), 0.5)
    pen.line([(0.32, 0.1), (0.16, -0.2), (0.3, -0.46), (0.2, -0.66)], 0.1, (214, 222, 228))
    pen.shape([(0.14, -0.74), (0.2, -0.6), (-0.32, -0.6)], (232, 168, 60))
    pen.disc(0.2, -0.67, 0.1, (214, 222, 228))
    pen.disc(0.17, -0.69, 0.022, (20, 20, 24))


def bicycle(pen: Pen) -> None:
    """Draw a bicycle."""
    frame: Colour = (36, 44, 58)
    for x in (-0.48, 0.48):
        pen.disc(x, 0.25, 0.4, frame)
        pen.disc(x, 0.25, 0.34, (236, 232, 222))
        for spoke in range(6):
            angle = spoke * math.pi / 6
            dx, dy = 0.34 * math.cos(angle), 0.34 * math.sin(angle)
            pen.line([(x - dx, 0.25 - dy), (x + dx, 0.25 + dy)], 0.012, (150, 150, 150))
    red: Colour = (206, 62, 48)
    for points in (
        [(-0.48, 0.25), (-0.22, -0.2), (0.36, -0.2), (0.48, 0.25)], [(-0.22, -0.2), (-0.04, 0.25), (0.36, -0.2)],
        [(-0.48, 0.25), (-0.04, 0.25)], [(0.36, -0.2), (0.32, -0.42)], [(-0.22, -0.2), (-0.26, -0.34)],
    ):  # fmt: skip
        pen.line(points, 0.055, red)
    pen.line([(0.22, -0.44), (0.32, -0.42), (0.42, -0.36)], 0.05, frame)
    pen.line([(-0.36, -0.34), (-0.16, -0.34)], 0.08, frame)


def bowl(pen: Pen, flake: Colour = (238, 176, 66)) -> None:
    """Draw a bowl of corn flakes."""
    for row, count in enumerate((3, 5, 7)):
        for step in range(count):
            x = (step - (count - 1) / 2) * 0.25
            turn = step * 53 + row * 37
            pen.disc(x, -0.34 + row * 0.17, 0.17, darker(flake, 0.2), 0.12, turn)
            pen.disc(x - 0.015, -0.355 + row * 0.17, 0.14, lighter(flake, 0.1 * (step % 3)), 0.09, turn)
    pen.shape([(-0.92, 0.06), (0.92, 0.06), (0.62, 0.6), (0.36, 0.78), (-0.36, 0.78), (-0.62, 0.6)], (240, 244, 248))
    pen.shape([(0.2, 0.06), (0.92, 0.06), (0.62, 0.6), (0.36, 0.78), (0.0, 0.78)], (214, 222, 232))
    pen.line([(-0.8, 0.26), (0.0, 0.3), (0.8, 0.26)], 0.06, (64, 110, 170))


def cocoabowl(pen: Pen) -> None:
    """Draw a bowl of chocolate flakes."""
    bowl(pen, (116, 66, 38))


def penne(pen: Pen) -> None:
    """Draw penne."""
    for x, y, lean in ((-0.4, -0.35, 0.5), (0.35, -0.4, -0.6), (-0.3, 0.3, -0.3), (0.4, 0.3, 0.7), (0.0, 0.0, 0.15)):
        dx, dy = 0.38 * math.cos(lean), 0.38 * math.sin(lean)
        for across, fill in ((0.0, (226, 172, 72)), (-0.05, (246, 206, 116)), (-0.1, (252, 226, 156))):
            pen.line([(x - dx, y - dy + across), (x + dx, y + dy + across)], 0.2 + across, fill)
        pen.disc(x + dx, y + dy, 0.1, (150, 100, 36), 0.13, -math.degrees(lean))


def fusilli(pen: Pen) -> None:
    """Draw fusilli."""
    for x, lean in ((-0.5, 0.25), (0.0, -0.1), (0.5, 0.15)):
        for row in range(9):
            y = -0.72 + row * 0.18
            pen.disc(x + lean * y, y, 0.22, (214, 158, 62), 0.1, 28)
            pen.disc(x + lean * y - 0.02, y - 0.03, 0.18, (250, 214, 128), 0.06, 28)


def cocoa(pen: Pen, fill: Colour = (84, 46, 28)) -> None:
    """Draw squares of chocolate."""
    for row in range(2):
        for column in range(3):
            x, y = -0.62 + column * 0.62, -0.32 + row * 0.62
            for inset, shade in ((0.29, darker(fill, 0.35)), (0.26, fill), (0.18, lighter(fill, 0.16))):
                pen.shape(
                    [(x - inset, y - inset), (x + inset, y - inset), (x + inset, y + inset), (x - inset, y + inset)],
                    shade,
                )


def milkcocoa(pen: Pen) -> None:
    """Draw squares of milk chocolate."""
    cocoa(pen, (158, 100, 62))


def crisps(pen: Pen) -> None:
    """Draw potato crisps."""
    for x, y, turn in ((-0.45, 0.25, 20), (0.45, 0.2, -30), (0.0, -0.25, 10), (0.05, 0.45, 60)):
        pen.disc(x, y, 0.44, (206, 150, 44), 0.32, turn)
        pen.disc(x - 0.02, y - 0.03, 0.4, (248, 208, 96), 0.28, turn)
        pen.disc(x + 0.04, y + 0.03, 0.24, (238, 188, 72), 0.14, turn)


def star(pen: Pen) -> None:
    """Draw a sparkle of freshness."""
    for x, y, size in ((-0.1, 0.0, 0.8), (0.6, -0.5, 0.34), (0.55, 0.55, 0.26)):
        points = []
        for step in range(8):
            reach = size if step % 2 == 0 else size * 0.2
            points.append((x + reach * math.sin(step * math.pi / 4), y - reach * math.cos(step * math.pi / 4)))
        pen.shape(points, (255, 255, 255))


MOTIFS = {
    draw.__name__: draw
    for draw in (
        mountains, forest, waves, fox, heron, bicycle, bowl, cocoabowl, penne, fusilli, cocoa, milkcocoa, crisps, star
    )
}  # fmt: skip
