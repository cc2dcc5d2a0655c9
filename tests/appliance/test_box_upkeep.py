"""Upkeep that nobody asks for: damage met on the way, rot found in time, logs that end."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.store import changes

Photo = Callable[..., Path]


@pytest.fixture
def catalog(tmp_path: Path, photo: Photo) -> Path:
    for number in range(12):
        photo(tmp_path / "catalog" / f"SKU-{number:02}" / "a.jpg", number)
    return tmp_path / "catalog"


@pytest.fixture
def filled(home: Path, catalog: Path) -> Path:
    """A home with a catalog, closed, all in one database file."""
    with Box(home, encoder=FakeEncoder()) as box:
        box.index(catalog)
        box.products.set("SKU-03", {"price": "3"})
    return home


def roots(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as conn:
        return dict(conn.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0"))


@pytest.mark.parametrize("name", ["meta", "images", "images_hash", "images_sku", "products", "features", "tombstones"])
def test_noise_in_any_table_or_index_is_mended_when_it_is_met(filled: Path, catalog: Path, name: str) -> None:
    database = filled / "catalog.sqlite3"
    page = roots(database)[name]
    with open(database, "r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(np.random.default_rng(1).bytes(4096))
    with Box(filled, encoder=FakeEncoder()) as box:
        mended, left = box.upkeep.repair()
        assert [damage.kind for damage in mended][:1] == ["database"] or box.upkeep.rescan_due()
        assert left == []
        box.index(catalog)
        assert box.upkeep.verify() == []
        assert box.search(catalog / "SKU-07" / "a.jpg").hits[0].sku == "SKU-07"
        assert len(box.products) == 12


def test_rot_behind_an_unchanged_stamp_is_found_by_the_daily_scrub(
    filled: Path, catalog: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = next((filled / "index").glob("*.usearch"))
    stamp = graph.stat()
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 1
    graph.write_bytes(data)
    os.utime(graph, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    with Box(filled, encoder=FakeEncoder()) as box:
        before = box.status().generation
        box.index(catalog)
        assert box.status().generation == before, "scrubbed this day already"
        monkeypatch.setattr("edge_search.appliance.upkeep._SCRUB_SECONDS", 0)
        with caplog.at_level(logging.WARNING, "edge_search"):
            box.index(catalog)
        assert [record.getMessage() for record in caplog.records if graph.name in record.getMessage()]
        assert box.status().generation == before + 1
        assert box.upkeep.verify() == []


def test_the_change_log_ends_after_its_days_and_its_numbers_go_on(home: Path, catalog: Path) -> None:
    with Box(home, encoder=FakeEncoder(), log_days=30) as box:
        box.index(catalog)
        with box.database.write() as tables:
            last = changes.head(tables)
            tables.execute("UPDATE changes SET at = '2001-01-01T00:00:00+00:00'")
        box.index(catalog)
        with box.database.read() as tables:
            assert tables.execute("SELECT count(*) FROM changes").fetchone()[0] == 1
            assert changes.head(tables) == last
        box.products.set("SKU-01", {"price": "1"})
        with box.database.read() as tables:
            assert changes.head(tables) == last + 1


def test_an_unchanged_folder_loads_no_network(filled: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Box(filled, encoder=FakeEncoder()) as box:

        def refuse(_: object) -> None:
            raise AssertionError("loaded")

        monkeypatch.setattr(type(box.encoders), "ingest", property(refuse))
        assert box.index(catalog).unchanged == 12


def test_removed_products_photos_are_not_counted(filled: Path, catalog: Path) -> None:
    with Box(filled, encoder=FakeEncoder()) as box:
        box.products.remove("SKU-05")
        report = box.index(catalog)
        assert (report.products, report.images) == (11, 11)
        assert (box.status().products, box.status().images) == (11, 11)
