"""`import-media` as field staff run it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_search.appliance import removable
from tests.cli.ran import Run

Photo = Callable[..., Path]


@pytest.fixture
def stick(tmp_path: Path, photo: Photo) -> Path:
    for number in range(3):
        photo(tmp_path / "stick" / f"S{number}" / "1.jpg", number)
    photo(tmp_path / "stick" / "DCIM" / "100CANON" / "IMG_0001.JPG", 9)
    (tmp_path / "stick" / "S0" / "bad.jpg").write_bytes(b"no picture")
    table = "sku;title;price\nS0;Zero;1,50\nS1;One;2,50\n123;x;\n4.00638E+12;y;1\n"
    (tmp_path / "stick" / "products.csv").write_text(table, encoding="utf-8")
    photo(tmp_path / "stick" / "0123" / "1.jpg", 20)
    return tmp_path / "stick"


def test_a_preview_in_words(run: Run, stick: Path, home: Path) -> None:
    ran = run("import-media", stick, "--preview")
    assert (ran.code, ran.err) == (0, "")
    assert "2 new photos, 0 changed, 0 unchanged, 2 unreadable; 3 product rows new or changed" in ran.out
    assert (
        "2 photos of a SKU that no product table lists, for the inbox:\n  0123/1.jpg (0123)\n  S2/1.jpg (S2)" in ran.out
    )
    assert "1 photo without a SKU, left on the medium" in ran.out
    assert "DCIM/100CANON/IMG_0001.JPG" in ran.out
    assert "S0/bad.jpg: " in ran.out
    assert "products.csv:5: the SKU 4.00638E+12 was rounded by a spreadsheet" in ran.out
    assert "write 0123" in ran.out
    assert "nothing was copied yet" in ran.out
    assert not (home / "catalog").exists()


def test_taking_and_taking_again(run: Run, stick: Path, home: Path) -> None:
    document = run("import-media", stick, "--json").json
    assert (document["taken"], len(document["new"]), len(document["unknown_sku"])) == (4, 2, 3)
    assert document["into"] == str(home / "catalog")
    assert document["index"]["products"] == 3
    assert run("search", stick / "S1" / "1.jpg", "--json").json["hits"][0]["title"] == "One"
    again = run("import-media", stick)
    assert "0 new photos, 0 changed, 4 unchanged" in again.out
    assert "0 photos copied into" in again.out
    assert "2 in the inbox" in again.out
    assert run("status", "--json").json["sources"][0]["path"] == str(home / "catalog")


def test_into_another_folder_of_the_box(run: Run, stick: Path, tmp_path: Path, photo: Photo) -> None:
    photo(tmp_path / "shop" / "A" / "1.jpg", 30)
    refused = run("import-media", stick, "--into", tmp_path / "shop")
    assert refused.code == 2
    assert "not a catalog folder of this box" in refused.err
    run("index", tmp_path / "shop")
    assert run("import-media", stick, "--into", tmp_path / "shop", "--json").json["taken"] == 4
    assert run("products", "show", "A").code == 0


@pytest.mark.parametrize("preview", [[], ["--preview"]])
def test_a_stick_that_is_not_there_is_one_line(run: Run, tmp_path: Path, preview: list[str]) -> None:
    ran = run("import-media", tmp_path / "none", *preview)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "none" in ran.err


def test_without_a_path_it_lists_what_is_plugged_in(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"3 1 8:17 / {tmp_path}/media/STICK rw - vfat /dev/sdb1 rw\n")
    real = removable.mounted_media
    monkeypatch.setattr(
        "edge_search.appliance.media.mounted_media",
        lambda roots, *, besides: real(roots, besides=besides, mounts=mounts, labels=tmp_path),
    )
    assert run("import-media").out == "no medium is plugged in\n"
    monkeypatch.setenv("EDGE_SEARCH_MEDIA_ROOTS", f"/nowhere:{tmp_path}/media")
    assert run("import-media").out == f"{tmp_path}/media/STICK  STICK\n"
    (medium,) = run("import-media", "--json").json
    assert (medium["label"], medium["path"]) == ("STICK", f"{tmp_path}/media/STICK")
    assert len(medium["media_id"]) == 16
