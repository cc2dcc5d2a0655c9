"""One product of the sample catalog."""

from __future__ import annotations

from dataclasses import dataclass

from sample_catalog.pen import Colour


@dataclass(frozen=True)
class Design:
    """What is printed on the product."""

    layout: str
    brand: str
    name: str
    note: str
    size: str
    motif: str
    ground: Colour
    accent: Colour
    ink: Colour
    paper: Colour = (250, 248, 240)


@dataclass(frozen=True)
class Product:
    """A row of ``products.csv``, the shape it is rendered as, and its design."""

    sku: str
    title: str
    category: str
    price: str
    location: str
    shape: str
    design: Design
    stock: int = 24
    variant_group: str = ""

    @property
    def brand(self) -> str:
        """The brand as printed on the product."""
        return self.design.brand


def ean13(number: int) -> str:
    """Return an EAN-13 with the in-store prefix 200 and a valid check digit; ``number`` has up to 9 digits."""
    digits = f"200{number:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"
