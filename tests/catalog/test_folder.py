"""The folder convention, and everything that lies in folders without being a photo."""

from __future__ import annotations

import errno
import os
import socket
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_search.catalog import walk as walking
from edge_search.catalog.doubt import Doubts
from edge_search.catalog.folder import list_folder
from edge_search.catalog.listing import Listing
from edge_search.errors import CatalogError, SourceMissing


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "catalog"
    folder.mkdir()
    return folder


def put(root: Path, *names: str | bytes, data: bytes = b"x") -> None:
    for name in names:
        path = os.path.join(bytes(root), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)


def pairs(listing: Listing) -> list[tuple[str, str]]:
    return [(os.fsdecode(file.path), file.sku) for file in listing.files]


def reasons(listing: Listing) -> dict[str, str]:
    return {problem.path: problem.reason for problem in listing.problems}


def test_the_convention(root: Path) -> None:
    put(root, "A1/front.jpg", "A1/more/deep/back.PNG", "B2/x.webp", "C3.jpg", "C3__side.tiff", "D4__.gif")
    listing = list_folder(root)
    assert pairs(listing) == [
        ("A1/front.jpg", "A1"),
        ("A1/more/deep/back.PNG", "A1"),
        ("B2/x.webp", "B2"),
        ("C3.jpg", "C3"),
        ("C3__side.tiff", "C3"),
        ("D4__.gif", "D4"),
    ]
    assert (listing.root, listing.kind, listing.has_table, listing.problems) == (root, "folder", False, ())


def test_the_stamp_is_the_file_systems(root: Path) -> None:
    put(root, "A1/a.jpg", data=b"four")
    status = (root / "A1/a.jpg").stat()
    [file] = list_folder(root).files
    assert (file.size, file.mtime_ns, file.inode) == (4, status.st_mtime_ns, status.st_ino)


def test_all_photo_formats_and_no_other(root: Path) -> None:
    photos = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "avif", "tif", "tiff", "bmp", "gif", "heic", "heif"]
    photos += ["JPG", "HeIc"]
    others = ["txt", "csv", "pdf", "db", "mp4", "svg", "jpg.tmp", "jpg.part", "jpg.partial", "jpg.crdownload"]
    put(root, *(f"A1/p.{end}" for end in photos), *(f"A1/o.{end}" for end in others), "A1/README", "A1/jpg")
    listing = list_folder(root)
    assert {path for path, _ in pairs(listing)} == {f"A1/p.{end}" for end in photos}
    assert listing.problems == ()


def test_silently_ignored(root: Path) -> None:
    put(
        root,
        *("A1/.hidden.jpg", "A1/.a.jpg.x3Fq9Z", "A1/~a.jpg", "A1/a.jpg~", "A1/~syncthing~a.jpg.tmp"),
        *("A1/.syncthing.a.jpg.tmp", "A1/Thumbs.db", "A1/desktop.ini", ".hidden/a.jpg", "A1/.cache/a.jpg"),
        *("System Volume Information/a.jpg", "$RECYCLE.BIN/a.jpg", "lost+found/a.jpg", "@eaDir/a.jpg"),
        *("A1/@eaDir/a.jpg", "__MACOSX/A1/a.jpg", ".Trash-1000/a.jpg", ".a.jpg"),
        *("old/.edge-search-ignore", "old/a.jpg", "old/deep/a.jpg", "A1/raw/.edge-search-ignore", "A1/raw/a.jpg"),
    )
    put(root, "A1/a.sync-conflict-20250101-120000-ABCDEF.jpg")
    listing = list_folder(root)
    assert pairs(listing) == [("A1/a.sync-conflict-20250101-120000-ABCDEF.jpg", "A1")]
    assert listing.problems == ()


def test_the_marker_in_the_root_is_no_mass_deletion(root: Path) -> None:
    put(root, "A1/a.jpg", ".edge-search-ignore")
    with pytest.raises(CatalogError, match=r"holds .edge-search-ignore; remove"):
        list_folder(root)


def test_names_that_are_not_utf8(root: Path) -> None:
    put(root, b"caf\xe9/photo\xff.jpg", b"caf\xe9__1.jpg")
    listing = list_folder(root)
    assert [(file.path, file.sku) for file in listing.files] == [
        (b"caf\xe9/photo\xff.jpg", "caf\ufffd"),
        (b"caf\xe9__1.jpg", "caf\ufffd"),
    ]


