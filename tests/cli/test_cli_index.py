"""`index` and `search` as a user runs them."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.ran import Run

Photo = Callable[..., Path]


@pytest.fixture
def catalog(tmp_path: Path, photo: Photo) -> Path:
    root = tmp_path / "catalog"
    for number in range(6):
        photo(root / f"SKU-{number}" / "front.jpg", number)
        photo(root / f"SKU-{number}" / "back.png", 100 + number)
    rows = "\n".join(f"SKU-{n},Thing {n},{'Even' if n % 2 == 0 else 'Odd'},{n + 0.5},{n}" for n in range(6))
    (root / "products.csv").write_text(f"sku,title,category,price,stock\n{rows}\n", encoding="utf-8")
    return root


def test_index_reports_what_it_did_as_the_contract_says(run: Run, catalog: Path) -> None:
    (catalog / "SKU-0" / "broken.jpg").write_text("not a photo")
    report = run("index", catalog, "--json")
    assert report.code == 0
    assert {"added", "updated", "removed", "unchanged", "skipped", "images", "products", "seconds"} <= set(report.json)
    assert (report.json["added"], report.json["images"], report.json["products"]) == (12, 12, 6)
    assert [set(bad) for bad in report.json["skipped"]] == [{"path", "reason"}]
    assert report.json["skipped"][0]["path"] == "SKU-0/broken.jpg"
    again = run("index", "--json").json
    assert (again["added"], again["unchanged"], len(again["skipped"])) == (0, 12, 1)


def test_index_in_words_names_what_was_skipped(run: Run, catalog: Path) -> None:
    (catalog / "SKU-0" / "broken.jpg").write_bytes(b"")
    shown = run("index", catalog)
    assert "12 added" in shown.out
    assert "SKU-0/broken.jpg" in shown.out
    assert shown.err == ""


def test_search_answers_as_the_contract_says(run: Run, catalog: Path) -> None:
    run("index", catalog)
    answer = run("search", catalog / "SKU-3" / "front.jpg", "-k", "3", "--json").json
    assert set(answer) >= {
        "query_id",
        "verdict",
        "quality",
        "hits",
        "timings_ms",
        "encoder",
        "projection",
        "generation",
    }
    assert set(answer["timings_ms"]) == {"decode", "encode", "search", "rerank", "total"}
    assert answer["calibrated"] is False
    assert answer["generation"] == 1
    first = answer["hits"][0]
    assert (first["rank"], first["sku"], first["title"], first["category"], first["price"]) == (
        1, "SKU-3", "Thing 3", "Odd", 3.5,
    )  # fmt: skip
    assert first["similarity"] == pytest.approx(1, abs=1e-3)
    assert Path(first["image"]).is_file()
    assert len(answer["hits"]) == 3


def test_search_reads_a_photo_from_stdin(run: Run, catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("index", catalog)
    data = (catalog / "SKU-4" / "front.jpg").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert run("search", "-", "--json").json["hits"][0]["sku"] == "SKU-4"


def test_search_in_words_shows_title_score_and_time(run: Run, catalog: Path) -> None:
    run("index", catalog)
    shown = run("search", catalog / "SKU-3" / "front.jpg")
    assert "Thing 3" in shown.out
    assert "3.50" in shown.out
    assert " ms (decode" in shown.out


@pytest.mark.parametrize(
    ("options", "skus"),
    [
        (["--category", "even"], {"SKU-0", "SKU-2", "SKU-4"}),
        (["--category", "Even", "--category", "Odd"], {f"SKU-{n}" for n in range(6)}),
        (["--where", "price<2"], {"SKU-0", "SKU-1"}),
        (["--where", "price>2", "--where", "stock<=3"], {"SKU-2", "SKU-3"}),
        (["--where", "title~thing 5"], {"SKU-5"}),
    ],
)
def test_search_keeps_to_category_and_conditions(run: Run, catalog: Path, options: list[str], skus: set[str]) -> None:
    run("index", catalog)
    answer = run("search", catalog / "SKU-3" / "front.jpg", "-k", "20", *options, "--json").json
    assert {hit["sku"] for hit in answer["hits"]} == skus


def test_an_emptied_folder_deletes_nothing_without_yes(run: Run, catalog: Path, tmp_path: Path) -> None:
    run("index", catalog)
    catalog.rename(tmp_path / "elsewhere")
    catalog.mkdir()
    held = run("index", catalog, "--json")
    assert held.code == 0
    assert (held.json["removed"], held.json["images"], held.json["products"]) == (0, 12, 6)
    assert held.json["held"]["products"] == 6
    assert "--yes" in held.err
    assert run("status", "--check").code == 1
    done = run("index", catalog, "--yes", "--json").json
    assert (done["removed"], done["images"], done["products"]) == (12, 0, 0)


def test_search_of_an_empty_catalog_says_what_to_do(run: Run, photo: Photo, tmp_path: Path) -> None:
    shown = run("search", photo(tmp_path / "query.jpg", 1))
    assert shown.code == 0
    assert "edge-search index FOLDER" in shown.out
    assert run("search", tmp_path / "query.jpg", "--json").json["verdict"] == "none"
