"""Which picture formats are taken, told by their first bytes; only that one decoder ever sees the file."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable

from PIL import ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from edge_search.errors import PhotoUnsupported

__all__ = ["open_header", "sniff"]

# The plugins' classes instead of Image.open(): that one tries the plugins in turn, and warns or raises by a
# process-wide pixel limit that is not ours. JpegImageFile takes the first picture of an MPO, no other.
_OPENERS: dict[str, Callable[[io.BytesIO, str], ImageFile.ImageFile]] = {
    "AVIF": AvifImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "TIFF": TiffImageFile,
    "WEBP": WebPImageFile,
}
_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
)
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif"))


def sniff(data: bytes) -> str | None:
    """Return the format that the first bytes tell ("JPEG", "HEIF" ...), None for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        size = min(int.from_bytes(data[:4], "big"), 256)
        brands = {data[at : at + 4] for at in (8, *range(16, size, 4))}
        # An AVIF may call itself mif1 first and avif only among its compatible brands.
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        return "HEIF" if brands & _HEIF_BRANDS else None
    return next((name for magic, name in _MAGIC if data.startswith(magic)), None)


def open_header(data: bytes) -> ImageFile.ImageFile:
    """Return the picture in ``data`` with its header read and no pixel decoded.

    Raises PhotoUnsupported for what is no picture or has no decoder here, and whatever Pillow raises for a
    damaged header.
    """
    name = sniff(data)
    if name is None:
        raise PhotoUnsupported("not a picture this can read; give a JPEG, PNG, WebP, AVIF, TIFF, BMP, GIF or HEIC")
    if name == "HEIF":
        return _open_heif(data)
    return _OPENERS[name](io.BytesIO(data), "")


def _open_heif(data: bytes) -> ImageFile.ImageFile:
    try:
        plugin = importlib.import_module("pillow_heif")
    except ImportError as error:
        raise PhotoUnsupported(
            "a HEIC picture, and no decoder for it is installed; run: pip install 'edge-search[heic]'"
        ) from error
    image: ImageFile.ImageFile = plugin.HeifImageFile(io.BytesIO(data), "")
    return image
