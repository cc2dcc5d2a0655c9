"""The small copy of a photo that answers show."""

from __future__ import annotations

import io

from PIL import Image

from edge_search.imaging.formats import open_header, sniff

__all__ = ["make_preview"]


_LARGEST_AS_IT_IS = 160 * 1024


def make_preview(image: Image.Image, side: int = 480, quality: int = 82, *, data: bytes = b"") -> bytes:
    """Return a picture as a JPEG without metadata, its long side at most ``side`` pixels, never enlarged.

    ``data`` is the file that ``image`` was decoded from: a small JPEG without metadata is its own preview.
    From 480 pixels 0.5 ms, from 640 x 853 5 ms, nearly all of it the resizing.
    """
    if _is_preview(data, side):
        return data
    width, height = image.size
    scale = min(1.0, side / max(width, height))
    if scale < 1:
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = image.resize(small, Image.Resampling.BILINEAR, reducing_gap=2.0)
    if image.mode != "RGB":
        image = image.convert("RGB")
    buffer = io.BytesIO()
    # Spelled out: what is not given is taken from image.info, and so would be the caller's comment and EXIF.
    image.save(buffer, "JPEG", quality=quality, exif=b"", icc_profile=b"", comment=b"")
    return buffer.getvalue()


def _is_preview(data: bytes, side: int) -> bool:
    if len(data) > _LARGEST_AS_IT_IS or sniff(data) != "JPEG" or not data.endswith(b"\xff\xd9"):
        return False
    header = open_header(data)
    # APP0 is JFIF's own; EXIF, profiles, comments and the rest are in other segments.
    segments = {name for name, _ in getattr(header, "applist", [("none", b"")])}
    return header.mode == "RGB" and max(header.size) <= side and segments <= {"APP0"}
