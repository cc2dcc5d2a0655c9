"""Motifs from field and pantry: grain, nuts, pulses, herbs, flowers."""

from __future__ import annotations

import math

from sample_catalog.fruit import LEAF
from sample_catalog.pen import Colour, Pen, darker, lighter


def _flower(pen: Pen, x: float, y: float, radius: float, petals: int, fill: Colour, eye: Colour) -> None:
    for petal in range(petals):
        angle = 2 * math.pi * petal / petals
        turn = -math.degrees(angle)
        spot = (x + radius * 0.58 * math.cos(angle), y + radius * 0.58 * math.sin(angle))
        pen.disc(*spot, radius * 0.46, darker(fill, 0.14), radius * 1.5 / petals + 0.02, turn)
        pen.disc(*spot, radius * 0.41, fill, radius * 1.3 / petals, turn)
    pen.ball(x, y, radius * 0.3, eye)


def elder(pen: Pen) -> None:
    """Draw elderflowers."""
    for turn in (200, 235, 305, 340):
        pen.leaf(0, 0.1, 0.85, turn, LEAF)
    for ring, (count, radius) in enumerate(((1, 0.0), (6, 0.34), (10, 0.62))):
        for step in range(count):
            angle = 2 * math.pi * step / count + ring
            x, y = radius * math.cos(angle), -0.1 + radius * 0.75 * math.sin(angle)
            _flower(pen, x, y, 0.2, 5, (255, 252, 236), (238, 200, 70))


def chamomile(pen: Pen) -> None:
    """Draw chamomile."""
    for x, y, size in ((-0.35, -0.2, 0.5), (0.38, -0.3, 0.42), (0.15, 0.25, 0.55)):
        pen.line([(x, y), (x * 0.4, 0.6), (0, 0.98)], 0.04, LEAF)
        _flower(pen, x, y, size, 13, (255, 255, 250), (244, 190, 44))


def hibiscus(pen: Pen) -> None:
    """Draw a hibiscus flower."""
    pen.leaf(0.1, 0.2, 0.95, -35, LEAF)
    pen.leaf(-0.1, 0.2, 0.95, 215, (96, 160, 74))
    for step in range(5):
        angle = 2 * math.pi * step / 5 - 0.3
        spot = (0.42 * math.cos(angle), 0.42 * math.sin(angle) - 0.06)
        pen.disc(*spot, 0.44, (178, 30, 84), 0.36, -math.degrees(angle))
        pen.disc(*spot, 0.4, (220, 60, 112), 0.31, -math.degrees(angle))
    pen.disc(0, -0.06, 0.2, (128, 14, 58))
    pen.line([(0, -0.06), (0.3, -0.4), (0.42, -0.62)], 0.06, (250, 206, 90))


def mint(pen: Pen) -> None:
    """Draw a sprig of mint."""
    pen.line([(0, 0.9), (0.04, 0.2), (0, -0.5)], 0.05, (60, 120, 70))
    for y, length in ((0.5, 0.8), (0.1, 0.72), (-0.28, 0.56)):
        pen.leaf(0.02, y, length, 25, (64, 150, 92), 0.55)
        pen.leaf(0.02, y, length, 155, (84, 170, 106), 0.55)
    pen.leaf(0, -0.45, 0.5, 90, (104, 188, 120), 0.55)


def lavender(pen: Pen) -> None:
    """Draw three stems of lavender."""
    for lean in (-0.42, 0.0, 0.42):
        pen.line([(lean * 0.15, 0.95), (lean * 0.6, 0.2), (lean, -0.3)], 0.03, (104, 136, 92))
        for row in range(7):
            x, y = lean * (0.72 + row * 0.07), 0.05 - row * 0.14
            for side in (-1, 1):
                pen.ball(x + side * 0.08, y, 0.09, (138, 104, 186), 0.1)
        pen.ball(lean * 1.22, -0.92, 0.08, (158, 124, 206))


def ginger(pen: Pen) -> None:
    """Draw a ginger root."""
    for x, y, rx, ry, turn in (
        (0, 0.1, 0.6, 0.3, 10), (-0.5, -0.16, 0.26, 0.34, 20), (0.3, -0.28, 0.22, 0.36, -15), (0.6, 0.1, 0.3, 0.2, 20),
        (-0.2, 0.44, 0.24, 0.26, 0),
    ):  # fmt: skip
        pen.ball(x, y, rx, (214, 176, 112), ry, turn)
    for x in (-0.4, -0.15, 0.1, 0.35):
        pen.line([(x, -0.1), (x + 0.05, 0.1), (x, 0.3)], 0.018, (168, 128, 70))


