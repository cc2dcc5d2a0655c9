"""Real photos: held-out queries against a small catalog, on both runtimes, through the command line."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

RUNTIMES = ("openvino", "onnxruntime")


def edge_search(home: Path, *arguments: object) -> Any:
    command = [sys.executable, "-m", "edge_search", "--home", str(home), *map(str, arguments), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def natural(tmp_path_factory: pytest.TempPathFactory, grocery: Path) -> Path:
    """Four phone photos a SKU."""
    home = tmp_path_factory.mktemp("natural")
    report = edge_search(home, "index", "--manifest", grocery / "catalog.csv")
    assert (report["images"], report["products"], report["skipped"]) == (324, 81, [])
    return home


@pytest.fixture(scope="module")
def iconic(tmp_path_factory: pytest.TempPathFactory, grocery: Path) -> Path:
    """One shop picture a SKU."""
    home = tmp_path_factory.mktemp("iconic")
    assert edge_search(home, "index", "--manifest", grocery / "catalog_iconic.csv")["images"] == 81
    return home


@pytest.fixture(scope="module")
def evaluated(natural: Path, grocery: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Path]]:
    """What ``evaluate`` says of each runtime among phone photos, and its report page."""
    found = {}
    for runtime in RUNTIMES:
        page = tmp_path_factory.mktemp("report") / "report.html"
        options = ("--queries", grocery / "queries.csv", "--runtime", runtime, "--report", page)
        found[runtime] = edge_search(natural, "evaluate", *options), page
    return found


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_phone_photos_are_found_among_phone_photos(evaluated: dict[str, tuple[Any, Path]], runtime: str) -> None:
    figures, _ = evaluated[runtime]
    assert (figures["queries"], figures["skus"], figures["unknown_skus"]) == (296, 60, [])
    assert figures["recall"]["1"] >= 0.50
    assert figures["recall"]["5"] >= 0.86


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_phone_photos_are_found_among_shop_pictures(iconic: Path, grocery: Path, runtime: str) -> None:
    figures = edge_search(iconic, "evaluate", "--queries", grocery / "queries.csv", "--runtime", runtime)
    assert figures["recall"]["1"] >= 0.36


def test_both_runtimes_agree(evaluated: dict[str, tuple[Any, Path]]) -> None:
    recall = [evaluated[runtime][0]["recall"] for runtime in RUNTIMES]
    assert {depth: recall[0][depth] - recall[1][depth] for depth in recall[0]} == pytest.approx(
        dict.fromkeys(recall[0], 0), abs=0.03
    )


def test_both_manifests_stand_side_by_side_in_one_home(natural: Path, tmp_path: Path, grocery: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(natural, home)
    report = edge_search(home, "index", "--manifest", grocery / "catalog_iconic.csv")
    assert (report["images"], report["products"]) == (405, 81)
    again = edge_search(home, "index")
    assert (again["added"], again["removed"], again["unchanged"], again["encoded"]) == (0, 0, 405, 0)
    sources = edge_search(home, "status")["sources"]
    assert [source["images"] for source in sources] == [324, 81]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_report_page_shows_the_misses(evaluated: dict[str, tuple[Any, Path]], runtime: str) -> None:
    figures, page = evaluated[runtime]
    text = page.read_text(encoding="utf-8")
    missed = round((1 - figures["recall"]["1"]) * figures["queries"])
    assert f"Worst queries: the first 60 of {missed}" in text
    assert text.count("data:image/jpeg;base64,") >= 2 * min(missed, 60)
    assert not {"http://", "https://"} & set(re.findall(r"https?://", text))
