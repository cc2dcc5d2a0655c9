"""Manifests: one row a photo."""

from __future__ import annotations

import errno
import os
import unicodedata
from pathlib import Path

import pytest

from edge_search.catalog.listing import Listing
from edge_search.catalog.manifest import list_manifest
from edge_search.catalog.values import parse_values
from edge_search.errors import CatalogError, SourceMissing


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "p").mkdir(parents=True)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (folder / "p" / name).write_bytes(name.encode())
    return folder


def listed(root: Path, *rows: str) -> Listing:
    path = root / "m.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return list_manifest(path)


def pairs(listing: Listing) -> list[tuple[str, str]]:
    return [(os.fsdecode(file.path), file.sku) for file in listing.files]


def reasons(listing: Listing) -> dict[str, str]:
    return {problem.path: problem.reason for problem in listing.problems}


def test_rows(root: Path) -> None:
    listing = listed(root, "path,sku", "p/b.jpg,B2", "p/a.jpg,A1", "p/c.jpg,A1", "p/a.jpg,B2", "./p/a.jpg,A1")
    assert pairs(listing) == [("p/a.jpg", "A1"), ("p/a.jpg", "B2"), ("p/b.jpg", "B2"), ("p/c.jpg", "A1")]
    assert (listing.root, listing.kind, listing.problems) == (root, "manifest", ())
    assert [(row.sku, dict(row.values), row.line) for row in listing.products] == [("B2", {}, 2), ("A1", {}, 3)]
    status = (root / "p/a.jpg").stat()
    file = listing.files[0]
    assert (file.size, file.mtime_ns, file.inode) == (5, status.st_mtime_ns, status.st_ino)


def test_values_come_from_the_first_row_that_has_one(root: Path) -> None:
    listing = listed(
        root,
        "sku;path;category;price;Colour",
        "A1;p/a.jpg;;1,50;",
        "A1;p/b.jpg;Milk;oops;red",
        "A1;p/c.jpg;Cheese;2;blue",
    )
    [row] = listing.products
    assert (dict(row.values), row.line) == ({"category": "Milk", "price": 1.5, "Colour": "red"}, 2)
    assert list(reasons(listing)) == ["m.csv:3"]
    assert len(listing.files) == 3


def test_absolute_paths_and_paths_outside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "out.jpg").write_bytes(b"x")
    listing = listed(root, "path,sku", f"{root}/p/a.jpg,A1", "p/a.jpg,A1", f"{tmp_path}/out.jpg,B2", "../out.jpg,C3")
    assert pairs(listing) == [("../out.jpg", "C3"), (f"{tmp_path}/out.jpg", "B2"), ("p/a.jpg", "A1")]
    assert all((root / os.fsdecode(file.path)).is_file() for file in listing.files)


def test_spellings(root: Path) -> None:
    (root / "p" / unicodedata.normalize("NFD", "käse.jpg")).write_bytes(b"x")
    listing = listed(root, "path,sku", "p\\a.jpg,A1", unicodedata.normalize("NFC", "p/käse.jpg") + ",K1")
    assert [sku for _, sku in pairs(listing)] == ["A1", "K1"]
    assert all((root / os.fsdecode(file.path)).is_file() for file in listing.files)


def test_problems_name_their_line(root: Path) -> None:
    (root / "p/empty.jpg").touch()
    os.mkfifo(root / "p/pipe.jpg")
    listing = listed(
        root,
        "path,sku",
        "p/none.jpg,A1",
        "p/a.jpg,",
        "p/a.jpg,1.5E+10",
        "p,A1",
        "p/pipe.jpg,A1",
        "p/empty.jpg,A1",
        ",A1",
        "p/a.jpg/x.jpg,A1",
        "p/a.jpg,A1,more",
        "p/a.jpg,A1",
    )
    assert pairs(listing) == [("p/a.jpg", "A1")]
    found = reasons(listing)
    assert list(found) == [f"m.csv:{line}" for line in range(2, 11)]
    for line, said in {
        2: "no such photo: p/none.jpg",
        3: "SKU is empty",
        4: "spreadsheet",
        5: "a folder",
        6: "FIFO",
        7: "empty file",
        8: "path is empty",
        9: "no such photo",
        10: "3 cells",
    }.items():
        assert said in found[f"m.csv:{line}"]


def test_a_photo_that_cannot_be_looked_at_is_named_itself(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = Path.stat

    def failing(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self.name == "b.jpg":
            raise OSError(errno.EIO, "Input/output error")
        return stat(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", failing)
    listing = listed(root, "path,sku", "p/a.jpg,A1", "p/b.jpg,A1")
    assert pairs(listing) == [("p/a.jpg", "A1")]
    assert "line 3 of m.csv" in reasons(listing)["p/b.jpg"]


def test_no_manifest(root: Path) -> None:
    with pytest.raises(SourceMissing, match="no such file"):
        list_manifest(root / "none.csv")
    with pytest.raises(CatalogError, match="a folder"):
        list_manifest(root)
    with pytest.raises(CatalogError, match="no column 'path'"):
        listed(root, "sku,title", "A1,x")


def test_values_given_one_by_one() -> None:
    assert parse_values(
        {"Price": "1,50 €", "stock": 3, "gtin": " 0012 ", "Colour": "red", "title": "", "url": None}
    ) == {
        "price": 1.5,
        "stock": 3,
        "gtin": "0012",
        "Colour": "red",
        "title": None,
        "url": None,
    }
    assert parse_values({"price": 2.25}) == {"price": 2.25}


@pytest.mark.parametrize(
    "values", [{"price": "x"}, {"stock": 1.5}, {"sku": "A"}, {"images": "a"}, {" ": 1}, {"a": [1]}, {"a": True}]
)
def test_values_that_are_none(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=";"):
        parse_values(values)


def test_real_manifest(grocery: Path) -> None:
    listing = list_manifest(grocery / "catalog.csv")
    assert (len(listing.files), len(listing.products), listing.problems) == (324, 81, ())
    assert all(row.values["category"] for row in listing.products)
