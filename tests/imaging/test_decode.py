"""Every format and oddity becomes upright RGB, or one kind of error."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin

from edge_search.errors import PhotoError, PhotoTooLarge, PhotoUnreadable, PhotoUnsupported
from edge_search.imaging.decode import decode, open_photo
from edge_search.imaging.formats import sniff
from edge_search.imaging.limits import Limits


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """Four different corners on a gradient: any turn or flip shows."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([x * 255 // width, y * 255 // height, (x + y) * 127 // (width + height)], axis=2)
    pixels[: height // 3, : width // 3] = (250, 20, 20)
    pixels[-height // 4 :, -width // 4 :] = (20, 20, 250)
    return Image.fromarray(pixels.astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    return float(np.abs(array(one).astype(int) - array(other).astype(int)).mean())


def array(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image)


KINDS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 95},
    "TIFF": {},
    "BMP": {},
    "GIF": {},
}


@pytest.mark.parametrize(("kind", "options"), KINDS.items())
def test_each_format(kind: str, options: dict[str, Any]) -> None:
    data = encoded(scene(), kind, **options)
    image = decode(data)
    assert sniff(data) == kind
    assert (image.mode, image.size, image.info) == ("RGB", (96, 64), {"original_size": (96, 64)})
    assert type(image) is Image.Image
    assert difference(image, scene()) < (8 if kind == "GIF" else 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_file_cut_short_is_refused(kind: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 150, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind, **KINDS[kind])
    with pytest.raises(PhotoUnreadable, match="cut short or damaged"):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("side", [2000, 5000])
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_large_jpeg_cut_short_is_refused_when_drafted(side: int, share: float) -> None:
    data = encoded(scene(side, side * 2 // 3), "JPEG", quality=90)
    assert min(decode(data).size) >= 640
    with pytest.raises(PhotoUnreadable):
        decode(data[: int(len(data) * share)])


def test_a_jpeg_whose_end_was_lost_to_zeros_is_refused() -> None:
    data = encoded(scene(400, 300), "JPEG")
    with pytest.raises(PhotoUnreadable):
        decode(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))


UNDO = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # orientation -> the transposition that it undoes


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "AVIF", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_gives_the_same_pixels(kind: str, orientation: int) -> None:
    stored = scene()
    if orientation in UNDO:
        stored = stored.transpose(Image.Transpose(UNDO[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encoded(stored, kind, exif=exif, **KINDS[kind]))
    assert image.info["original_size"] == image.size == (96, 64)
    assert difference(image, scene()) < (0.01 if kind in ("PNG", "TIFF", "WEBP") else 3)


def test_turning_and_reducing_commute() -> None:
    upright = scene(1305, 1999)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = decode(encoded(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif, compress_level=1))
    assert turned.info["original_size"] == (1305, 1999)
    assert difference(turned, decode(encoded(upright, "PNG", compress_level=1))) == 0


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0garbage", b"Exif\0\0"])
def test_damaged_exif_leaves_the_photo_usable(exif: bytes) -> None:
    data = encoded(scene(), "PNG", exif=exif)
    assert difference(decode(data), scene()) == 0


def test_alpha_lies_over_white() -> None:
    red = Image.new("RGBA", (32, 32), (255, 0, 0, 0))
    red.paste((255, 0, 0, 255), (0, 0, 16, 32))
    red.paste((0, 0, 0, 128), (0, 0, 16, 8))
    for image in (decode(encoded(red, "PNG")), open_photo(red)):
        assert image.getpixel((31, 31)) == (255, 255, 255)
        assert image.getpixel((2, 20)) == (255, 0, 0)
        assert image.getpixel((2, 2)) == (127, 127, 127)


def test_grey_with_alpha_and_palettes_with_transparency() -> None:
    grey = Image.new("LA", (20, 20), (0, 0))
    assert decode(encoded(grey, "PNG")).getpixel((5, 5)) == (255, 255, 255)
    assert open_photo(Image.new("PA", (20, 20), (0, 0))).getpixel((5, 5)) == (255, 255, 255)
    palette = Image.new("P", (20, 20), 1)
    palette.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    palette.paste(2, (0, 0, 10, 20))
    for transparency in (1, b"\xff\x00\xff"):
        image = decode(encoded(palette, "PNG", transparency=transparency))
        assert (image.getpixel((15, 5)), image.getpixel((5, 5))) == ((255, 255, 255), (70, 80, 90))
    image = decode(encoded(palette, "GIF", transparency=1))
    assert (image.getpixel((15, 5)), image.getpixel((5, 5))) == ((255, 255, 255), (70, 80, 90))
    assert decode(encoded(Image.new("RGB", (20, 20), (1, 2, 3)), "PNG", transparency=(1, 2, 3))).getpixel((5, 5)) == (
        255,
        255,
        255,
    )


def test_cmyk_and_its_inversion_in_jpeg() -> None:
    cyan = Image.new("CMYK", (32, 32), (255, 0, 0, 0))
    cyan.paste((0, 0, 0, 255), (0, 0, 16, 32))
    for kind in ("TIFF", "JPEG"):
        image = decode(encoded(cyan, kind, quality=95) if kind == "JPEG" else encoded(cyan, kind))
        red, green, blue = image.getpixel((30, 5))  # type: ignore[misc]
        assert red < 30
        assert min(green, blue) > 225
        assert max(image.getpixel((2, 5))) < 30  # type: ignore[arg-type]


def ramp(dtype: str, top: float) -> NDArray[np.generic]:
    return np.tile(np.linspace(0, top, 64), (32, 1)).astype(dtype)


@pytest.mark.parametrize(
    ("kind", "pixels"),
    [
        ("PNG", ramp("u2", 65535)),
        ("TIFF", ramp("u2", 65535)),
        ("TIFF", ramp(">u2", 65535)),
        ("TIFF", ramp("i4", 65535)),
        ("TIFF", ramp("i4", 255)),
        ("TIFF", ramp("i4", 2_000_000_000)),
        ("TIFF", ramp("f4", 1.0)),
        ("TIFF", ramp("f4", 255)),
        ("TIFF", ramp("f4", 65535)),
    ],
)
def test_deep_grey_is_scaled_not_clipped(kind: str, pixels: NDArray[np.generic]) -> None:
    image = decode(encoded(Image.fromarray(pixels), kind))
    levels = array(image)[10, :, 0].astype(int)
    assert np.abs(levels - np.linspace(0, 255, 64)).max() <= 1
    assert (array(image)[..., 0] == array(image)[..., 2]).all()


def test_nan_and_infinity_in_a_float_tiff() -> None:
    pixels = ramp("f4", 1.0).copy()
    pixels[0, 0], pixels[0, 1], pixels[0, 2] = np.nan, np.inf, -5
    assert array(decode(encoded(Image.fromarray(pixels), "TIFF")))[0, :3, 0].tolist() == [0, 0, 0]


def test_white_is_zero_in_16_bits() -> None:
    data = encoded(Image.fromarray(ramp("u2", 65535)), "TIFF", tiffinfo={262: 0})
    levels = array(decode(data))[10, :, 0].astype(int)
    assert (levels[0], levels[-1]) == (255, 0)


def png16(pixels: NDArray[np.uint16], colour: int, extra: bytes = b"") -> bytes:
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("colour", "bands"), [(2, 3), (6, 4), (4, 2)])
def test_16_bit_colour_png(colour: int, bands: int) -> None:
    pixels = np.zeros((32, 64, bands), np.uint16)
    pixels[..., 0] = ramp("u2", 65535)
    pixels[..., -1] = 65535
    image = decode(png16(pixels, colour))
    assert np.abs(array(image)[10, :, 0].astype(int) - np.linspace(0, 255, 64)).max() <= 1
    assert (array(image)[..., 2] == (array(image)[..., 0] if bands == 2 else 255 if bands == 3 else 0)).all()


def test_a_transparent_colour_in_16_bits_does_no_harm() -> None:
    trns = b"\0\0\0\x06tRNS" + struct.pack(">HHH", 60000, 60000, 60000)
    trns += struct.pack(">I", zlib.crc32(trns[4:]))
    assert decode(png16(np.full((20, 20, 3), 257 * 40, np.uint16), 2, trns)).getpixel((3, 3)) == (40, 40, 40)


def test_one_bit_and_lab() -> None:
    bits = Image.new("1", (40, 40), 1)
    bits.paste(0, (0, 0, 20, 40))
    for kind in ("PNG", "TIFF", "BMP"):
        image = decode(encoded(bits, kind))
        assert (image.getpixel((5, 5)), image.getpixel((35, 5))) == ((0, 0, 0), (255, 255, 255))
    lab = Image.new("LAB", (20, 20), (255, 128, 128))
    assert min(decode(encoded(lab, "TIFF")).getpixel((5, 5))) > 245  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF", "MPO"])
def test_first_frame_only(kind: str) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    red, green, blue = decode(data).getpixel((20, 15))  # type: ignore[misc]
    assert red > 240
    assert max(green, blue) < 15


def adobe_like_profile(mode: str = "RGB") -> bytes:
    """A profile in which every colour is another one than in sRGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")
    # Not called sRGB any more, or the profile would be taken for the standard one.
    for text in (b"sRGB", "sRGB".encode("utf-16-be")):
        swapped = swapped.replace(text, text.replace(b"s", b"x"))
    return swapped


def test_an_embedded_profile_is_applied() -> None:
    red = Image.new("RGB", (32, 32), (200, 10, 10))
    plain, converted = (decode(encoded(red, "PNG", icc_profile=profile)) for profile in (b"", adobe_like_profile()))
    assert plain.getpixel((5, 5)) == (200, 10, 10)
    r, _, b = converted.getpixel((5, 5))  # type: ignore[misc]
    assert r < 40
    assert b > 180


@pytest.mark.parametrize("profile", [b"rubbish", adobe_like_profile()[:200]])
def test_a_damaged_profile_is_ignored(profile: bytes) -> None:
    assert difference(decode(encoded(scene(), "PNG", icc_profile=profile)), scene()) == 0


def test_a_profile_of_another_mode_is_ignored() -> None:
    grey = scene().convert("L")
    image = decode(encoded(grey, "PNG", icc_profile=adobe_like_profile()))
    assert difference(image, grey.convert("RGB")) == 0


@pytest.mark.parametrize(
    ("size", "kind", "expected"),
    [
        ((1279, 2000), "PNG", (1279, 2000)),
        ((1280, 2000), "PNG", (640, 1000)),
        ((2000, 2000), "PNG", (667, 667)),
        ((3000, 4000), "JPEG", (750, 1000)),
        ((640, 9000), "JPEG", (640, 9000)),
        ((100, 50), "JPEG", (100, 50)),
    ],
)
def test_reduced_to_the_working_side(size: tuple[int, int], kind: str, expected: tuple[int, int]) -> None:
    image = decode(encoded(scene(*size), kind))
    assert image.size == expected
    assert image.info["original_size"] == size


def test_catalog_png_and_query_jpeg_agree() -> None:
    photo = scene(2600, 1950)
    png, jpeg = decode(encoded(photo, "PNG", compress_level=1)), decode(encoded(photo, "JPEG", quality=95))
    small = [image.resize((320, 240)) for image in (png, jpeg)]
    assert difference(*small) < 2


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"", PhotoUnreadable, "empty"),
        (b"hello, this is no picture", PhotoUnsupported, "give a JPEG"),
        (bytes(5000), PhotoUnsupported, "give a JPEG"),
        (b"%PDF-1.7 and so on", PhotoUnsupported, "give a JPEG"),
        (b"\0\0\0\x1cftypM4V \0\0\0\0", PhotoUnsupported, "give a JPEG"),
        (b"\xff\xd8\xff\xe0", PhotoUnreadable, "damaged"),
        (b"\x89PNG\r\n\x1a\n", PhotoUnreadable, "damaged"),
        (b"RIFF\x10\0\0\0WEBP", PhotoUnreadable, "damaged"),
        (b"\0\0\0\x14ftypavif\0\0\0\0avif", PhotoUnreadable, "damaged"),
        (encoded(scene(15, 40), "PNG"), PhotoUnreadable, "too small"),
        (encoded(scene(40, 15), "JPEG"), PhotoUnreadable, "too small"),
        (encoded(Image.new("L", (60_000, 1)), "PNG"), PhotoTooLarge, "30,000"),
        (encoded(Image.new("1", (12_000, 9_000)), "PNG"), PhotoTooLarge, "100,000,000"),
    ],
)
def test_refusals(data: bytes, error: type[PhotoError], said: str) -> None:
    with pytest.raises(error, match=said) as raised:
        decode(data)
    assert "\n" not in str(raised.value)


def test_a_bomb_is_refused_by_its_header_alone() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    for side in (12_000, 29_999):  # Pillow itself would only warn at the first, and raise at the second
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        with pytest.raises(PhotoTooLarge, match=f"{side} x {side}"):
            decode(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b""))


def test_own_limits_allow_what_pillow_warns_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    for kind in ("PNG", "JPEG", "BMP", "GIF", "AVIF"):
        assert decode(encoded(scene(), kind)).size == (96, 64)


def test_limits_are_the_callers() -> None:
    data = encoded(scene(), "PNG")
    for limits in (Limits(max_bytes=len(data) - 1), Limits(max_pixels=96 * 64 - 1), Limits(max_side=95)):
        with pytest.raises(PhotoTooLarge):
            decode(data, limits)
    assert decode(data, Limits(max_bytes=len(data), max_pixels=96 * 64, max_side=96)).size == (96, 64)


def test_out_of_memory_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object) -> None:
        raise MemoryError

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", fail)
    with pytest.raises(PhotoTooLarge, match="memory"):
        decode(encoded(scene(), "PNG"))


@pytest.mark.parametrize("brands", [b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic"])
def test_heic_without_its_decoder_names_the_extra(brands: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    data = struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + bytes(64)
    assert sniff(data) == "HEIF"
    with pytest.raises(PhotoUnsupported, match=r"edge-search\[heic\]"):
        decode(data)


def test_open_photo_takes_paths_bytes_and_images(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(scene(), "PNG"))
    with Image.open(path) as opened:
        for photo in (path, str(path), path.read_bytes(), scene(), opened):
            image = open_photo(photo)
            assert difference(image, scene()) == 0
            assert image.info == {"original_size": (96, 64)}


def test_open_photo_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bad\n.jpg"
    path.write_bytes(b"no picture")
    with pytest.raises(PhotoUnsupported, match=r"bad\\n.jpg: not a picture"):
        open_photo(path)


def test_open_photo_leaves_the_callers_image_alone() -> None:
    mine = scene(1500, 1400).convert("RGBA")
    mine.info["note"] = "kept"
    exif = Image.Exif()
    exif[0x0112] = 6
    mine.info["exif"] = exif.tobytes()
    before, info = mine.tobytes(), dict(mine.info)
    image = open_photo(mine)
    assert (image.mode, image.size, image.info) == ("RGB", (700, 750), {"original_size": (1400, 1500)})
    assert (mine.mode, mine.size, mine.tobytes(), mine.info) == ("RGBA", (1500, 1400), before, info)
    plain = scene()
    open_photo(plain).putpixel((0, 0), (1, 2, 3))
    assert plain.getpixel((0, 0)) == (250, 20, 20)


def test_open_photo_limits_images_too() -> None:
    with pytest.raises(PhotoTooLarge):
        open_photo(scene(), Limits(max_side=50))


SEEDS = [encoded(scene(48, 32), kind, **options) for kind, options in KINDS.items()]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_damaged_bytes_raise_nothing_but_photo_errors(seed: bytes, data: st.DataObject) -> None:
    damaged = bytearray(seed)
    for _ in range(data.draw(st.integers(0, 6))):
        damaged[data.draw(st.integers(0, len(seed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(seed)))
    try:
        image = decode(bytes(damaged[:cut]), Limits(max_pixels=4_000_000, max_side=4000))
    except PhotoError as error:
        image, said = None, str(error)
    if image is None:
        assert "\n" not in said
    else:
        assert (image.mode, min(image.size) >= 16) == ("RGB", True)
