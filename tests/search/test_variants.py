"""Variants: k groups come back when k exist, and more like this."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.errors import InvalidValue, NotFound


@pytest.fixture
def stocked(box: Box, photo: Callable[..., Path], tmp_path: Path) -> Box:
    """40 near-identical sizes of one shirt, then 5 other products."""
    for number in range(40):
        picture = photo(tmp_path / f"shirt-{number}.jpg", 1, quality=60 + number % 40, size=(96 + number // 40, 96))
        box.add(f"shirt-{number:02}", picture, variant_group="shirt", price=10 + number, size=str(number))
    for number in range(5):
        box.add(f"mug-{number}", photo(tmp_path / f"mug-{number}.jpg", 100 + number), title=f"Mug {number}")
    return box


def query(photo: Callable[..., Path], tmp_path: Path) -> Path:
    return photo(tmp_path / "query.jpg", 1, quality=50)


@pytest.mark.parametrize("exact", [False, True])
def test_k_groups_come_back_although_one_has_the_nearest_forty(
    stocked: Box, photo: Callable[..., Path], tmp_path: Path, exact: bool
) -> None:
    plain = stocked.search(query(photo, tmp_path), 4, exact=exact)
    assert {hit.variant_group for hit in plain.hits} == {"shirt"}
    assert all(hit.variants == () for hit in plain.hits)
    grouped = stocked.search(query(photo, tmp_path), 4, exact=exact, variants=True)
    assert [hit.variant_group for hit in grouped.hits] == ["shirt", None, None, None]
    assert [hit.rank for hit in grouped.hits] == [1, 2, 3, 4]
    assert len({hit.sku for hit in grouped.hits}) == 4
    assert grouped.hits[0].sku == plain.hits[0].sku, "the best of a group stands for it"


def test_a_group_lists_all_its_skus_cheapest_first(stocked: Box, photo: Callable[..., Path], tmp_path: Path) -> None:
    best = stocked.search(query(photo, tmp_path), 1, variants=True).hits[0]
    assert [one.sku for one in best.variants] == [f"shirt-{number:02}" for number in range(40)]
    assert best.variants[3].attributes == {"size": "3"}
    assert all(one.image_id for one in best.variants)


def test_filters_hold_with_variants_too(stocked: Box, photo: Callable[..., Path], tmp_path: Path) -> None:
    hits = stocked.search(query(photo, tmp_path), 9, where="price<12", variants=True).hits
    assert [(hit.sku[:5], len(hit.variants)) for hit in hits] == [("shirt", 40)]


def test_a_hidden_variant_is_not_listed(stocked: Box, photo: Callable[..., Path], tmp_path: Path) -> None:
    stocked.products.remove("shirt-07")
    best = stocked.search(query(photo, tmp_path), 1, variants=True).hits[0]
    assert "shirt-07" not in {one.sku for one in best.variants}
    assert len(best.variants) == 39


def test_a_sku_named_like_a_group_is_not_in_it(box: Box, photo: Callable[..., Path], tmp_path: Path) -> None:
    box.add("shirt", photo(tmp_path / "a.jpg", 1))
    box.add("other", photo(tmp_path / "b.jpg", 1, quality=70), variant_group="shirt")
    assert len(box.search(query(photo, tmp_path), 5, variants=True).hits) == 2


def test_more_like_this_is_by_the_stored_photos_and_without_itself(stocked: Box) -> None:
    assert [hit.variant_group for hit in stocked.similar("shirt-00", 3)] == ["shirt"] * 3
    assert "shirt-00" not in {hit.sku for hit in stocked.similar("shirt-00", 44)}
    assert len(stocked.similar("shirt-00", 100)) == 44
    grouped = stocked.similar("shirt-00", 100, variants=True)
    assert sorted(hit.sku for hit in grouped) == [f"mug-{number}" for number in range(5)]
    near = stocked.similar("mug-0", 100, variants=True)
    assert len(near) == 5
    assert [hit.rank for hit in near] == [1, 2, 3, 4, 5]
    assert [hit.score for hit in near] == sorted((hit.score for hit in near), reverse=True)


def test_more_like_this_uses_every_view_of_a_product(box: Box, photo: Callable[..., Path], tmp_path: Path) -> None:
    views = [photo(tmp_path / f"v{seed}.jpg", seed) for seed in (1, 2, 3)]
    box.add("many", views)
    for seed in (1, 2, 3):
        box.add(f"like-{seed}", photo(tmp_path / f"l{seed}.jpg", seed, quality=60))
    for seed in range(50, 60):
        box.add(f"far-{seed}", photo(tmp_path / f"f{seed}.jpg", seed))
    assert {hit.sku for hit in box.similar("many", 3)} == {"like-1", "like-2", "like-3"}


def test_what_cant_be_asked_is_named(stocked: Box) -> None:
    with pytest.raises(NotFound, match="nix"):
        stocked.similar("nix")
    with pytest.raises(InvalidValue, match="at least one"):
        stocked.similar("mug-0", 0)
    stocked.products.set("bare", {"title": "No photo"})
    assert stocked.similar("bare", 3) == ()
