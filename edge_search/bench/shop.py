"""Shops to measure in: throw-away homes, drawn or copied, and the photos that are brought there."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

from edge_search.appliance.box import Box
from edge_search.fitting.projection import Projection
from edge_search.index.refit import Refit
from edge_search.maintenance.backup import snapshot
from edge_search.store import features, images, products
from edge_search.store.changes import LOCAL
from edge_search.store.home import Home, prepare_home
from edge_search.store.images import Image
from edge_search.types import FloatArray

__all__ = ["CAMERA", "KIOSK", "copied_home", "drawn_home", "drawn_photo", "drawn_projection"]

KIOSK = (480, 640)
"""Width and height of what a kiosk's camera gives, in pixels."""
CAMERA = (4000, 3000)
"""... and of a phone's photo with 12 megapixels."""
_PAGE = 500
_PRODUCTS_A_KIND = 25
_VECTOR = 256
_SPREAD = 0.7  # of products around their kind: the nearest two of 10,000 are as alike as in a shop, cosine about .8
# What a phone's sensor leaves after its own smoothing: so 12 megapixels come to the usual 3 to 4 MB.
_GRAIN = 5.0


def drawn_home(
    folder: Path,
    count: int,
    *,
    fitted: bool = True,
    progress: Callable[[str], None] = lambda _: None,
    **settings: Any,
) -> None:
    """Make a home at ``folder`` with ``count`` products of one photo each, whose features are drawn, and an index.

    No photo is encoded: what a search costs hangs on how many there are. The features lie in kinds, as products do.
    ``fitted``: with vectors as short as `adapt` makes them (of a drawn projection), else as long as the features.
    """
    with Box(folder, **settings) as box:
        box.encoders.settle()
        current = box.encoders.current
        rng = np.random.default_rng(0)
        kinds = rng.random((-(-count // _PRODUCTS_A_KIND), current.dimension), np.float32) ** 4
        progress(f"drawing {count:,} products")
        for first in range(0, count, _PAGE):
            numbers = range(first, min(count, first + _PAGE))
            rows = kinds[[n // _PRODUCTS_A_KIND for n in numbers]]
            rows = rows + _SPREAD * rng.random(rows.shape, np.float32) ** 4
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            hashes = [f"{number:064x}" for number in numbers]
            with box.database.write() as tables:
                features.put(tables, current.fingerprint, dict(zip(hashes, rows, strict=True)))
                products.put_values(tables, LOCAL, {_sku(n): _values(n) for n in numbers})
                images.add(tables, [_image(n, digest) for n, digest in zip(numbers, hashes, strict=True)])
        progress("building the index")
        if fitted:
            projection = drawn_projection(rows, seed=1)
            Refit(box.database, current.fingerprint, projection, None, None).publish(lambda _: None)
        else:
            box.compact()


def drawn_projection(features: FloatArray, seed: int) -> Projection:
    """Return a projection to 256 numbers at random, centred on ``features`` (n, D): it keeps what is near near."""
    matrix = np.random.default_rng(seed).standard_normal((features.shape[1], _VECTOR), np.float32)
    return Projection("drawn", _VECTOR, features.mean(axis=0), matrix / np.float32(np.sqrt(_VECTOR)))


def copied_home(home: Home, folder: Path) -> None:
    """Copy what answers come from (store, index, settings, encoders) to a home at ``folder``.

    The server that is measured writes what it was asked into its journal: not into the shop's own.
    """
    copy = prepare_home(folder)
    with Box(home.root, recovers=False) as box:
        snapshot(box.database, copy.database)
        shutil.copytree(home.index, copy.index, dirs_exist_ok=True)
    for path in (home.models, home.cache):
        if path.is_dir():
            (folder / path.name).symlink_to(path, target_is_directory=True)
    settings = home.root / "config.toml"
    if settings.is_file():
        shutil.copy(settings, folder)


def drawn_photo(size: tuple[int, int], seed: int) -> bytes:
    """Return a JPEG with the detail and the grain of a camera's, ``size`` pixels wide and high."""
    rng = np.random.default_rng(seed)
    width, height = size
    pixels = np.zeros((height, width, 3), np.float32)
    # From what fills a quarter of the photo to what is a few pixels wide, each finer step half as strong.
    for step, across in enumerate((4, 12, 40, 130)):
        coarse = rng.integers(0, 256, (across, across, 3), np.uint8)
        layer = Picture.fromarray(coarse).resize(size, Picture.Resampling.BICUBIC)
        pixels += (np.asarray(layer, np.float32) - 128) / 2**step
    pixels += 128 + _GRAIN * rng.standard_normal((height, width, 1), np.float32)
    buffer = io.BytesIO()
    Picture.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _sku(number: int) -> str:
    return f"drawn-{number:06d}"


def _values(number: int) -> dict[str, Any]:
    return {
        "title": f"Drawn product {number}, 250 g",
        "category": f"Kind {number // _PRODUCTS_A_KIND}",
        "brand": "Drawn",
        "price": number % 1000 / 100,
        "currency": "EUR",
        "stock": number % 40,
        "location": f"Aisle {number % 20}, shelf {number % 6}",
    }


def _image(number: int, digest: str) -> Image:
    return Image(0, _sku(number), LOCAL, f"taught/{_sku(number)}/1.jpg".encode(), digest, 1, 1, number + 1, *KIOSK)
