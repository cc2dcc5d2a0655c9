"""Take the README's picture: ``python packaging/screenshot.py [--output docs/kiosk.png]``.

The sample catalog is indexed by the shipped encoder, a real server answers, and Chromium's camera sees one of the
sample's query photos: what the picture shows is a real answer.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_PHOTO = "MPD-MUG-FOX"
_COLOURS = 256


def main() -> None:
    """Parse the command line and take the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=_ROOT / "docs" / "kiosk.png", help="default: docs/kiosk.png")
    output: Path = parser.parse_args().output
    sys.path[:0] = [str(_ROOT / "packaging"), str(_ROOT)]
    with tempfile.TemporaryDirectory() as work:
        picture = _taken(Path(work))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(small(picture))
    print(f"{output}: {output.stat().st_size / 1000:.0f} kB")


def _taken(work: Path) -> bytes:
    from playwright.sync_api import sync_playwright
    from stage.film import framed, write_film
    from stage.shop import Shop, command
    from stage.visitor import Visitor, launch

    film = write_film(work / "film.y4m", [(framed(_ROOT / "catalog" / "queries" / f"{_PHOTO}.jpg"), 1)])
    command(work / "home", "index", str(_ROOT / "catalog"))
    with Shop(work / "home", shop_name="Corner Pantry", shop_currency="EUR") as shop, sync_playwright() as playwright:
        visitor = Visitor(launch(playwright, film), shop.address, width=1280, height=860)
        page = visitor.open()
        page.locator("#shutter:enabled").click()
        page.locator(f'.product[data-sku="{_PHOTO}"]').wait_for()
        page.evaluate("Promise.all([...document.images].map((image) => image.decode().catch(() => 0)))")
        return page.screenshot(animations="disabled")


def small(png: bytes) -> bytes:
    """Return a PNG with 256 colours, which takes a third of the bytes."""
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(out, "PNG", optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
