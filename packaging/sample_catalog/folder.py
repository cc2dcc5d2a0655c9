"""Write the catalog folder: pictures, products.csv, queries."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from sample_catalog.product import Product, ean13
from sample_catalog.products import PRODUCTS, QUERIES, UNKNOWN
from sample_catalog.queries import kiosk_photo
from sample_catalog.shapes import photograph
from sample_catalog.studio import ANGLE, FRONT

_HEADER = (
    "sku", "title", "category", "brand", "price", "currency", "stock", "location", "gtin", "variant_group"
)  # fmt: skip
_README = """\
# Sample catalog

Products of an invented shop: every brand, label and picture here is synthetic, drawn by
`python packaging/sample_catalog/render.py` with Pillow and numpy alone; no photo or trademark was used.
`queries/` holds kiosk-like photos of most of them (`queries.csv`) and of three things the shop doesn't sell
(`unknown.csv`); it is not indexed. Licence: Apache-2.0, like the project.
"""


def jpeg(picture: Image.Image, quality: int) -> bytes:
    """Encode a picture; the same bytes on the same version of Pillow."""
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def pictures(product: Product) -> dict[str, bytes]:
    """Return the JPEG files of one product by name."""
    views = {"front.jpg": FRONT, "angle.jpg": ANGLE}
    return {name: jpeg(photograph(product, view), 88) for name, view in views.items()}


def write_catalog(output: Path) -> None:
    """Write the whole catalog to ``output``; files of the same name are replaced, others stay."""
    queries = output / "queries"
    queries.mkdir(parents=True, exist_ok=True)
    (output / "README.md").write_text(_README, encoding="utf-8")
    (queries / ".edge-search-ignore").touch()
    rows, asked = [], []
    for number, product in enumerate(PRODUCTS, 1):
        folder = output / product.sku
        folder.mkdir(exist_ok=True)
        for name, data in pictures(product).items():
            (folder / name).write_bytes(data)
        rows.append((
            product.sku, product.title, product.category, product.brand, product.price, "EUR", product.stock,
            product.location, ean13(number * 1009), product.variant_group,
        ))  # fmt: skip
        if product.sku in QUERIES:
            name = f"{product.sku}.jpg"
            (queries / name).write_bytes(jpeg(kiosk_photo(product), 85))
            asked.append((name, product.sku, product.category))
    strangers = []
    for product in UNKNOWN:
        name = f"unknown_{product.sku}.jpg"
        (queries / name).write_bytes(jpeg(kiosk_photo(product), 85))
        strangers.append((name,))
    _write(output / "products.csv", _HEADER, rows)
    _write(queries / "queries.csv", ("path", "sku", "category"), asked)
    _write(queries / "unknown.csv", ("path",), strangers)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)
