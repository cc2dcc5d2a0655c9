"""Bytes of a photo to upright sRGB pixels: the one way in, for the catalog and for queries alike."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image
from PIL.ExifTags import Base
from PIL.JpegImagePlugin import JpegImageFile

from edge_search.errors import PhotoError, PhotoTooLarge, PhotoUnreadable
from edge_search.imaging.colour import to_simple, to_srgb
from edge_search.imaging.formats import open_header
from edge_search.imaging.limits import DEFAULT_LIMITS, Limits
from edge_search.imaging.photo import printable, read_photo

__all__ = ["MIN_SIDE", "WORKING_SIDE", "decode", "open_photo"]

WORKING_SIDE = 640
"""Pixels that the short side keeps at least, where the photo has them."""
MIN_SIDE = 16
"""Pixels; a picture with a shorter side shows nothing."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS, *, side: int = WORKING_SIDE) -> Image.Image:
    """Return the (first) picture in ``data``: mode RGB, upright, in sRGB, alpha over white.

    A large picture comes reduced by a whole factor, its short side still at least ``side`` pixels and less
    than twice that; a small one keeps its size. ``info["original_size"]`` is the (width, height) of the
    upright photo before that; nothing else is kept of its metadata.

    Raises PhotoTooLarge (before decoding), PhotoUnsupported (no picture, or no decoder for it here) or
    PhotoUnreadable (cut short, damaged, or a side below ``MIN_SIDE``). The messages name no file.
    """
    if not data:
        raise PhotoUnreadable("empty file; copy it again")
    if len(data) > limits.max_bytes:
        raise PhotoTooLarge(f"{len(data):,} bytes, at most {limits.max_bytes:,} are taken; save it smaller")
    with _refusals():
        image = open_header(data)
        _check(image.size, limits)
        original = image.size
        if isinstance(image, JpegImageFile):
            # 12 megapixels: 120 ms instead of 325. It shifts pixels slightly, so no caller goes without.
            image.draft(None, (side, side))
        image.load()
        return _finish(image, original, side)


def open_photo(
    photo: bytes | str | os.PathLike[str] | os.PathLike[bytes] | Image.Image, limits: Limits = DEFAULT_LIMITS
) -> Image.Image:
    """Return a photo given as encoded bytes, as a path or as a Pillow image, as ``decode`` does.

    A Pillow image follows the same rules (EXIF orientation, colour, size) and is not changed itself. For a
    path the error's message begins with it. Raises what ``read_photo`` and ``decode`` raise.
    """
    if isinstance(photo, Image.Image):
        with _refusals():
            _check(photo.size, limits)
            original = photo.size
            photo.load()
            return _finish(photo, original, WORKING_SIDE)
    if isinstance(photo, bytes):
        return decode(photo, limits)
    data = read_photo(photo, limits)
    try:
        return decode(data, limits)
    except PhotoError as error:
        raise type(error)(f"{printable(os.fspath(photo))}: {error}") from error


def _finish(image: Image.Image, original: tuple[int, int], side: int) -> Image.Image:
    """Turn, reduce and colour a loaded picture; returns a new one."""
    profile = image.info.get("icc_profile")
    orientation = _orientation(image)
    simple = to_simple(image)
    if orientation in _UPRIGHT:
        # Before reducing: the blocks of pixels that are averaged start at the upright corner.
        simple = simple.transpose(_UPRIGHT[orientation])
        if orientation >= 5:
            original = (original[1], original[0])
    factor = min(simple.size) // side
    if factor >= 2:
        simple = simple.reduce(factor)
    upright = to_srgb(simple, profile)
    upright.info = {"original_size": original}
    return upright


def _orientation(image: Image.Image) -> int:
    # Not ImageOps.exif_transpose: it writes the EXIF block again, and raises on damaged ones.
    try:
        return int(image.getexif().get(Base.Orientation, 1))
    except Exception:
        return 1


def _check(size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if max(size) > limits.max_side:
        raise PhotoTooLarge(f"{width} x {height} pixels, a side has at most {limits.max_side:,}; save it smaller")
    if width * height > limits.max_pixels:
        raise PhotoTooLarge(
            f"{width} x {height} pixels, at most {limits.max_pixels:,} in all are taken; save it smaller"
        )
    if min(size) < MIN_SIDE:
        raise PhotoUnreadable(f"too small: {width} x {height} pixels, a side needs {MIN_SIDE}; take it again")


@contextmanager
def _refusals() -> Iterator[None]:
    """Translate whatever a decoder raises; Pillow's plugins raise almost every kind of exception."""
    try:
        yield
    except PhotoError:
        raise
    except MemoryError as error:
        raise PhotoTooLarge("needs more memory than there is; save it smaller") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # The TIFF, GIF and WebP plugins refuse from 179 million pixels on, whatever our limit; a warning, from
        # half of that, only gets here where warnings are errors.
        raise PhotoTooLarge(f"over the {Image.MAX_IMAGE_PIXELS:,} pixels of the decoder; save it smaller") from error
    except Exception as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise PhotoUnreadable(f"cut short or damaged ({reason}); copy it again") from error
