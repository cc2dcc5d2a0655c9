"""The box counts in the upright original, however much the picture was reduced."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from edge_search.errors import InvalidValue
from edge_search.imaging.crop import Box, crop, parse_crop
from edge_search.imaging.decode import decode


def quarters(width: int = 400, height: int = 200) -> Image.Image:
    """Red left above, white elsewhere."""
    image = Image.new("RGB", (width, height), "white")
    image.paste((255, 0, 0), (0, 0, width // 2, height // 2))
    return image


@pytest.mark.parametrize("box", [(0, 0, 200, 100), (0, 0, 0.5, 0.5), (-50, -50, 250, 150), (-1, -1, 1.5, 1.5)])
def test_pixels_fractions_and_clamping(box: Box) -> None:
    image = quarters()
    part = crop(image, box)
    expected = (1, 1) if box[0] == -1 else (200, 100)
    assert part.size == expected
    assert part.getcolors() == [(expected[0] * expected[1], (255, 0, 0))]
    assert image.size == (400, 200)


def test_the_whole_photo() -> None:
    assert crop(quarters(), (0, 0, 1, 1)).size == (400, 200)
    assert crop(quarters(), (0, 0, 9999, 9999)).size == (400, 200)


def test_pixels_of_the_original_after_reducing_and_turning() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    quarters(3000, 2000).transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", exif=exif, quality=95)
    image = decode(buffer.getvalue())
    assert image.info["original_size"] == (3000, 2000)
    assert image.width < 3000
    part = crop(image, (100, 100, 1300, 800))
    assert min(part.getpixel((x, y))[0] for x in (0, part.width - 1) for y in (0, part.height - 1)) > 240  # type: ignore[index]
    assert max(part.getpixel((x, y))[1] for x in (0, part.width - 1) for y in (0, part.height - 1)) < 15  # type: ignore[index]
    assert part.info["original_size"] == (1300, 800)
    again = crop(part, (0, 0, 650, 400))
    assert again.width == pytest.approx(part.width / 2, abs=1)


def test_a_sliver_keeps_a_pixel() -> None:
    assert crop(quarters(), (0.5, 0.5, 0.0001, 0.0001)).size == (1, 1)


@pytest.mark.parametrize("box", [(400, 0, 10, 10), (0, 500, 10, 10), (-20, 0, 20, 10), (5, 5, 0, 3)])
def test_nothing_left(box: Box) -> None:
    with pytest.raises(InvalidValue, match="400 x 200"):
        crop(quarters(), box)


@pytest.mark.parametrize(("text", "box"), [("1,2,3,4", (1, 2, 3, 4)), (" 0.1, 0 ,.5,1e-1", (0.1, 0, 0.5, 0.1))])
def test_parse(text: str, box: Box) -> None:
    assert parse_crop(text) == box


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "0,0,0,5", "0,0,5,-1", "nan,0,1,1", "0,0,inf,1"])
def test_parse_refuses(text: str) -> None:
    with pytest.raises(InvalidValue, match="give x,y,width,height"):
        parse_crop(text)


@pytest.mark.parametrize("text", ["0.1,0.1,200,100", "10,20,0.5,0.5", "120,80,400,0.5"])
def test_pixels_mixed_with_fractions_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="mixes pixels and fractions"):
        parse_crop(text)


@pytest.mark.parametrize("text", ["0,0,1,1", "0,1,200,100", "10.5,0,200,100.25", "1,1,50,50", "0,0,0.5,1"])
def test_whole_numbers_and_halves_of_pixels_are_not_mixed(text: str) -> None:
    assert len(parse_crop(text)) == 4
