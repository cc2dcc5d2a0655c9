"""The extractor: SIFT by OpenCV. The only module that knows it."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from edge_search.local.points import WIDTH, Points
from edge_search.types import FloatArray

__all__ = ["FINGERPRINT", "GALLERY_POINTS", "GALLERY_SIDE", "QUERY_POINTS", "QUERY_SIDE", "extract"]

FINGERPRINT = "rootsift-300"
"""Names what descriptors of catalog pictures are; how many are kept of each is no part of it."""

GALLERY_SIDE = 300
"""Long side, in pixels, that a catalog picture is looked at with."""
GALLERY_POINTS = 240
QUERY_SIDE = 440
"""Long side, in pixels, that a query photo is looked at with: it shows the product smaller than the picture does.

On 100 generated cartons and 100 photos (seed 1), words alone named .74 of them with 480 px and .63 with 400 px, and
with geometry on top .94 and .95; SIFT takes 27 and 20 ms on one core.
"""
QUERY_POINTS = 400

# Weaker edges than SIFT's own .04 take: photos of a kiosk are dull, and the strongest are kept anyway.
_CONTRAST = 0.02
_SCALE = 512.0


def extract(image: Image.Image, side: int, count: int) -> Points:
    """Return the ``count`` strongest points of a decoded picture, made grey and at most ``side`` pixels long.

    Never enlarged. Runs on the calling thread alone: the encoder and other photos have the other cores
    (OpenCV's own threads, two for each caller, only got in their way).
    """
    cv2.setNumThreads(1)
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    grey = image.convert("L") if scale == 1 else image.resize(size, Image.Resampling.BOX, reducing_gap=2.0).convert("L")
    finder = cv2.SIFT.create(nfeatures=count, contrastThreshold=_CONTRAST)
    found, histograms = finder.detectAndCompute(np.asarray(grey), None)
    if histograms is None or not len(found):
        nothing = np.zeros(0, np.float32)
        return Points(*size, np.zeros((0, 2), np.float32), nothing, nothing, np.zeros((0, WIDTH), np.uint8))
    rows = np.array([(*key.pt, key.size, np.deg2rad(key.angle), key.response) for key in found], np.float32)
    # Strongest first; equal ones by place, so that the same picture always gives the same.
    order = np.lexsort((rows[:, 0], rows[:, 1], -rows[:, 4]))[:count]
    rows = rows[order]
    return Points(
        *size,
        np.ascontiguousarray(rows[:, :2]),
        rows[:, 2].copy(),
        rows[:, 3].copy(),
        _rooted(np.asarray(histograms[order], np.float32)),
    )


def _rooted(histograms: FloatArray) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    shares = np.sqrt(histograms / np.maximum(histograms.sum(axis=1, keepdims=True), 1e-9))
    # A unit vector of 128 numbers rarely has one above .4: 512 steps to 1 use 8 bits well.
    return np.asarray(np.minimum(np.rint(shares * _SCALE), 255), dtype=np.uint8)
