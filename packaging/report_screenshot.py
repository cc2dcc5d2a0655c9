"""Take the README's picture of a report: ``python packaging/report_screenshot.py [--output docs/report.png]``.

The sample catalog is indexed by the shipped encoder and evaluated with its own kiosk-like query photos; Chromium shows
the page that ``edge-search evaluate --report`` wrote. Every picture in it is rendered, none is anybody's photo.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Parse the command line and take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=_ROOT / "docs" / "report.png", help="default: docs/report.png")
    output: Path = parser.parse_args().output
    sys.path[:0] = [str(_ROOT / "packaging"), str(_ROOT)]
    from screenshot import small

    with tempfile.TemporaryDirectory() as work:
        picture = _taken(Path(work))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(small(picture))
    print(f"{output}: {output.stat().st_size / 1000:.0f} kB")


def _taken(work: Path) -> bytes:
    from playwright.sync_api import sync_playwright
    from stage.shop import command
    from stage.visitor import launch

    queries, page = _ROOT / "catalog" / "queries" / "queries.csv", work / "report.html"
    command(work / "home", "index", str(_ROOT / "catalog"))
    command(work / "home", "evaluate", "--queries", str(queries), "--report", str(page))
    with sync_playwright() as playwright:
        browser = launch(playwright)
        opened = browser.new_page(viewport={"width": 1200, "height": 1600})
        opened.goto(page.as_uri())
        opened.evaluate("Promise.all([...document.images].map((image) => image.decode().catch(() => 0)))")
        picture: bytes = opened.screenshot(animations="disabled")
        browser.close()
    return picture


if __name__ == "__main__":
    main()
