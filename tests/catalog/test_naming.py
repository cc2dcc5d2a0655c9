"""Names that every system can show, and the place of a photo in a catalog folder."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_search.catalog.folder import list_folder
from edge_search.catalog.ignored import has_photo_name, is_ignored_file
from edge_search.catalog.naming import Places, safe_name
from edge_search.catalog.sku import clean_sku


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        (b"front.jpg", "front.jpg"),
        ("Grün 茶.JPG".encode(), "Grün 茶.JPG"),
        ("Gru\u0308n.jpg".encode(), "Grün.jpg"),
        (b"caf\xe9.jpg", "café.jpg"),
        (b"a:b?c*.jpg", "a_b_c_.jpg"),
        (b"a\nb\x07.jpg", "a_b_.jpg"),
        (b"CON.jpg", "_CON.jpg"),
        (b"lpt1.tar.jpg", "_lpt1.tar.jpg"),
        (b"console.jpg", "console.jpg"),
        (b"name. .jpg", "name.jpg"),
        (b" .jpg", "_.jpg"),
        ("\u202egpj.jpg".encode(), "_gpj.jpg"),
    ],
)
def test_safe_names(name: bytes, safe: str) -> None:
    assert safe_name(name) == safe


def test_long_names_are_cut_and_stay_apart() -> None:
    one, other = (safe_name(("茶" * 80 + end + ".jpg").encode()) for end in ("a", "b"))
    assert one != other
    assert len(one.encode()) <= 180
    assert one.endswith(".jpg")


@given(st.binary(min_size=1, max_size=250).filter(lambda name: b"/" not in name and b"\0" not in name))
def test_any_name_becomes_one_that_every_system_takes(name: bytes) -> None:
    safe = safe_name(name)
    assert safe == safe_name(safe.encode())
    assert safe.isprintable()
    assert unicodedata.is_normalized("NFC", safe)
    assert not set(safe) & set('<>:"|?*\\/')
    assert not safe.endswith((".", " "))
    assert not safe.startswith(" ")
    assert 0 < len(safe.encode()) <= 180
    assert safe not in (".", "..")
    if not is_ignored_file(name) and has_photo_name(name):
        assert not is_ignored_file(safe.encode())


def place(path: str | bytes, there: tuple[str, ...] = ()) -> str:
    return Places(map(os.fsencode, there)).find(os.fsencode(path))


@pytest.mark.parametrize(
    ("path", "there", "target"),
    [
        ("A1/front.jpg", (), "A1/front.jpg"),
        ("A1/in side/fr:ont.jpg", (), "A1/in side/fr_ont.jpg"),
        (" A1 /front.jpg", (), "A1/front.jpg"),
        ("A1__front.jpg", (), "A1__front.jpg"),
        ("A1.jpg", (), "A1.jpg"),
        ("A:1/a.jpg", (), "A:1/a.jpg"),  # a SKU is never changed
        ("AUX/a.jpg", (), "AUX__a.jpg"),
        ("AUX/in/a.jpg", (), "AUX__in_a.jpg"),
        ("A1./a.jpg", (), "A1.__a.jpg"),
        ("AUX.jpg", (), "AUX__.jpg"),
        ("A1/FRONT.JPG", ("A1/front.jpg",), "A1/front.jpg"),  # it is there already
        ("A1/front.jpg", (" A1/front.jpg",), " A1/front.jpg"),
        ("A1/new.jpg", (" A1/front.jpg",), " A1/new.jpg"),
        ("a1/front.jpg", ("A1/front.jpg",), "a1__front.jpg"),  # another SKU, the same folder for Windows
        ("a1.jpg", ("A1.jpg",), "a1.jpg"),
        ("a1.JPG", ("a1.jpg",), "a1.jpg"),
        ("e\u0301/a\u0301.jpg", ("é/á.jpg",), "é/á.jpg"),
    ],
)
def test_places(path: str, there: tuple[str, ...], target: str) -> None:
    assert place(path, there) == target


def test_two_photos_never_get_one_place() -> None:
    places = Places(())
    names = [b"A1/a.jpg", b"A1/A.jpg", b"A1/a:.jpg", b"A1/a?.jpg", b"B.jpg", b"B.JPG", b"AUX/x/y.jpg", b"AUX/x_y.jpg"]
    targets = [places.find(name) for name in sorted(names)]
    assert len({target.casefold() for target in targets}) == len(names)
    assert {target.partition("__")[0].partition(".")[0] for target in targets if target.startswith("B")} == {"B"}


def test_a_sku_that_no_name_can_hold_is_refused() -> None:
    assert place("CON__x/a.jpg") == "CON__x/a.jpg"
    with pytest.raises(ValueError, match="no file name can hold the SKU con__x"):
        place("con__x./a.jpg")


SKU = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="/"), min_size=1, max_size=20
)
NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=20)


@given(st.sets(st.tuples(SKU, NAME), max_size=8))
def test_the_sku_of_a_place_is_the_sku_of_the_photo(
    tmp_path_factory: pytest.TempPathFactory, pairs: set[tuple[str, str]]
) -> None:
    root = tmp_path_factory.mktemp("catalog")
    places = Places(())
    expected = []
    for sku, name in sorted(pairs):
        path = f"{sku}/{name}.jpg".encode()
        try:
            clean = clean_sku(sku)
            assert not sku.startswith((".", "~"))
            target = root / places.find(path)
        except (ValueError, AssertionError):
            continue
        if is_ignored_file(f"{name}.jpg".encode()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"x")
        expected.append(clean)
    found = [file.sku for file in list_folder(root).files]
    assert sorted(found) == sorted(sku for sku in expected if not sku.startswith("."))
