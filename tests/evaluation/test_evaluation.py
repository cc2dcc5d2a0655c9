"""Evaluation and its report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.errors import CatalogError

Photos = Callable[..., Path]


@pytest.fixture
def queries(box: Box, tmp_path: Path, photo: Photos) -> Path:
    """Two right, one wrong, one of a SKU the box doesn't have, one unreadable, one missing."""
    for number in range(4):
        photo(tmp_path / "stick" / f"sku{number}" / "1.jpg", number)
    box.index(tmp_path / "stick")
    lines = ["path,sku,category"]
    for name, seed, sku in (("a", 0, "sku0"), ("b", 1, "sku1"), ("c", 2, "sku3"), ("d", 3, "<b>&other")):
        photo(tmp_path / f"{name}.jpg", seed)
        lines.append(f"{name}.jpg,{sku},<i>cat")
    (tmp_path / "bad.jpg").write_bytes(b"no photo")
    lines += ["bad.jpg,sku0,", "missing.jpg,sku0,"]
    (tmp_path / "queries.csv").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "queries.csv"


def test_figures(box: Box, queries: Path) -> None:
    calls: list[tuple[int, int]] = []
    result = box.evaluate(queries, progress=lambda done, total: calls.append((done, total)))
    figures = result.to_dict()
    assert figures["recall"]["1"] == 0.5
    assert figures["recall"]["20"] == 0.75
    assert figures["queries"] == 4
    assert figures["skus"] == 4
    assert figures["unknown_skus"] == ["<b>&other"]
    assert sorted(bad["path"] for bad in figures["skipped"]) == ["bad.jpg", "queries.csv:7"]
    assert figures["catalog"] == {"images": 4, "products": 4}
    assert figures["categories"]["<i>cat"]["1"] == 0.5
    rank = next(query.rank for query in result.queries if query.sku == "sku3")
    assert figures["mrr"] == pytest.approx((2 + 1 / rank) / 4, abs=1e-4)
    assert calls == [(done, 5) for done in range(6)]


def test_evaluation_stores_nothing(box: Box, queries: Path) -> None:
    before = box.status()
    box.evaluate(queries)
    assert box.status().catalog_digest == before.catalog_digest
    assert [source.kind for source in box.status().sources] == ["folder"]


def test_report_escapes_what_the_catalog_says(box: Box, queries: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    box.write_report(box.evaluate(queries), queries, page)
    text = page.read_text(encoding="utf-8")
    assert "<b>&other" not in text
    assert "&lt;b&gt;&amp;other" in text
    assert "<i>cat" not in text
    assert "&lt;i&gt;cat" in text
    assert "http" not in text  # everything is in the page
    assert text.count("data:image/jpeg;base64,") >= 4
    assert "c.jpg" in text
    assert "a.jpg" not in text  # only the misses are listed


def test_no_query_that_can_be_searched_is_one_line(box: Box, tmp_path: Path) -> None:
    (tmp_path / "queries.csv").write_text("path,sku\nmissing.jpg,tea\n")
    with pytest.raises(CatalogError, match=r"^[^\n]*no query photo[^\n]*$"):
        box.evaluate(tmp_path / "queries.csv")
