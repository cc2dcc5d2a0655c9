"""A real server on the sample catalog, a real Chromium, and films for its camera."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance
from playwright.sync_api import expect

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

from stage.film import counter, framed, write_film  # noqa: E402
from stage.shop import Shop, command  # noqa: E402
from stage.visitor import CHROMIUM, Visitor, launch  # noqa: E402

# Five seconds, the default, are few where other tests load the machine too.
expect.set_options(timeout=30_000)

PIN = "274916"
ARTEFACTS = ROOT / ".artefacts" / "page"

Open = Callable[..., Visitor]


def _scenes(name: str) -> list[tuple[Image.Image, float]]:
    """Return what the camera sees: ``counter``, ``dark``, ``hands`` (nothing, then a mug), or a sample query's SKU."""
    if name == "counter":
        return [(counter(), 1)]
    if name == "dark":
        return [(ImageEnhance.Brightness(counter()).enhance(0.06), 1)]
    if name == "hands":
        return [(counter(), 5), (framed(ROOT / "catalog" / "queries" / "MPD-MUG-FOX.jpg"), 6)]
    path = Path(name) if name.endswith(".jpg") else ROOT / "catalog" / "queries" / f"{name}.jpg"
    return [(framed(path), 1)]


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample catalog, by the real encoder, and a PIN; copied by who changes it."""
    home = tmp_path_factory.mktemp("page") / "home"
    command(home, "index", str(ROOT / "catalog"))
    command(home, "pin", "set", "--stdin", text=f"{PIN}\n")
    return home


@pytest.fixture(scope="module")
def shop(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop that nobody changes."""
    home = tmp_path_factory.mktemp("shop") / "home"
    shutil.copytree(sample_home, home)
    with Shop(home, shop_name="Corner Pantry", shop_currency="EUR") as opened:
        yield opened


@pytest.fixture
def own_shop(sample_home: Path, tmp_path: Path) -> Iterator[Shop]:
    """A shop that the test may change or stop."""
    home = tmp_path / "own"
    shutil.copytree(sample_home, home)
    with Shop(home, shop_name="Corner Pantry", shop_currency="EUR") as opened:
        yield opened


# Not longer than a module: while Playwright runs, nothing else in this thread can use asyncio.
@pytest.fixture(scope="module")
def _browsers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., object]]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    films = tmp_path_factory.mktemp("films")
    with sync_playwright() as playwright:
        running: dict[object, object] = {}

        def browser(film: str | None, allowed: bool = True) -> object:
            key = (film, allowed)
            if key not in running:
                path = None
                if film is not None:
                    path = films / f"{re.sub(r'[^A-Za-z0-9]+', '-', film)}.y4m"
                    if not path.exists():
                        write_film(path, _scenes(film))
                # One at a time: each takes a few hundred megabytes.
                for other in list(running):
                    running.pop(other).close()  # type: ignore[attr-defined]
                running[key] = launch(playwright, path, allowed=allowed)
            return running[key]

        yield browser
        for left in running.values():
            left.close()  # type: ignore[attr-defined]


@pytest.fixture
def visit(_browsers: Callable[..., object], request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open the page: ``visit(shop, film="FJE-250-DRK")``; a console error or a request to elsewhere fails the test."""
    visits: list[Visitor] = []

    def opened(
        at: Shop, film: str | None = "FJE-250-DRK", *, allowed: bool = True, path: str | None = "/", **context: object
    ) -> Visitor:
        visitor = Visitor(_browsers(film, allowed), at.address, **context)  # type: ignore[arg-type]
        visits.append(visitor)
        if path is not None:
            visitor.open(path)
            visitor.page.wait_for_selector("body[data-screen]")
        return visitor

    yield opened
    faults = [fault for visitor in visits for fault in visitor.faults]
    for visitor in visits:
        visitor.close()
    assert faults == []


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Callable[[Visitor, str], None]:
    """Keep a picture of the page: ``keep(visitor, "answer")``."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)

    def kept(visitor: Visitor, name: str) -> None:
        visitor.page.screenshot(path=ARTEFACTS / f"{name}.png", animations="disabled")

    return kept
