"""Motifs that grow on trees and bushes, and vegetables."""

from __future__ import annotations

import math

from sample_catalog.pen import Colour, Pen, darker, lighter

LEAF: Colour = (74, 138, 62)


def lemon(pen: Pen) -> None:
    """Draw a lemon and a slice of it."""
    pen.leaf(-0.1, -0.45, 0.62, 60, LEAF)
    pen.leaf(-0.2, -0.45, 0.55, 130, (96, 160, 74))
    pen.ball(-0.2, 0.02, 0.62, (250, 212, 40), 0.47, 25)
    pen.ball(0.36, -0.26, 0.14, (250, 212, 40), 0.1, 25)
    _slice(pen, 0.42, 0.42, 0.46, (250, 205, 40), (255, 238, 130))


def orange(pen: Pen) -> None:
    """Draw a blood orange and a slice of it."""
    pen.leaf(-0.2, -0.55, 0.6, 40, LEAF)
    pen.ball(-0.24, -0.02, 0.58, (240, 120, 36))
    _slice(pen, 0.36, 0.34, 0.55, (240, 130, 40), (206, 44, 42))


def grapefruit(pen: Pen) -> None:
    """Draw two halves of a grapefruit."""
    _slice(pen, -0.34, -0.24, 0.58, (246, 170, 70), (244, 120, 112))
    _slice(pen, 0.3, 0.32, 0.6, (246, 170, 70), (236, 96, 96))


def _slice(pen: Pen, x: float, y: float, radius: float, peel: Colour, flesh: Colour) -> None:
    pen.disc(x, y, radius, darker(peel, 0.1))
    pen.disc(x, y, radius * 0.93, lighter(peel, 0.75))
    for step in range(9):
        start, end = (2 * math.pi * (step + gap) / 9 for gap in (0.07, 0.93))
        rim = [start + (end - start) * part / 5 for part in range(6)]
        wedge = [(x + radius * 0.84 * math.cos(a), y + radius * 0.84 * math.sin(a)) for a in rim]
        centre = (start + end) / 2
        wedge.append((x + radius * 0.1 * math.cos(centre), y + radius * 0.1 * math.sin(centre)))
        pen.shape(wedge, flesh if step % 2 else lighter(flesh, 0.12))


def apple(pen: Pen) -> None:
    """Draw an apple."""
    for side in (-1, 1):
        pen.disc(side * 0.26, 0.12, 0.5, (176, 32, 36), 0.62, side * 12)
    pen.ball(0, 0.12, 0.64, (204, 42, 44), 0.6)
    pen.disc(0, -0.42, 0.2, (130, 24, 28), 0.07)
    pen.line([(0, -0.4), (0.04, -0.62), (0.12, -0.78)], 0.07, (98, 66, 40))
    pen.leaf(0.08, -0.6, 0.55, 25, LEAF)


def pear(pen: Pen) -> None:
    """Draw a pear."""
    pen.ball(0, -0.22, 0.36, (190, 196, 66), 0.44)
    pen.ball(0, 0.3, 0.58, (190, 196, 66), 0.54)
    pen.disc(0, -0.02, 0.37, (197, 203, 84), 0.3)
    for x, y in ((0.2, 0.2), (0.3, 0.42), (0.1, 0.5), (0.36, 0.26), (0.02, 0.34), (0.2, 0.6)):
        pen.disc(x, y, 0.018, (140, 130, 50))
    pen.line([(0, -0.62), (0.04, -0.78), (0.1, -0.88)], 0.06, (98, 66, 40))
    pen.leaf(0.06, -0.74, 0.5, 15, LEAF)


def strawberry(pen: Pen) -> None:
    """Draw three strawberries."""
    for x, y, size in ((-0.42, -0.06, 0.8), (0.42, -0.02, 0.8), (0.0, 0.22, 1.0)):
        body = [
            (x + size * 0.44 * math.cos(a) * (1 if math.sin(a) < 0 else 1 - 0.55 * math.sin(a) ** 2),
             y + size * math.sin(a) * (0.34 if math.sin(a) < 0 else 0.62))
            for a in (2 * math.pi * t / 60 for t in range(60))
        ]  # fmt: skip
        pen.shape(body, (172, 22, 38))
        pen.shape([(x + (px - x) * 0.9 - 0.02, y + (py - y) * 0.9 - 0.01) for px, py in body], (214, 36, 48))
        for row in range(4):
            for column in range(-2, 3):
                spot = x + size * (column * 0.15 + 0.07 * (row % 2)) * (1 - row * 0.16)
                pen.disc(spot, y + size * (-0.12 + row * 0.16), 0.022, (250, 214, 120), 0.03)
        for turn in (20, 60, 95, 130, 165):
            pen.leaf(x, y - 0.28 * size, 0.36 * size, turn - 5, LEAF, 0.45)


