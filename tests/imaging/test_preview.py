"""Previews are small JPEGs that tell nothing but the picture."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from edge_search.imaging.preview import make_preview


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize(
    ("size", "expected"),
    [((640, 853), (360, 480)), ((480, 100), (480, 100)), ((30, 20), (30, 20)), ((5000, 20), (480, 2))],
)
def test_size(size: tuple[int, int], expected: tuple[int, int]) -> None:
    preview = opened(make_preview(Image.new("RGB", size, (200, 30, 90))))
    assert (preview.format, preview.mode, preview.size) == ("JPEG", "RGB", expected)
    assert preview.getpixel((1, 1)) == pytest.approx((200, 30, 90), abs=4)


def test_side_and_quality() -> None:
    image = Image.effect_noise((300, 300), 80).convert("RGB")
    assert opened(make_preview(image, side=100)).size == (100, 100)
    assert len(make_preview(image, quality=30)) < len(make_preview(image, quality=90))


def test_no_metadata() -> None:
    image = Image.new("RGB", (64, 64))
    image.info |= {"exif": b"Exif\0\0secret place", "comment": b"secret", "icc_profile": b"secret", "xmp": b"secret"}
    data = make_preview(image)
    assert b"secret" not in data
    assert set(opened(data).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_other_modes() -> None:
    assert opened(make_preview(Image.new("LA", (40, 40)))).mode == "RGB"


def test_a_small_jpeg_without_metadata_is_its_own_preview() -> None:
    image = Image.effect_noise((300, 200), 40).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=70)
    assert make_preview(image, data=buffer.getvalue()) == buffer.getvalue()


@pytest.mark.parametrize("oddity", ["exif", "comment", "icc", "large", "grey", "tail", "png"])
def test_any_other_file_is_made_anew(oddity: str) -> None:
    size = (600, 200) if oddity == "large" else (300, 200)
    image = Image.effect_noise(size, 40).convert("L" if oddity == "grey" else "RGB")
    exif = Image.Exif()
    exif[0x010E] = "where the shop is"
    options: dict[str, dict[str, object]] = {
        "exif": {"exif": exif},
        "comment": {"comment": b"secret"},
        "icc": {"icc_profile": b"x" * 200},
    }
    buffer = io.BytesIO()
    image.save(buffer, "PNG" if oddity == "png" else "JPEG", **options.get(oddity, {}))
    data = buffer.getvalue() + (b"appended" if oddity == "tail" else b"")
    preview = make_preview(image.convert("RGB"), data=data)
    assert preview != data
    shown = opened(preview)
    assert (shown.mode, max(shown.size) <= 480) == ("RGB", True)
    assert b"secret" not in preview
    assert b"where the shop is" not in preview