def test_one_sku_in_two_spellings(root: Path) -> None:
    put(root, unicodedata.normalize("NFD", "Käse") + "/a.jpg", unicodedata.normalize("NFC", "Käse") + "/b.jpg")
    assert {sku for _, sku in pairs(list_folder(root))} == {unicodedata.normalize("NFC", "Käse")}


def test_folders_that_are_no_sku(root: Path) -> None:
    put(root, "bad\nname/a.jpg", "bad\nname/b.jpg", "x" * 129 + "/a.jpg", " /a.jpg", "__front.jpg", "good/a.jpg")
    listing = list_folder(root)
    assert pairs(listing) == [("good/a.jpg", "good")]
    found = reasons(listing)
    assert len(listing.problems) == len(found) == 4
    assert "control character" in found["bad\\nname/"]
    assert "129 characters" in found["x" * 129 + "/"]
    assert "empty" in found[" /"]
    assert "empty" in found["__front.jpg"]


def test_what_is_not_a_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "A1/a.jpg", "A1/empty.jpg", "A1/folder.jpg/inner.png")
    (root / "A1/empty.jpg").write_bytes(b"")
    os.mkfifo(root / "A1/pipe.jpg")
    os.mkfifo(root / "A1/pipe.txt")
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("A1/socket.png")
        listing = list_folder(root)
    assert [path for path, _ in pairs(listing)] == ["A1/a.jpg", "A1/folder.jpg/inner.png"]
    found = reasons(listing)
    assert list(found) == ["A1/empty.jpg", "A1/pipe.jpg", "A1/socket.png"]
    assert "empty file" in found["A1/empty.jpg"]
    assert "FIFO" in found["A1/pipe.jpg"]
    assert "socket" in found["A1/socket.png"]


def test_links_to_files(root: Path) -> None:
    put(root, "A1/a.jpg", "../outside.jpg")
    links = {
        "B2/in.jpg": "../A1/a.jpg",
        "B2/out.jpg": "../../outside.jpg",
        "B2/gone.jpg": "nowhere.jpg",
        "B2/loop.jpg": "loop.jpg",
        "B2/out.txt": "../../outside.jpg",
        "B2/gone.txt": "nowhere.txt",
        "B2/.hidden.jpg": "nowhere.jpg",
    }
    (root / "B2").mkdir()
    for name, target in links.items():
        (root / name).symlink_to(target)
    listing = list_folder(root)
    assert pairs(listing) == [("A1/a.jpg", "A1"), ("B2/in.jpg", "B2")]
    assert listing.files[0].inode == listing.files[1].inode
    found = reasons(listing)
    assert list(found) == ["B2/gone.jpg", "B2/loop.jpg", "B2/out.jpg"]
    assert "nowhere" in found["B2/gone.jpg"]
    assert "circle" in found["B2/loop.jpg"]
    assert "out of the catalog" in found["B2/out.jpg"]


def test_links_to_folders(root: Path) -> None:
    put(root, "A1/a.jpg", ".store/b.jpg", "../outside/c.jpg", "Z9/z.jpg")
    for name, target in {
        "A1/up": "..",
        "A1/self": ".",
        "B2": ".store",
        "C3": "../outside",
        "D4": "Z9",
        "E5": "missing",
        "around": "around",
    }.items():
        (root / name).symlink_to(target)
    listing = list_folder(root)
    assert pairs(listing) == [("A1/a.jpg", "A1"), ("B2/b.jpg", "B2"), ("Z9/z.jpg", "Z9")]
    found = reasons(listing)
    assert list(found) == ["A1/self", "A1/up", "C3", "D4", "E5", "around"]
    assert "around it" in found["A1/self"]
    assert "around it" in found["A1/up"]
    assert "out of the catalog" in found["C3"]
    assert "Z9, which is listed already" in found["D4"]
    assert "nowhere" in found["E5"]
    assert "circle" in found["around"]


def test_a_root_that_is_a_link(root: Path, tmp_path: Path) -> None:
    put(root, "A1/a.jpg")
    (root / "B2.jpg").symlink_to("A1/a.jpg")
    (tmp_path / "link").symlink_to(root)
    assert pairs(list_folder(tmp_path / "link")) == [("A1/a.jpg", "A1"), ("B2.jpg", "B2")]


