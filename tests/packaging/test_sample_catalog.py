"""The catalog folder in the repository is what the scripts render."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
CATALOG = ROOT / "catalog"
sys.path.insert(0, str(ROOT / "packaging"))

from sample_catalog import motifs  # noqa: E402
from sample_catalog.folder import jpeg, pictures  # noqa: E402
from sample_catalog.product import ean13  # noqa: E402
from sample_catalog.products import PRODUCTS, QUERIES, UNKNOWN  # noqa: E402
from sample_catalog.shapes import photograph  # noqa: E402
from sample_catalog.studio import FRONT  # noqa: E402


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check_digit_holds(gtin: str) -> bool:
    return len(gtin) == 13 and sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(gtin)) % 10 == 0


def test_table_agrees_with_the_list() -> None:
    rows = table(CATALOG / "products.csv")
    assert len(rows) >= 24
    assert [(r["sku"], r["title"], r["price"]) for r in rows] == [(p.sku, p.title, p.price) for p in PRODUCTS]
    assert list(rows[0]) == [
        "sku", "title", "category", "brand", "price", "currency", "stock", "location", "gtin", "variant_group"
    ]  # fmt: skip
    for row in rows:
        assert float(row["price"]) > 0
        assert row["currency"] == "EUR"
        assert int(row["stock"]) >= 0
        assert row["location"]


def test_skus_and_gtins_are_unique_and_valid() -> None:
    rows = table(CATALOG / "products.csv")
    assert len({r["sku"] for r in rows}) == len(rows)
    assert len({r["gtin"] for r in rows}) == len(rows)
    for row in rows:
        assert check_digit_holds(row["gtin"]), row
        assert 200 <= int(row["gtin"][:3]) <= 299


def test_ean13_of_a_known_number() -> None:
    assert ean13(123456789) == "2001234567893"
    assert not check_digit_holds("2001234567894")


def test_variant_groups_have_members() -> None:
    groups = [r["variant_group"] for r in table(CATALOG / "products.csv") if r["variant_group"]]
    assert groups
    assert all(groups.count(group) >= 2 for group in groups)


def test_every_sku_has_pictures_and_no_folder_is_left_over() -> None:
    skus = {p.sku for p in PRODUCTS}
    assert {path.name for path in CATALOG.iterdir() if path.is_dir()} == skus | {"queries"}
    for sku in skus:
        assert {path.name for path in (CATALOG / sku).iterdir()} == {"front.jpg", "angle.jpg"}
        for path in (CATALOG / sku).iterdir():
            with Image.open(path) as picture:
                assert (picture.size, picture.mode, picture.format) == ((640, 640), "RGB", "JPEG")


def test_queries_name_photos_and_known_products() -> None:
    category = {r["sku"]: r["category"] for r in table(CATALOG / "products.csv")}
    rows = table(CATALOG / "queries" / "queries.csv")
    assert len(rows) >= 30
    assert {r["sku"] for r in rows} == set(QUERIES)
    for row in rows:
        assert category[row["sku"]] == row["category"]
        with Image.open(CATALOG / "queries" / row["path"]) as picture:
            assert picture.size == (480, 640)


def test_unknown_photos_show_nothing_of_the_catalog() -> None:
    rows = table(CATALOG / "queries" / "unknown.csv")
    assert len(rows) == len(UNKNOWN) == 3
    brands = {p.brand for p in PRODUCTS}
    assert not brands & {p.brand for p in UNKNOWN}
    for row in rows:
        assert row["path"].startswith("unknown_")
        assert (CATALOG / "queries" / row["path"]).is_file()


def test_queries_are_marked_as_not_to_be_indexed() -> None:
    assert (CATALOG / "queries" / ".edge-search-ignore").read_bytes() == b""


def test_catalog_is_small() -> None:
    assert sum(path.stat().st_size for path in CATALOG.rglob("*") if path.is_file()) <= 5_000_000


@pytest.mark.parametrize("product", PRODUCTS[::14], ids=lambda p: p.sku)
def test_rendering_twice_gives_the_same_bytes(product) -> None:  # type: ignore[no-untyped-def]
    first = pictures(product)
    motifs.motif.cache_clear()
    assert pictures(product) == first
    assert first["front.jpg"] != first["angle.jpg"]


def test_stored_pictures_are_the_rendered_ones() -> None:
    # Not by bytes: another Pillow may bring another libjpeg. A forgotten render differs by far more than 4 of 255.
    for product in PRODUCTS[3::17]:
        with Image.open(CATALOG / product.sku / "front.jpg") as stored:
            fresh = photograph(product, FRONT)
            pairs = zip(stored.resize((64, 64)).tobytes(), fresh.resize((64, 64)).tobytes(), strict=True)
            assert max(abs(a - b) for a, b in pairs) < 24, product.sku


def test_jpeg_is_a_jpeg() -> None:
    assert jpeg(Image.new("RGB", (8, 8)), 88).startswith(b"\xff\xd8")
