"""Films for Chromium's fake camera: raw YUV4MPEG2, made of photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

__all__ = ["FRAME", "counter", "framed", "write_film"]

FRAME = (960, 720)
_RATE = 10


def framed(photo: Path) -> Image.Image:
    """Return a camera frame with the whole photo in its middle, on a blur of itself."""
    with Image.open(photo) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    frame = ImageOps.fit(picture, FRAME).filter(ImageFilter.GaussianBlur(40))
    inner = ImageOps.contain(picture, FRAME)
    frame.paste(inner, ((FRAME[0] - inner.width) // 2, (FRAME[1] - inner.height) // 2))
    return frame


def counter() -> Image.Image:
    """Return what the camera sees when nobody shows anything: a counter of grained wood, well lit."""
    draw_from = np.random.default_rng(7)
    grain = np.cumsum(draw_from.normal(0, 2.2, (FRAME[1], 1)), axis=0) + draw_from.normal(0, 2.5, (FRAME[1], FRAME[0]))
    wood = np.array([196.0, 170.0, 136.0]) + np.clip(grain, -26, 26)[..., None]
    return Image.fromarray(np.clip(wood, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))


def write_film(path: Path, scenes: Sequence[tuple[Image.Image, float]]) -> Path:
    """Write scenes (a frame of `FRAME` pixels, how many seconds it stands) as a film that Chromium loops."""
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{FRAME[0]} H{FRAME[1]} F{_RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for frame, seconds in scenes:
            planes = _planes(frame)
            for _ in range(max(1, round(seconds * _RATE))):
                film.write(b"FRAME\n" + planes)
    return path


def _planes(frame: Image.Image) -> bytes:
    y, cb, cr = frame.convert("YCbCr").split()
    half = (FRAME[0] // 2, FRAME[1] // 2)
    return b"".join(plane.tobytes() for plane in (y, cb.resize(half), cr.resize(half)))