def test_a_folder_that_cannot_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "A1/a.jpg", "B2/b.jpg", "C3/c.jpg", "D4/d.jpg")
    errors = {b"B2": errno.EACCES, b"C3": errno.EIO, b"D4": errno.ENOENT}
    scandir = os.scandir

    def failing(path: bytes) -> Any:
        number = errors.get(path.rpartition(b"/")[2])
        if number:
            raise OSError(number, os.strerror(number))
        return scandir(path)

    monkeypatch.setattr(walking.os, "scandir", failing)  # type: ignore[attr-defined]
    listing = list_folder(root)
    assert pairs(listing) == [("A1/a.jpg", "A1")]
    found = reasons(listing)
    assert list(found) == ["B2", "C3"]  # D4 was deleted meanwhile
    assert "permission denied" in found["B2"]
    assert "Input/output error" in found["C3"]


def test_no_root(root: Path) -> None:
    put(root, "a.jpg")
    for path, said in ((root / "none", "no such folder"), (root / "a.jpg", "a file, not a folder")):
        with pytest.raises(SourceMissing, match=said) as raised:
            list_folder(path)
        assert "\n" not in str(raised.value)
    with pytest.raises(SourceMissing):
        list_folder(Path("a\0b"))


@pytest.mark.parametrize(("number", "error"), [(errno.EACCES, CatalogError), (errno.ENOTCONN, SourceMissing)])
def test_a_root_that_cannot_be_read(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[CatalogError]
) -> None:
    def failing(path: bytes) -> Iterator[Any]:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(walking.os, "scandir", failing)  # type: ignore[attr-defined]
    with pytest.raises(CatalogError) as raised:
        list_folder(root)
    assert type(raised.value) is error


def test_a_root_that_is_swapped_while_it_is_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "A1/a.jpg")
    scandir = os.scandir

    def unmounting(path: bytes) -> Any:
        if path.endswith(b"A1"):
            root.rename(root.with_name("away"))
            root.mkdir()
        return scandir(path)

    monkeypatch.setattr(walking.os, "scandir", unmounting)  # type: ignore[attr-defined]
    with pytest.raises(SourceMissing, match="another folder took its place"):
        list_folder(root)


def test_very_deep_folders(root: Path) -> None:
    put(root, "A1/" + "d/" * 200 + "a.jpg")
    assert [sku for _, sku in pairs(list_folder(root))] == ["A1"]


def test_the_table(root: Path) -> None:
    put(root, "A1/a.jpg", "X9/x.jpg")
    (root / "products.csv").write_text("sku,title,price\nA1,Milk,1.99\nB2,Tea,oops\n", encoding="utf-8")
    listing = list_folder(root)
    assert listing.has_table
    assert [(row.sku, dict(row.values), row.line) for row in listing.products] == [
        ("A1", {"title": "Milk", "price": 1.99}, 2),
        ("B2", {"title": "Tea", "price": None}, 3),
    ]
    assert pairs(listing) == [("A1/a.jpg", "A1"), ("X9/x.jpg", "X9")]
    assert list(reasons(listing)) == ["products.csv:3"]


def test_a_sku_named_like_the_table(root: Path) -> None:
    put(root, "products.csv/a.jpg")
    listing = list_folder(root)
    assert (listing.has_table, pairs(listing)) == (False, [("products.csv/a.jpg", "products.csv")])


@pytest.mark.parametrize("name", ["products.csv", "products.jsonl"])
def test_a_table_that_cannot_be_followed_leaves_photos_and_products_alone(
    root: Path, tmp_path: Path, name: str
) -> None:
    put(root, "A1/a.jpg")
    table = root / name
    (tmp_path / "elsewhere").write_text("sku\nA1\n", encoding="utf-8")

    def said() -> str:
        listing = list_folder(root)
        assert (pairs(listing), listing.products, listing.has_table) == ([("A1/a.jpg", "A1")], (), True)
        assert Doubts(listing.doubts).cover("any", {})
        assert list(reasons(listing)) == [name]
        assert "stay as they were" in reasons(listing)[name]
        return reasons(listing)[name]

    for target, reason in (("../elsewhere", "out of the catalog"), ("none.csv", "nowhere"), (name, "can't be read")):
        table.symlink_to(target)
        assert reason in said()
        table.unlink()
    os.mkfifo(table)
    assert "FIFO" in said()


def test_of_two_tables_the_csv_wins_and_one_line_says_so(root: Path) -> None:
    (root / "products.csv").write_text("sku,price\nA1,1\n", encoding="utf-8")
    (root / "products.jsonl").write_text('{"sku": "A1", "price": 2}\n', encoding="utf-8")
    listing = list_folder(root)
    assert [dict(row.values) for row in listing.products] == [{"price": 1.0}]
    assert list(reasons(listing)) == ["products.jsonl"]
    assert "products.csv stands beside it and wins" in reasons(listing)["products.jsonl"]
    (root / "products.csv").unlink()
    listing = list_folder(root)
    assert ([dict(row.values) for row in listing.products], reasons(listing)) == ([{"price": 2.0}], {})


