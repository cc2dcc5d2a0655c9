"""Any picture mode to sRGB: depth, palette, alpha, CMYK, Lab and embedded profiles."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

__all__ = ["to_simple", "to_srgb"]

_SIMPLE = ("L", "RGB", "RGBA", "CMYK", "LAB")
_BITS_PER_SAMPLE = 258
_PHOTOMETRIC = 262


def to_simple(image: Image.Image) -> Image.Image:
    """Return the picture in mode L, RGB, RGBA, CMYK or LAB, 8 bits a band: what ``Image.reduce`` can average.

    The picture itself when nothing has to change.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    if image.has_transparency_data and image.mode != "RGBA":
        try:
            return image.convert("RGBA")
        except Exception:  # a transparent colour that the mode can't hold: none is then
            image = image.copy()
            image.info.pop("transparency", None)
    if image.mode in _SIMPLE:
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return a picture from ``to_simple`` as a new RGB one in sRGB, alpha over white.

    ``profile`` is the embedded ICC profile; one that is damaged or made for another mode is ignored.
    """
    if image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    transform = _transform(profile, image.mode) if profile or image.mode == "LAB" else None
    if transform is not None:
        try:
            converted = transform.apply(image)
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
        else:
            return converted
    return image.convert("RGB")


@lru_cache(maxsize=8)
def _transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    try:
        if mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
            if (ImageCms.getProfileDescription(source) or "").startswith("sRGB"):
                return None
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        return ImageCms.ImageCmsTransform(source, srgb, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _eight_bits(image: Image.Image) -> Image.Image:
    # convert("L") clips: a 16-bit picture would turn white.
    levels = np.asarray(image)
    tags = getattr(image, "tag_v2", {})
    if image.mode == "F":
        levels = np.nan_to_num(levels, nan=0.0, posinf=0.0, neginf=0.0)
    top = float(levels.max(initial=0))
    if image.mode.startswith("I;16"):
        # A 12-bit TIFF comes in 16-bit words that are not stretched.
        full = 4095.0 if tags.get(_BITS_PER_SAMPLE) == (12,) else 65535.0
    elif image.mode == "F" and top <= 1.0:
        full = 1.0
    else:
        full = next((limit for limit in (255.0, 65535.0) if top <= limit), top)
    grey = np.empty(levels.shape, np.uint8)
    for row, line in enumerate(levels):  # by row: a whole picture of float32 would take four times its size
        grey[row] = (np.clip(line, 0, full) * np.float32(255.0 / full) + np.float32(0.5)).astype(np.uint8)
    if tags.get(_PHOTOMETRIC) == 0:  # WhiteIsZero, which Pillow inverts only up to 8 bits
        np.subtract(255, grey, out=grey)
    return Image.fromarray(grey)
