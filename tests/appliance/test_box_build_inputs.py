"""What a home gives to the builder and to the runtime: its own photos, and a place for compiled networks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import edge_search
from edge_search.appliance.box import Box
from edge_search.encoder.encoder import Encoder

CATALOG = Path(__file__).resolve().parents[2] / "catalog"


def test_own_photos_are_the_catalogs_files_then_their_previews(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "catalog"
    for sku in ("ACR-375-CHO", "ASH-20-CHM", "HET-500-HNY"):
        shutil.copytree(CATALOG / sku, folder / sku)
    with Box(tmp_path / "home", encoder=encoder) as box:
        assert box.photos == []
        box.index(folder)
        found = box.photos
        assert sorted({sku for sku, _ in found}) == ["ACR-375-CHO", "ASH-20-CHM", "HET-500-HNY"]
        assert all(file.is_relative_to(folder) and file.is_file() for _, file in found)
        box.products.remove("ASH-20-CHM")
        assert "ASH-20-CHM" not in {sku for sku, _ in box.photos}
        shutil.rmtree(folder)
        found = box.photos
        assert len(found) >= 2
        assert all(file.is_relative_to(tmp_path / "home" / "previews") for _, file in found)


@pytest.mark.parametrize("kept", [True, False])
def test_compiled_networks_lie_in_the_home_unless_that_is_switched_off(tmp_path: Path, kept: bool) -> None:
    with edge_search.open(tmp_path / "home", runtime="openvino", threads=1, compiled_cache=kept) as box:
        _ = box.encoders.query
    files = list((tmp_path / "home" / "cache").glob("*.compiled"))
    assert len(files) == int(kept)