def test_a_folder_with_zeros_that_its_row_has_not_is_warned_about(root: Path) -> None:
    put(root, "0123/a.jpg", "0456/a.jpg", "456/a.jpg", "0789/a.jpg", "A5/a.jpg")
    (root / "products.csv").write_text("sku\nA5\n123\n456\n", encoding="utf-8")
    listing = list_folder(root)
    assert [warning.path for warning in listing.warnings] == ["products.csv:3"]
    assert "write 0123" in listing.warnings[0].reason


def with_images(root: Path, *rows: str) -> Listing:
    (root / "products.csv").write_text("sku;images\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return list_folder(root)


def test_the_images_column_overrides_the_convention(root: Path) -> None:
    put(root, "A1/own.jpg", "B2/b.jpg", "pool/a1-1.jpg", "pool/a1-2.jpg", "pool/other.jpg", "pool/a1.txt")
    listing = with_images(root, "A1;pool/a1-*.jpg|B2/b.jpg", "B2;")
    assert pairs(listing) == [
        ("B2/b.jpg", "A1"),  # a photo of two SKUs
        ("B2/b.jpg", "B2"),
        ("pool/a1-1.jpg", "A1"),
        ("pool/a1-2.jpg", "A1"),
        ("pool/other.jpg", "pool"),
    ]
    assert listing.problems == ()


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("p/x1.jpg", {"p/x1.jpg"}),
        ("./p//x1.jpg", {"p/x1.jpg"}),
        ("p\\x1.jpg", {"p/x1.jpg"}),
        ("p/../p/x1.jpg", {"p/x1.jpg"}),
        ("p/*.jpg", {"p/x1.jpg", "p/x2.jpg"}),
        ("p/x?.jpg", {"p/x1.jpg", "p/x2.jpg"}),
        ("p/x[!1].jpg", {"p/x2.jpg"}),
        ("p/x[1-2].jpg", {"p/x1.jpg", "p/x2.jpg"}),
        ("**/*2.jpg", {"p/x2.jpg", "p/q/x2.jpg", "r2.jpg"}),
        ("p/**", {"p/x1.jpg", "p/x2.jpg", "p/q/x2.jpg", "p/[1].png", "p/Käse.png"}),
        ("p/q", {"p/q/x2.jpg"}),
        ("p/q/", {"p/q/x2.jpg"}),
        ("p/[1].png", {"p/[1].png"}),
        ("p/Käse.png", {"p/Käse.png"}),
        ("p/x1.jpg | p/x1.jpg|p/x1*", {"p/x1.jpg"}),
    ],
)
def test_images_patterns(root: Path, pattern: str, expected: set[str]) -> None:
    put(root, "p/x1.jpg", "p/x2.jpg", "p/q/x2.jpg", "p/[1].png", "r2.jpg")
    put(root, "p/" + unicodedata.normalize("NFD", "Käse.png"))
    listing = with_images(root, f"A1;{pattern}")
    mine = {unicodedata.normalize("NFC", path) for path, sku in pairs(listing) if sku == "A1"}
    assert (mine, listing.problems) == (expected, ())


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("../secret.jpg", "out of the catalog"),
        ("a/../../secret.jpg", "out of the catalog"),
        ("/etc/passwd", "out of the catalog"),
        ("C:\\photos\\a.jpg", "out of the catalog"),
        ("none.jpg", "names no photo"),
        ("none*.jpg", "names no photo"),
        ("a/[z-a].jpg", "names no photo"),
        ("a/[.jpg", "names no photo"),
        ("a/note.txt", "names no photo"),
    ],
)
def test_images_that_are_not_there(root: Path, pattern: str, said: str) -> None:
    put(root, "a/a.jpg", "a/note.txt", "../secret.jpg")
    listing = with_images(root, f"A1;{pattern}")
    assert pairs(listing) == [("a/a.jpg", "a")]
    assert said in reasons(listing)["products.csv:2"]


def test_real_catalog(grocery: Path) -> None:
    listing = list_folder(grocery / "catalog")
    assert (len(listing.files), len({file.sku for file in listing.files})) == (324, 81)
    assert listing.problems == ()
