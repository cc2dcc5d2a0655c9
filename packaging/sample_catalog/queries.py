"""Kiosk-like photos of products, with fixed seeds."""

from __future__ import annotations

import zlib

import numpy as np
from PIL import Image

from edge_search.imaging.simulate import simulate
from sample_catalog.product import Product
from sample_catalog.shapes import freestanding
from sample_catalog.studio import View

_SIZE = (480, 640)
_STRENGTH = 0.9


def kiosk_photo(product: Product) -> Image.Image:
    """Return a photo as a kiosk would take it, RGB, 480 x 640 pixels, from an angle no shop picture has."""
    seed = zlib.crc32(product.sku.encode())
    rng = np.random.default_rng(seed)
    view = View(yaw=float(rng.uniform(-14, 16)), pitch=float(rng.uniform(5, 16)), lamp=float(rng.choice([-1, 1])))
    item = freestanding(product, view)
    item.thumbnail((_SIZE[0] * 9 // 10, _SIZE[1] * 8 // 10), Image.Resampling.LANCZOS)
    sheet = Image.new("RGBA", _SIZE, (253, 253, 253, 0))
    sheet.paste(item, ((_SIZE[0] - item.width) // 2, (_SIZE[1] - item.height) // 2))
    return simulate(sheet, rng, strength=_STRENGTH)
