"""`bench serve` on a small shop: what it reports and whom it asks, not how fast."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import edge_search
from edge_search.bench.crowd import KINDS
from edge_search.bench.server import Caller, serving
from edge_search.bench.shop import CAMERA, KIOSK, copied_home, drawn_home, drawn_photo
from edge_search.errors import EdgeSearchError
from edge_search.store.home import Home

STAGES = ["receive", "decode", "encode", "search", "outside decode and encode", "total"]


def bench(home: Path, *arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "edge_search", "--home", str(home), "bench", "serve", "--json", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    assert document["machine"]["cores"] >= 1
    rows: list[dict[str, Any]] = document["rows"]
    return rows


def test_a_drawn_shop_is_measured_from_every_side(tmp_path: Path) -> None:
    rows = {
        row["what"]: row
        for row in bench(
            tmp_path / "home", "--products", "60", "--requests", "4", "--clients", "3", "--seconds", "0.5",
            "--crowd", "10", "--teach", "60", "--rounds", "1",
        )
    }  # fmt: skip
    assert not (tmp_path / "home").exists(), "the home is not touched"
    one = [rows[f"one client: {stage}"] for stage in STAGES]
    assert all(0 < row["p50_ms"] <= row["p95_ms"] and row["requests"] == 4 for row in one)
    assert one[0]["photo_mb"] > 2, "a photo of 12 megapixels"
    # Medians of four, so sums hold roughly only.
    outside, total = rows["one client: outside decode and encode"], rows["one client: total"]
    assert outside["p50_ms"] < total["p50_ms"]
    assert "one client: rerank" not in rows, "nothing is compared in detail"

    several = rows["3 clients at once"]
    assert several["errors"] == 0
    assert several["requests"] >= 3
    shares = [several[f"share_of_{what}"] for what in ("network", "encoder", "decode+encode")]
    assert 0 < shares[0] <= shares[1] * 1.5
    assert all(0 < share < 3 for share in shares)
    assert all(row["per_s"] > 0 for what, row in rows.items() if what.startswith("alone: "))

    for what in ("/v1/categories", "search"):
        beside, idle = (rows[f"healthy client, {what}, {how}"] for how in ("beside a crowd", "idle server"))
        assert beside["requests"] > 0 < idle["requests"]
        assert beside["p99_ratio"] == pytest.approx(beside["p99_ms"] / idle["p99_ms"], rel=0.05, abs=0.02)
    assert {what for what in rows if what.startswith("crowd: ")} == {f"crowd: {kind}" for kind in KINDS}
    for kind in KINDS:
        assert rows[f"crowd: {kind}"]["clients"] == 2
        assert 0 <= rows[f"crowd: {kind}"]["longest_s"] < 60, "all were dropped"

    taught = rows["beside an ingest of 60 photos: teach"]
    assert taught["errors"] == 0
    assert taught["found_at_once"] == taught["requests"]


def test_the_shops_own_photos_and_catalog_are_taken_and_left_alone(tmp_path: Path, repository: Path) -> None:
    home, photos = tmp_path / "home", tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes((repository / "catalog" / "queries" / "MPD-MUG-FOX.jpg").read_bytes())
    with edge_search.open(home) as box:
        box.add("MPD-MUG-FOX", photos / "a.jpg")
    with edge_search.open(home) as box:
        journal, images = len(list(box.changes.since(0))), box.status().images
    (row, *_) = bench(home, str(photos), "--requests", "2", "--clients", "0", "--crowd", "0")
    assert row["photo_mb"] < 1
    with edge_search.open(home) as box, box.database.read() as tables:
        assert (len(list(box.changes.since(0))), box.status().images) == (journal, images)
        assert tables.execute("SELECT count(*) FROM queries").fetchone() == (0,)
        assert not box.tokens.any()


def test_a_copy_of_a_home_answers_the_same(tmp_path: Path, repository: Path) -> None:
    photo = (repository / "catalog" / "queries" / "MPD-MUG-FOX.jpg").read_bytes()
    with edge_search.open(tmp_path / "home") as box:
        box.add("MPD-MUG-FOX", photo, title="Fox mug")
        box.compact()
        expected = [(hit.sku, hit.title) for hit in box.search(photo).hits]
        copied_home(Home(tmp_path / "home"), tmp_path / "copy")
    with serving(tmp_path / "copy") as server, Caller(server.port) as caller:
        hits = caller.search(photo).document["hits"]
    assert [(hit["sku"], hit["title"]) for hit in hits] == expected


def test_a_drawn_home_has_as_many_products_as_asked_for(tmp_path: Path) -> None:
    drawn_home(tmp_path / "home", 730)
    with edge_search.open(tmp_path / "home") as box:
        status = box.status()
        assert (status.products, status.images, status.tail) == (730, 730, 0)
        answer = box.search(drawn_photo(KIOSK, 1))
    assert len(answer.hits) == 5
    assert answer.hits[0].title.startswith("Drawn product")


def test_drawn_photos_are_as_large_as_a_cameras_and_differ() -> None:
    photo = drawn_photo(CAMERA, 3)
    assert Image.open(io.BytesIO(photo)).size == (4000, 3000)
    assert 2.5e6 < len(photo) < 5e6
    assert drawn_photo(KIOSK, 1) == drawn_photo(KIOSK, 1) != drawn_photo(KIOSK, 2)


def test_a_server_that_doesnt_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text("hits = 'many'\n", encoding="utf-8")
    with pytest.raises(EdgeSearchError, match=r"doesn't start: .*hits"), serving(tmp_path / "home"):
        pass


def test_the_process_is_gone_afterwards(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as server:
        os.kill(server.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)
