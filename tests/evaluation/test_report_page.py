"""The reports in a real Chromium: nothing is fetched, nothing is complained about."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edge_search.appliance.box import Box

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

from stage.visitor import CHROMIUM, launch  # noqa: E402

ARTEFACTS = ROOT / ".artefacts" / "reports"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both reports of the sample catalog, by the real encoder; its titles are made to hurt a page."""
    work = tmp_path_factory.mktemp("reports")
    catalog = work / "catalog"
    shutil.copytree(ROOT / "catalog", catalog, ignore=shutil.ignore_patterns(".edge-search-*"))
    (catalog / "queries").rename(work / "queries")
    bad = "HOL-340-BLU<script>window.hurt=1<"  # no SKU may hold a slash
    (catalog / "HOL-340-BLU").rename(catalog / bad)
    table = (catalog / "products.csv").read_text(encoding="utf-8").replace("HOL-340-BLU", bad)
    (catalog / "products.csv").write_text(table, encoding="utf-8")
    queries = work / "queries" / "queries.csv"
    queries.write_text(queries.read_text(encoding="utf-8").replace(",HOL-340-BLU,", f",{bad},"), encoding="utf-8")
    found = {"evaluation": work / "evaluation.html", "diagnosis": work / "diagnosis.html"}
    with Box(work / "home") as box:
        box.index(catalog)
        box.evaluate.report(box.evaluate(queries), found["evaluation"])
        box.diagnose.report(box.diagnose(photos=40), found["diagnosis"])
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = launch(playwright)
        yield opened
        opened.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["evaluation", "diagnosis"])
def test_a_report_opens_without_network_or_a_complaint(
    pages: dict[str, Path], browser: Any, name: str, scheme: str
) -> None:
    faults: list[str] = []
    asked: list[str] = []
    page = browser.new_page(viewport={"width": 1100, "height": 900}, color_scheme=scheme)
    page.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())
    pictures = page.evaluate(
        "Promise.all([...document.images].map((i) => i.decode().then(() => i.naturalWidth > 20, () => false)))"
    )
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}-{scheme}.png", full_page=True)
    assert faults == []
    assert [url for url in asked if not url.startswith("data:")] == [pages[name].as_uri()]
    assert len(pictures) >= 6
    assert all(pictures)
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("window.hurt") is None
    assert page.locator("svg").count() >= 2
    assert page.evaluate("[...document.querySelectorAll('svg')].every((s) => s.getBoundingClientRect().height > 40)")
    # Nothing sticks out of the page, on a desk or on a phone.
    for width in (1100, 380):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_picture_in_the_readme_is_there(repository: Path) -> None:
    assert "](docs/report.png)" in (repository / "README.md").read_text(encoding="utf-8")
    with Image.open(repository / "docs" / "report.png") as picture:
        assert picture.size == (1200, 1600)
    assert (repository / "docs" / "report.png").stat().st_size < 500_000
