"""Evaluation and its report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.errors import CatalogError, InvalidValue

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


@pytest.fixture
def many(box: Box, tmp_path: Path, photo: Photos) -> Path:
    """36 photos of 6 SKUs, of which sku5's show sku4; and two of a SKU that is not there."""
    lines = ["path,sku"]
    for sku in range(6):
        photo(tmp_path / "stick" / f"sku{sku}" / "1.jpg", sku)
        for number in range(6):
            photo(tmp_path / f"{sku}-{number}.jpg", min(sku, 4), quality=60 + 5 * number)
            lines.append(f"{sku}-{number}.jpg,sku{sku}")
    (tmp_path / "stick" / "products.csv").write_text(
        "sku,title,category\n" + "".join(f"sku{n},Title {n},{'Tea' if n < 5 else 'Jam'}\n" for n in range(6))
    )
    box.index(tmp_path / "stick")
    for number, seed in enumerate((4, 77)):
        photo(tmp_path / f"absent-{number}.jpg", seed)
        lines.append(f"absent-{number}.jpg,gone")
    (tmp_path / "queries.csv").write_text("\n".join(lines))
    return tmp_path / "queries.csv"


def test_figures(box: Box, queries: Path) -> None:
    calls: list[tuple[int, int]] = []
    result = box.evaluate(queries, losses=False, progress=lambda done, total: calls.append((done, total)))
    figures = result.to_dict()
    assert figures["recall"]["1"] == pytest.approx(2 / 3, abs=1e-4)  # of those that can be found
    assert figures["recall"]["20"] == 1
    assert figures["queries"] == 4
    assert figures["skus"] == 4
    assert figures["unknown_skus"] == ["<b>&other"]
    assert figures["absent"]["queries"] == 1
    assert sorted(bad["path"] for bad in figures["skipped"]) == ["bad.jpg", "queries.csv:7"]
    assert figures["catalog"] == {"images": 4, "products": 4}
    rank = next(query.rank for query in result.queries if query.sku == "sku3")
    assert figures["mrr"] == pytest.approx((2 + 1 / rank) / 3, abs=1e-4)
    assert figures["latency_ms"]["p95"] >= figures["latency_ms"]["p50"] > 0
    assert set(figures["stages_ms"]) == {"decode", "encode", "search", "rerank"}
    assert figures["confused"] == [{"sku": "sku3", "instead": "sku2", "count": 1, "matched": 1, "asked": 1}]
    assert figures["losses"] == {}
    assert calls == [(done, 5) for done in range(6)]
    json.dumps(figures)


def test_progress_goes_through_the_losses_too_and_ends_at_its_total(box: Box, queries: Path) -> None:
    calls: list[tuple[int, int]] = []
    box.evaluate(queries, progress=lambda done, total: calls.append((done, total)))
    assert [total for _, total in calls] == [10] * len(calls)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert calls[-1] == (10, 10)


def test_nothing_is_concluded_from_few_photos(box: Box, queries: Path, tmp_path: Path) -> None:
    result = box.evaluate(queries)
    figures = result.to_dict()
    assert not figures["enough"]
    assert figures["recall_interval95"] is None
    assert figures["categories"] == {}
    assert figures["verdict"]["precision_interval95"] is figures["verdict"]["coverage_interval95"] is None
    assert all(row.get("loss_interval95") is None for row in figures["losses"].values())
    box.evaluate.report(result, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "too few to conclude anything" in text
    assert "By category" not in text


def test_many_photos_give_intervals_verdicts_and_categories(box: Box, many: Path, tmp_path: Path) -> None:
    result = box.evaluate(many, losses=False)
    figures = result.to_dict()
    assert figures["enough"]
    assert figures["recall"]["1"] == pytest.approx(5 / 6, abs=1e-4)
    low, high = figures["recall_interval95"]["1"]
    assert low < 5 / 6 < high <= 1
    # The fake encoder finds its pictures for sure: whatever is named is a "match".
    verdict, absent = figures["verdict"], figures["absent"]
    assert verdict["precision"] == verdict["coverage"] == pytest.approx(5 / 6, abs=1e-4)
    assert verdict["wrong_match"] == pytest.approx(1 / 6, abs=1e-4)
    assert verdict["precision_interval95"][0] < 5 / 6 < verdict["precision_interval95"][1]
    assert (absent["queries"], absent["skus"], absent["match"], absent["match_share"]) == (2, 1, 1, 0.5)
    assert absent["match_share_interval95"] is None
    assert figures["queries"] == 38
    # By the catalog's own categories, as the queries name none; one of a single SKU has no interval.
    assert figures["categories"]["Tea"]["1"] == 1
    assert figures["categories"]["Tea"]["interval95"]["1"] == [1, 1]
    assert (figures["categories"]["Jam"]["enough"], figures["categories"]["Jam"]["interval95"]) == (False, None)
    box.evaluate.report(result, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'aria-label="Recall@1 by category"' in text
    assert "nothing is concluded: Jam (6)" in text
    # Every photo of the wrong SKU is listed, and the absent one that was named all the same.
    assert "Worst queries: 7" in text


def test_evaluation_stores_nothing(box: Box, queries: Path) -> None:
    before = box.status()
    box.evaluate(queries)
    assert box.status().catalog_digest == before.catalog_digest
    assert [source.kind for source in box.status().sources] == ["folder"]


def test_report_escapes_what_the_catalog_says(box: Box, queries: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    box.evaluate.report(box.evaluate(queries), page)
    text = page.read_text(encoding="utf-8")
    assert "<b>&other" not in text
    assert "&lt;b&gt;&amp;other" in text
    assert "<i>cat" not in text
    assert "http://" not in text  # everything is in the page
    assert "https://" not in text
    assert text.count("data:image/jpeg;base64,") >= 4
    assert "c.jpg" in text
    assert "a.jpg" not in text  # only what went wrong is listed
    assert text.index("c.jpg") < text.index("Confused products")


def test_a_report_that_has_no_folder_is_refused(box: Box, queries: Path, tmp_path: Path) -> None:
    result = box.evaluate(queries, losses=False)
    with pytest.raises(InvalidValue, match=r"no folder .*nowhere; make it first"):
        box.evaluate.report(result, tmp_path / "nowhere" / "report.html")
    with pytest.raises(InvalidValue, match="that is a folder"):
        box.evaluate.report(result, tmp_path)


def test_pictures_of_the_report_come_from_the_source_where_no_previews_are_kept(
    tmp_path: Path, photo: Photos, box: Box
) -> None:
    with Box(tmp_path / "bare", encoder=box.encoders.query, previews=False) as bare:
        for number in range(2):
            photo(tmp_path / "stick" / f"sku{number}" / "1.jpg", number)
        bare.index(tmp_path / "stick")
        (tmp_path / "queries.csv").write_text("path,sku\nstick/sku0/1.jpg,sku1\n")
        bare.evaluate.report(bare.evaluate(tmp_path / "queries.csv"), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").count("data:image/jpeg") >= 3


def test_no_query_that_can_be_searched_is_one_line(box: Box, tmp_path: Path) -> None:
    (tmp_path / "queries.csv").write_text("path,sku\nmissing.jpg,tea\n")
    with pytest.raises(CatalogError, match=r"^[^\n]*no query photo[^\n]*$"):
        box.evaluate(tmp_path / "queries.csv")