def apricot(pen: Pen) -> None:
    """Draw an apricot and a half with its stone."""
    pen.leaf(-0.2, -0.5, 0.7, 30, LEAF)
    pen.leaf(-0.2, -0.5, 0.6, 150, (96, 160, 74))
    pen.ball(-0.22, -0.02, 0.54, (244, 158, 60))
    pen.line([(-0.26, -0.5), (-0.12, -0.1), (-0.18, 0.42)], 0.03, (214, 118, 40))
    pen.disc(0.4, 0.32, 0.48, (226, 130, 44), 0.46)
    pen.disc(0.4, 0.32, 0.42, (252, 190, 96), 0.4)
    pen.ball(0.4, 0.34, 0.2, (130, 78, 44), 0.25)


def blueberry(pen: Pen) -> None:
    """Draw a heap of blueberries."""
    pen.leaf(0.1, -0.3, 0.75, 55, LEAF)
    pen.leaf(0.0, -0.3, 0.7, 125, (96, 160, 74))
    for x, y in ((-0.5, 0.2), (0.5, 0.22), (0.0, -0.12), (-0.26, 0.5), (0.28, 0.52), (0.02, 0.24)):
        pen.ball(x, y, 0.31, (66, 76, 150))
        pen.disc(x + 0.03, y + 0.02, 0.1, (34, 38, 92), 0.08)


def tomato(pen: Pen) -> None:
    """Draw two tomatoes."""
    for x, y, size in ((-0.36, -0.1, 0.5), (0.28, 0.2, 0.58)):
        pen.ball(x, y, size, (214, 46, 34), size * 0.88)
        for turn in (10, 80, 150, 215, 290):
            pen.leaf(x, y - size * 0.55, size * 0.55, turn, LEAF, 0.3)
        pen.line([(x, y - size * 0.55), (x + 0.05, y - size * 0.95)], 0.06, LEAF)


def paprika(pen: Pen) -> None:
    """Draw a red pepper."""
    for x, width in ((-0.36, 0.34), (0.36, 0.34), (0, 0.42)):
        pen.ball(x, 0.14, width, (206, 40, 30), 0.66)
    pen.disc(0, -0.44, 0.34, (60, 120, 50), 0.12)
    pen.line([(0, -0.46), (0.02, -0.7), (0.16, -0.86)], 0.12, LEAF)


def onion(pen: Pen) -> None:
    """Draw an onion with spring onion leaves."""
    for turn in (70, 88, 106):
        pen.leaf(0, -0.3, 0.75, turn, (110, 170, 80), 0.2)
    pen.ball(0, 0.2, 0.66, (206, 138, 62), 0.56)
    for bend in (-0.4, -0.15, 0.15, 0.4):
        pen.line([(bend * 0.2, -0.36), (bend * 1.2, 0.15), (bend * 0.4, 0.72)], 0.018, (168, 100, 40))


def olive(pen: Pen) -> None:
    """Draw an olive branch."""
    pen.line([(-0.8, 0.5), (-0.1, 0.0), (0.75, -0.45)], 0.04, (110, 96, 60))
    for x, y, turn in ((-0.5, 0.3, 110), (-0.5, 0.3, -20), (0.0, -0.05, 95), (0.4, -0.25, 80), (0.7, -0.42, 30)):
        pen.leaf(x, y, 0.62, turn, (126, 146, 88), 0.26)
    pen.ball(-0.12, 0.36, 0.2, (96, 112, 44), 0.27, 15)
    pen.ball(0.32, 0.14, 0.2, (60, 66, 40), 0.27, -10)
    pen.ball(0.62, 0.02, 0.17, (122, 132, 52), 0.24, 10)


MOTIFS = {
    draw.__name__: draw
    for draw in (
        lemon, orange, grapefruit, apple, pear, strawberry, apricot, blueberry, tomato, paprika, onion, olive
    )
}  # fmt: skip