def grain(pen: Pen) -> None:
    """Draw three ears of grain."""
    for lean in (-0.5, 0.5, 0.0):
        pen.line([(lean * 0.1, 0.95), (lean * 0.5, 0.2), (lean, -0.6)], 0.035, (176, 132, 50))
        for row in range(6):
            x, y = lean * (0.55 + 0.09 * row), 0.12 - row * 0.16
            pen.leaf(x, y, 0.32, 60 - lean * 30, (222, 172, 72), 0.5)
            pen.leaf(x, y, 0.32, 120 - lean * 30, (236, 192, 98), 0.5)


def almond(pen: Pen) -> None:
    """Draw almonds and a blossom."""
    for x, y, turn in ((-0.45, 0.1, 40), (0.4, 0.4, 140), (-0.15, 0.5, 10)):
        pen.ball(x, y, 0.4, (186, 120, 66), 0.23, turn)
        pen.disc(x, y, 0.3, (150, 92, 48), 0.015, turn)
    _flower(pen, 0.35, -0.4, 0.45, 5, (250, 214, 222), (226, 120, 140))


def peanut(pen: Pen) -> None:
    """Draw peanuts in their shells."""
    for x, y, turn in ((-0.3, -0.2, 0.5), (0.3, 0.3, -0.4)):
        for along in (-0.26, 0.26):
            spot = (x + along * math.cos(turn), y - along * math.sin(turn))
            pen.ball(*spot, 0.32, (218, 170, 104), 0.27, math.degrees(turn))
        for row in (-0.4, -0.2, 0.0, 0.2, 0.4):
            spot = (x + row * math.cos(turn), y - row * math.sin(turn))
            pen.disc(*spot, 0.02, (166, 116, 60), 0.12, math.degrees(turn))


def honey(pen: Pen) -> None:
    """Draw a honeycomb with a bee."""
    for row in range(-2, 3):
        for column in range(-2, 3):
            x, y = (column + 0.5 * (row % 2)) * 0.4, row * 0.35
            if x * x + y * y < 0.75:
                cell = [(x + 0.2 * math.sin(a), y + 0.2 * math.cos(a)) for a in (k * math.pi / 3 for k in range(6))]
                pen.shape(cell, (236, 166, 36) if (row + column) % 3 else (250, 196, 70))
    for side in (-1, 1):
        pen.disc(0.05 + side * 0.16, -0.24, 0.26, (250, 250, 244), 0.13, 50 * side + 90)
    pen.ball(0, 0.08, 0.36, (246, 190, 40), 0.24)
    for x in (-0.14, 0.04, 0.22):
        pen.disc(x, 0.08, 0.05, (50, 36, 24), 0.22)
    pen.ball(-0.38, 0.06, 0.15, (60, 44, 30))


def _heap(pen: Pen, fill: Colour, rx: float, ry: float) -> None:
    for row, count in enumerate((2, 4, 5, 6)):
        for step in range(count):
            x = (step - (count - 1) / 2) * 0.31 + 0.05 * ((step * 7 + row * 3) % 3 - 1)
            pen.ball(
                x, -0.42 + row * 0.3, rx, fill if (step + row) % 2 else lighter(fill, 0.16), ry, step * 47 + row * 31
            )


def chickpeas(pen: Pen) -> None:
    """Draw a heap of chickpeas."""
    _heap(pen, (222, 184, 118), 0.19, 0.17)


def beans(pen: Pen) -> None:
    """Draw a heap of kidney beans."""
    _heap(pen, (136, 36, 42), 0.23, 0.13)


def coffee(pen: Pen) -> None:
    """Draw a heap of coffee beans."""
    for row, count in enumerate((2, 3, 4, 3)):
        for step in range(count):
            x, y, turn = (step - (count - 1) / 2) * 0.42, -0.5 + row * 0.34, step * 40 + row * 25
            pen.ball(x, y, 0.24, (96, 58, 36), 0.17, turn)
            pen.disc(x, y, 0.2, (44, 24, 14), 0.025, turn)


MOTIFS = {
    draw.__name__: draw
    for draw in (
        elder, chamomile, hibiscus, mint, lavender, ginger, grain, almond, peanut, honey, chickpeas, beans, coffee
    )
}  # fmt: skip
