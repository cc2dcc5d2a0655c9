"""`evaluate` on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.ran import Run

Photos = Callable[..., Path]


def catalog(tmp_path: Path, photo: Photos, skus: int, photos: int) -> Path:
    """Make a catalog and queries; every query of the last SKU shows the first, and one is of no SKU that is there."""
    lines = ["path,sku,category"]
    for sku in range(skus):
        photo(tmp_path / "stick" / f"sku{sku}" / "1.jpg", sku)
        for number in range(photos):
            photo(tmp_path / f"{sku}-{number}.jpg", sku if sku < skus - 1 else 0, quality=50 + 4 * number)
            lines.append(f"{sku}-{number}.jpg,sku{sku},{'tea' if sku < 5 else 'jam'}")
    photo(tmp_path / "absent.jpg", 99)
    lines.append("absent.jpg,gone,tea")
    (tmp_path / "queries.csv").write_text("\n".join(lines))
    return tmp_path / "queries.csv"


def test_enough_photos_give_tables_with_intervals(run: Run, tmp_path: Path, photo: Photos) -> None:
    queries = catalog(tmp_path, photo, 6, 7)
    run("index", tmp_path / "stick")
    ran = run("evaluate", "--queries", queries, "--report", tmp_path / "page.html")
    assert ran.code == 0
    for words in ("95 % interval", "match: right SKU", "exact → HNSW index", "nothing is fitted", "MRR", "p50"):
        assert words in ran.out
    assert " 0.833 " in ran.out
    assert "tea" in ran.out  # 35 photos of 5 SKUs
    assert "1 category has under 30 photos of 5 SKUs" in ran.out
    assert ran.err == "edge-search: 1 photo of 1 SKU not in the catalog, counted apart\n"
    assert (tmp_path / "page.html").stat().st_size > 10_000


def test_few_photos_give_figures_but_no_conclusion(run: Run, tmp_path: Path, photo: Photos) -> None:
    queries = catalog(tmp_path, photo, 3, 2)
    run("index", tmp_path / "stick")
    ran = run("evaluate", "--queries", queries)
    assert "6 photos: too few to conclude anything" in ran.out
    assert " to 1.000" not in ran.out
    assert "tea" not in ran.out


@pytest.mark.parametrize("losses", [True, False])
def test_json_is_one_document_with_or_without_losses(run: Run, tmp_path: Path, photo: Photos, losses: bool) -> None:
    queries = catalog(tmp_path, photo, 3, 2)
    run("index", tmp_path / "stick")
    figures = run("evaluate", "--queries", queries, "--losses" if losses else "--no-losses", "--json").json
    assert (figures["queries"], figures["skus"], figures["absent"]["queries"]) == (7, 4, 1)
    assert set(figures["recall"]) == {"1", "5", "20"}
    assert set(figures["latency_ms"]) == {"p50", "p95"}
    assert bool(figures["losses"]) == losses
