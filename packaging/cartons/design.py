"""Designs: families of boxes that share a brand, its logo, colours and layout, and differ as real siblings do."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace

import numpy as np

from cartons import words
from cartons.lettering import Colour, Lettering

__all__ = ["Design", "designs"]

_SIBLINGS = (1, 1, 2, 3, 4)
_SIZES = ("125 g", "200 g", "250 g", "375 g", "400 g", "500 g", "750 g", "1 kg", "20 pcs", "40 pcs")
_OTHER_SIZE = 0.08
"""Share of designs that come in a second size: the same parts laid out for another format, another number on it."""


@dataclass(frozen=True)
class Design:
    """What a box looks like; ``house`` seeds what the brand's boxes share, ``own`` what only this one has."""

    sku: str
    house: int
    own: int
    brand: str
    title: str
    flavour: str
    slogan: str
    size: str
    colours: tuple[Colour, Colour, Colour]
    letters: tuple[Lettering, Lettering]
    layout: int
    width: int
    height: int


def designs(seed: int, count: int, *, kind: int = 0) -> list[Design]:
    """Return ``count`` designs; the same seed and ``kind`` (0 catalog, 1 distractors ...) give the same ones."""
    rng = np.random.default_rng([seed, 11, kind])
    found: list[Design] = []
    while len(found) < count:
        found += _family(rng, f"{'CDS'[kind]}{len(found):05d}")
    return [replace(design, sku=f"{'CDS'[kind]}{number:05d}") for number, design in enumerate(found[:count])]


def _family(rng: np.random.Generator, sku: str) -> list[Design]:
    width, height = _format(rng)
    first = Design(
        sku=sku,
        house=int(rng.integers(2**31)),
        own=0,
        brand=words.brand(rng),
        title=words.product(rng),
        flavour="",
        slogan=words.slogan(rng),
        size=str(rng.choice(_SIZES)),
        colours=(_colour(rng), _colour(rng), _colour(rng)),
        letters=(Lettering.drawn(rng), Lettering.drawn(rng)),
        layout=int(rng.integers(6)),
        width=width,
        height=height,
    )
    members = []
    for _ in range(int(rng.choice(_SIBLINGS))):
        ground, _, ink = first.colours
        member = replace(
            first,
            own=int(rng.integers(2**31)),
            flavour=words.flavour(rng),
            title=words.product(rng) if rng.random() < 0.25 else first.title,
            colours=(_colour(rng) if rng.random() < 0.35 else ground, _colour(rng), ink),
        )
        members.append(member)
        if rng.random() < _OTHER_SIZE:
            share = float(rng.uniform(0.75, 1.3))
            members.append(replace(member, size=str(rng.choice(_SIZES)), width=round(member.width * share)))
    return members


def _format(rng: np.random.Generator) -> tuple[int, int]:
    ratio = float(np.exp(rng.uniform(np.log(0.55), np.log(1.7))))
    area = 560 * 420
    return round((area * ratio) ** 0.5), round((area / ratio) ** 0.5)


def _colour(rng: np.random.Generator) -> Colour:
    value = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.1, 0.95), rng.uniform(0.25, 1.0))
    red, green, blue = (round(255 * part) for part in value)
    return red, green, blue
