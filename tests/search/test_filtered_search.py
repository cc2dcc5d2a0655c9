"""A filter that leaves many products costs no more than none; one that leaves few loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.errors import InvalidValue


@pytest.fixture
def shop(box: Box, tmp_path: Path, photo: Callable[..., Path]) -> Box:
    root = tmp_path / "shop"
    for number in range(40):
        photo(root / f"SKU-{number:02}" / "a.jpg", number)
    rows = "\n".join(f"SKU-{n:02},{n},{'Arla' if n % 4 == 0 else ''}" for n in range(40))
    (root / "products.csv").write_text(f"sku,price,brand\n{rows}\n", encoding="utf-8")
    box.index(root)
    return box


@pytest.mark.parametrize("condition", ["price<39", "price>=20", "brand=Arla", "price=7"])
def test_the_index_and_an_exact_search_agree_under_a_filter(shop: Box, tmp_path: Path, condition: str) -> None:
    query = tmp_path / "shop" / "SKU-07" / "a.jpg"
    through = [(hit.sku, hit.similarity) for hit in shop.search(query, k=8, where=condition).hits]
    exactly = [(hit.sku, hit.similarity) for hit in shop.search(query, k=8, where=condition, exact=True).hits]
    assert through == exactly
    assert len(through) == {"price<39": 8, "price>=20": 8, "brand=Arla": 8, "price=7": 1}[condition]


def test_a_rare_product_is_found_behind_thousands_of_nearer_images(
    shop: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_search.search.grouping._FEWEST_IMAGES", 2)
    monkeypatch.setattr("edge_search.search.grouping._IMAGES_A_HIT", 1)
    monkeypatch.setattr("edge_search.search.grouping._FILTERED_IMAGES", 4)
    for number in range(40):
        answer = shop.search(tmp_path / "shop" / "SKU-07" / "a.jpg", k=2, where=f"price={number}")
        assert [hit.sku for hit in answer.hits] == [f"SKU-{number:02}"]


def test_not_this_brand_includes_products_without_a_brand(shop: Box, tmp_path: Path) -> None:
    answer = shop.search(tmp_path / "shop" / "SKU-07" / "a.jpg", k=40, where="brand!=arla")
    assert {hit.sku for hit in answer.hits} == {f"SKU-{n:02}" for n in range(40) if n % 4}


def test_a_folder_and_a_manifest_at_once_are_refused(shop: Box, tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="not both"):
        shop.index(tmp_path / "shop", manifest=tmp_path / "m.csv")
