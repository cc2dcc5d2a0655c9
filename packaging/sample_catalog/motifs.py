"""The registry of all motifs."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image

from sample_catalog import fruit, pantry, scenes
from sample_catalog.pen import Pen

_ALL = {**fruit.MOTIFS, **pantry.MOTIFS, **scenes.MOTIFS}
NAMES = frozenset(_ALL)


@lru_cache(maxsize=64)
def motif(name: str, side: int) -> Image.Image:
    """Draw the motif ``name`` on a transparent square tile of ``side`` pixels, RGBA."""
    pen = Pen(side)
    _ALL[name](pen)
    return pen.picture()
