"""Which renderer draws which shape, and how large it stands in its picture."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from sample_catalog import bottles, boxes, cans, jars, mugs, packs, shirts
from sample_catalog.product import Design, Product
from sample_catalog.studio import View, picture

_SHAPES: dict[str, tuple[Callable[[Design, View], Image.Image], float]] = {
    "can": (cans.can, 0.8),
    "tall_can": (cans.tall_can, 0.92),
    "tin": (cans.tin, 0.74),
    "juice": (bottles.juice, 0.92),
    "small_juice": (bottles.small_juice, 0.76),
    "stubby": (bottles.stubby, 0.88),
    "oil": (bottles.oil, 0.93),
    "soap": (bottles.soap, 0.88),
    "jar": (jars.jar, 0.76),
    "cereal": (boxes.cereal, 0.9),
    "tea": (boxes.tea, 0.78),
    "pasta": (boxes.pasta, 0.9),
    "bar": (boxes.bar, 0.86),
    "carton": (boxes.carton, 0.92),
    "crisps": (packs.crisps, 0.88),
    "coffee": (packs.coffee, 0.88),
    "tube": (packs.tube, 0.88),
    "mug": (mugs.mug, 0.78),
    "shirt": (shirts.shirt, 0.92),
}


def photograph(product: Product, view: View) -> Image.Image:
    """Return the product's shop picture: RGB, 640 x 640 pixels, on white."""
    draw, share = _SHAPES[product.shape]
    return picture(draw(product.design, view), view, share=share)


def freestanding(product: Product, view: View) -> Image.Image:
    """Return the product alone: RGBA, cropped, about 1,000 pixels high."""
    return _SHAPES[product.shape][0](product.design, view)
