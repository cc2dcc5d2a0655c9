"""Following a product table: products change, photos are left alone, and a bad row takes no product away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.store import changes

Photos = Callable[..., Path]


@pytest.fixture
def stick(tmp_path: Path, photo: Photos) -> Path:
    for number, sku in enumerate(("tea", "oats", "milk")):
        photo(tmp_path / "stick" / sku / "1.jpg", number)
    return tmp_path / "stick"


@pytest.fixture
def boxed(home: Path, stick: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """A box that has seen the folder and fails when anything is decoded or encoded from now on."""
    write(stick, "sku,title,price,stock", "tea,Tea,1.00,5", "oats,Oats,2.00,6", "milk,Milk,3.00,7")
    encoder = FakeEncoder()
    with Box(home, encoder=encoder) as box:
        assert box.index(stick).encoded == 3
        for name in ("edge_search.ingest.pipeline.decode", "edge_search.ingest.pipeline.Pipeline.__init__"):
            monkeypatch.setattr(name, refuse)
        monkeypatch.setattr(type(box.encoders), "ingest", property(refuse))
        yield box


def refuse(*_: object, **__: object) -> None:
    raise AssertionError("a photo was looked at for a change of the table")


def write(stick: Path, *lines: str) -> None:
    (stick / "products.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def rows(box: Box) -> dict[str, tuple[object, object]]:
    return {row["sku"]: (row["title"], row["price"]) for row in box.products}


def test_changed_rows_change_products_and_the_encoder_is_never_called(boxed: Box, stick: Path) -> None:
    before = boxed.changes.head()
    write(stick, "sku;title;price;Shelf", "tea;Green tea;1,50 €;A1", "oats;Oats;2,00;", "milk;Milk;3,00;")
    report = boxed.index(stick)
    assert (report.encoded, report.unchanged, report.skipped) == (0, 3, ())
    assert rows(boxed) == {"tea": ("Green tea", 1.5), "oats": ("Oats", 2.0), "milk": ("Milk", 3.0)}
    assert boxed.products.get("tea")["attributes"] == {"Shelf": "A1"}
    assert {entry["kind"] for entry in boxed.changes.since(before)} == {"values"}
    head = boxed.changes.head()
    boxed.index(stick)
    assert boxed.changes.head() == head  # an unchanged table writes nothing


def test_a_bad_row_keeps_the_product_and_says_so(boxed: Box, stick: Path) -> None:
    write(stick, "sku,title,price,stock", "tea,Tea,1,5,much,too,many", "oats,Oats,2.50,6", "milk,Milk,3,7")
    report = boxed.index(stick)
    assert [(bad.path, "the product stays as it was" in bad.reason) for bad in report.skipped] == [
        ("products.csv:2", True)
    ]
    assert rows(boxed) == {"tea": ("Tea", 1.0), "oats": ("Oats", 2.5), "milk": ("Milk", 3.0)}
    assert report.inbox == 0
    write(stick, "sku,title,price,stock", "oats,Oats,2.50,6", "milk,Milk,3,7")
    boxed.index(stick)
    assert set(rows(boxed)) == {"oats", "milk"}  # taken out on purpose


def test_a_bad_value_keeps_the_last_good_one_and_says_so(boxed: Box, stick: Path) -> None:
    write(stick, "sku,title,price,stock", "tea,Green tea,cheap,5", "oats,#REF!,2.50,many", "milk,Milk,,7")
    report = boxed.index(stick)
    assert rows(boxed) == {"tea": ("Green tea", 1.0), "oats": ("Oats", 2.5), "milk": ("Milk", None)}
    assert boxed.products.get("oats")["stock"] == 6
    assert sum("stays as it was" in bad.reason for bad in report.skipped) == 3
    remembered = {bad.path: bad.reason for bad in boxed.status().skipped}
    assert set(remembered) == {"products.csv:2", "products.csv:3"}
    assert "many" in remembered["products.csv:3"]
    assert "#REF!" in remembered["products.csv:3"]
    head = boxed.changes.head()
    boxed.index(stick)
    assert boxed.changes.head() == head


def test_rounded_skus_keep_the_products_they_were(home: Path, tmp_path: Path, photo: Photos) -> None:
    stick, skus = tmp_path / "s", ("4006381333931", "4006381333948", "5000112548167")
    for number, sku in enumerate(skus):
        photo(stick / sku / "1.jpg", number)
    write(stick, "sku,title", *(f"{sku},T{sku}" for sku in skus))
    with Box(home, encoder=FakeEncoder()) as box:
        box.index(stick)
        write(stick, "sku,title", "4.00638E+12,a", "4.00638E+12,b", "5000112548167,New")
        report = box.index(stick)
        assert (report.products, report.inbox, len(report.skipped)) == (3, 0, 2)
        assert box.products.get("5000112548167")["title"] == "New"


@pytest.mark.parametrize(
    "cut",
    [
        'sku,title,price,stock\ntea,Tea,9,5\noats,"Oa',
        "sku,title,price,stock\ntea,Tea,9,5\noats,Oa",
        "sku,title,price,stock\ntea,Tea,9,5\noats,Caf\u00e9s, Käse".encode()[:-1],
    ],
)
def test_a_half_written_table_takes_nothing_away(boxed: Box, stick: Path, cut: str | bytes) -> None:
    (stick / "products.csv").write_bytes(cut.encode() if isinstance(cut, str) else cut)
    report = boxed.index(stick)
    assert rows(boxed) == {"tea": ("Tea", 9.0), "oats": ("Oats", 2.0), "milk": ("Milk", 3.0)}
    assert report.inbox == 0
    assert any("cut short" in bad.reason for bad in report.skipped)


@pytest.mark.parametrize("content", [b"", b"no table", b"PK\x03\x04", b"title,price\nx,1\n"])
def test_a_table_that_is_none_takes_nothing_away_and_photos_go_on(
    box: Box, stick: Path, photo: Photos, content: bytes
) -> None:
    write(stick, "sku,title,price", "tea,Tea,1", "oats,Oats,2", "milk,Milk,3", "rice,Rice,4")
    box.index(stick)
    (stick / "products.csv").write_bytes(content)
    photo(stick / "rice" / "1.jpg", 9)
    photo(stick / "new" / "1.jpg", 10)
    report = box.index(stick)
    assert (report.added, report.products, report.inbox) == (2, 4, 1)
    assert [bad.path for bad in report.skipped] == ["products.csv"]
    assert "all products stay as they were" in report.skipped[0].reason


def test_photos_of_a_bad_row_stay_its_own(box: Box, stick: Path, photo: Photos) -> None:
    photo(stick / "pics" / "t.jpg", 20)
    write(stick, "sku,images", "tea,pics/t.jpg", "oats,", "milk,")
    box.index(stick)
    (before,) = box.products.get("tea")["images"]
    assert before["path"] == "pics/t.jpg"
    write(stick, "sku,images", "tea,pics/t.jpg,too,many", "oats,", "milk,")
    box.index(stick)
    assert before in box.products.get("tea")["images"]


def test_inbox_photos_come_out_unencoded_when_a_row_appears(boxed: Box, stick: Path) -> None:
    write(stick, "sku,title,price,stock", "oats,Oats,2,6", "milk,Milk,3,7")
    report = boxed.index(stick)
    assert (report.products, report.inbox) == (2, 1)
    (item,) = boxed.inbox()
    assert (item.sku, len(item.image_ids), item.reason) == ("tea", 1, "no product table lists tea")
    assert "tea" not in boxed.products
    write(stick, "sku,title,price,stock", "tea,Tea again,1,5", "oats,Oats,2,6", "milk,Milk,3,7")
    assert boxed.index(stick).inbox == 0
    assert boxed.inbox() == ()
    assert tuple(image["image_id"] for image in boxed.products.get("tea")["images"]) == item.image_ids


def test_nobody_is_shown_what_waits(box: Box, stick: Path) -> None:
    write(stick, "sku,title", "tea,Tea")
    box.index(stick)
    (milk, oats) = box.inbox()
    assert (milk.sku, oats.sku) == ("milk", "oats")
    for exact in (False, True):
        assert [hit.sku for hit in box.search(stick / "oats" / "1.jpg", 50, exact=exact).hits] == ["tea"]
    box.remove_image(oats.image_ids[0])
    assert [item.sku for item in box.inbox()] == ["milk"]
    assert box.status().inbox == 1


def test_warnings_are_reported_and_remembered_until_they_are_mended(box: Box, stick: Path, photo: Photos) -> None:
    photo(stick / "0042" / "1.jpg", 42)
    write(stick, "sku,title", "tea,Tea", "42,x")
    report = box.index(stick)
    assert [warning.path for warning in report.warnings] == ["products.csv:3"]
    assert [warning.path for warning in box.status().warnings] == ["products.csv:3"]
    assert report.skipped == ()
    write(stick, "sku,title", "tea,Tea", "0042,x")
    assert box.index(stick).warnings == ()
    assert box.status().warnings == ()


def test_a_jsonl_table_is_followed_alike(boxed: Box, stick: Path) -> None:
    (stick / "products.csv").unlink()
    lines = [
        '{"sku": "tea", "title": "Tea", "price": 1.25}',
        '{"sku": "oats", "title": ',
        '{"sku": "milk", "price": -1}',
    ]
    (stick / "products.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    report = boxed.index(stick)
    assert rows(boxed) == {"tea": ("Tea", 1.25), "oats": ("Oats", 2.0), "milk": (None, 3.0)}
    assert [bad.path for bad in report.skipped] == ["products.jsonl:2", "products.jsonl:3"]


def test_a_manifests_bad_rows_keep_their_products(box: Box, stick: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "list.csv"
    manifest.write_text("path,sku,price\nstick/tea/1.jpg,T1,1\nstick/oats/1.jpg,4006381333931,2\n", encoding="utf-8")
    box.index(manifest=manifest)
    manifest.write_text("path,sku,price\nstick/tea/1.jpg,T1,x\nstick/oats/1.jpg,4.00638E+12,2\n", encoding="utf-8")
    report = box.index(manifest=manifest)
    assert (report.removed, report.products, report.images) == (0, 2, 2)
    assert rows(box) == {"T1": (None, 1.0), "4006381333931": (None, 2.0)}


def test_ten_thousand_rows_are_written_in_short_transactions(box: Box, tmp_path: Path) -> None:
    """Not timed: what is bounded is the work a transaction does, however long the table."""
    stick = tmp_path / "s"
    stick.mkdir()
    write(stick, "sku,price", *(f"S{number},1" for number in range(1700)))
    sizes: list[int] = []
    real = changes.record

    def counted(*arguments: object) -> None:
        if arguments[1] == "values":
            sizes.append(len(list(arguments[3])))  # type: ignore[call-overload]
        real(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("edge_search.store.products.record", counted)
        assert box.index(stick).products == 1700
    assert sum(sizes) == 1700
    assert max(sizes) <= 500
