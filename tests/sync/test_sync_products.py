"""Following a folder: products, the inbox, and what was set here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.errors import NotFound

Photos = Callable[..., Path]


@pytest.fixture
def stick(tmp_path: Path, photo: Photos) -> Path:
    for number, sku in enumerate(("tea", "oats", "milk")):
        photo(tmp_path / "stick" / sku / "1.jpg", number)
    return tmp_path / "stick"


def table(stick: Path, prices: Mapping[str, object]) -> None:
    lines = [f"{sku},{sku.title()},{price}" for sku, price in prices.items()]
    (stick / "products.csv").write_text("\n".join(["sku,title,price", *lines]), encoding="utf-8")


def prices(box: Box) -> dict[str, object]:
    return {row["sku"]: row["price"] for row in box.products}


def found(box: Box, shot: Path) -> list[str]:
    return [hit.sku for hit in box.search(shot, 50).hits]


def test_photos_of_unknown_skus_wait_and_show_when_they_are_listed(box: Box, stick: Path) -> None:
    table(stick, {"tea": 1})
    report = box.index(stick)
    assert (report.images, report.products, report.inbox) == (1, 1, 2)
    assert found(box, stick / "oats" / "1.jpg") == ["tea"]
    assert box.status().inbox == 2
    table(stick, {"tea": 1, "oats": 2})
    report = box.index(stick)
    assert (report.encoded, report.products, report.inbox) == (0, 2, 1)
    assert found(box, stick / "oats" / "1.jpg") == ["oats", "tea"]


def test_product_set_here_shows_its_waiting_photos(box: Box, stick: Path) -> None:
    table(stick, {"tea": 1})
    box.index(stick)
    box.products.set("milk", {"title": "Milk"})
    assert found(box, stick / "milk" / "1.jpg") == ["milk", "tea"]


def test_changed_price_encodes_nothing(box: Box, stick: Path) -> None:
    table(stick, {"tea": 1, "oats": 2, "milk": 3})
    box.index(stick)
    table(stick, {"tea": 1, "oats": '"2,50"', "milk": ""})
    report = box.index(stick)
    assert (report.encoded, report.unchanged) == (0, 3)
    assert prices(box) == {"milk": None, "oats": 2.5, "tea": 1.0}


def test_vanished_table_keeps_products_and_shows_no_waiting_photo(box: Box, stick: Path, photo: Photos) -> None:
    table(stick, {"tea": 1, "oats": 2})
    box.index(stick)
    (stick / "products.csv").unlink()
    photo(stick / "rice" / "1.jpg", 9)
    for _ in range(3):
        report = box.index(stick)
        assert (report.products, report.inbox) == (2, 2)
        assert prices(box) == {"oats": 2.0, "tea": 1.0}


def test_table_taken_away_with_a_yes_lists_photos_again(box: Box, stick: Path, photo: Photos) -> None:
    table(stick, {"tea": 1, "oats": 2})
    box.index(stick)
    (stick / "products.csv").unlink()
    photo(stick / "rice" / "1.jpg", 9)
    report = box.index(stick, yes=True)
    assert (report.products, report.inbox) == (4, 0)
    assert prices(box) == dict.fromkeys(["milk", "oats", "rice", "tea"])
    assert box.index(stick).products == 4


def test_what_was_done_here_survives_a_new_look(box: Box, stick: Path, photo: Photos, tmp_path: Path) -> None:
    table(stick, {"tea": 1, "oats": 2, "milk": 3})
    box.index(stick)
    shot = photo(tmp_path / "taught.jpg", 40)
    box.products.set("tea", {"price": "0.99", "location": "A1"})
    box.add("oats", shot)
    box.products.remove("milk")
    box.remove_image(box.products.get("tea")["images"][0]["image_id"])
    table(stick, {"tea": 5, "oats": 6, "milk": 7})
    (stick / "milk" / "1.jpg").rename(stick / "milk" / "2.jpg")
    report = box.index(stick)
    assert prices(box) == {"oats": 6.0, "tea": 0.99}
    assert found(box, shot) == ["oats"]  # tea has no photo left, milk was removed
    assert (report.inbox, report.encoded) == (0, 0)
    box.products.reset("tea")
    box.products.reset("milk")
    assert prices(box) == {"milk": 7.0, "oats": 6.0, "tea": 5.0}
    assert sorted(found(box, shot)) == ["milk", "oats", "tea"]


def test_reset_of_an_unknown_product_is_refused(box: Box) -> None:
    with pytest.raises(NotFound, match="products list"):
        box.products.reset("never")
    with pytest.raises(NotFound):
        box.products.remove("never")


def test_two_sources_stand_side_by_side(box: Box, stick: Path, tmp_path: Path, photo: Photos) -> None:
    other = tmp_path / "other"
    photo(other / "tea" / "1.jpg", 30)
    photo(other / "rice" / "1.jpg", 31)
    table(stick, {"tea": 1, "oats": 2, "milk": 3})
    table(other, {"tea": 8, "rice": 9})
    box.index(stick)
    box.index(other)
    assert prices(box) == {"milk": 3.0, "oats": 2.0, "rice": 9.0, "tea": 1.0}  # the older source wins
    table(stick, {"oats": 2, "milk": 3})
    (stick / "tea" / "1.jpg").unlink()
    box.index(stick)
    assert prices(box) == {"milk": 3.0, "oats": 2.0, "rice": 9.0, "tea": 8.0}
    assert found(box, other / "tea" / "1.jpg")[0] == "tea"
    assert [source.images for source in box.status().sources] == [2, 2]


def test_manifest_is_a_source_of_its_own(box: Box, stick: Path, tmp_path: Path) -> None:
    box.index(stick)
    manifest = tmp_path / "list.csv"
    manifest.write_text("path,sku,category\nstick/tea/1.jpg,TEA-1,Hot\nstick/gone.jpg,rice,Dry\n", encoding="utf-8")
    report = box.index(manifest=manifest)
    assert (report.added, report.encoded, report.products) == (1, 0, 5)
    assert [skipped.path for skipped in report.skipped] == ["list.csv:3"]
    assert sorted(found(box, stick / "tea" / "1.jpg")[:2]) == ["TEA-1", "tea"]
    assert [hit.sku for hit in box.search(stick / "tea" / "1.jpg", category="hot").hits] == ["TEA-1"]
    manifest.write_text("path,sku\nstick/milk/1.jpg,TEA-1\n", encoding="utf-8")
    report = box.index(manifest=manifest)
    assert (report.added, report.removed, report.products) == (1, 1, 4)
    assert sorted(found(box, stick / "milk" / "1.jpg")[:2]) == ["TEA-1", "milk"]
    assert box.index(stick).unchanged == 3
