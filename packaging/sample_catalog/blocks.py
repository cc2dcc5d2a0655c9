"""Render things with flat faces: boxes and cartons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from sample_catalog.studio import SIDE, View, crop, light

Corner = tuple[float, float, float]
Face = tuple[Image.Image, Sequence[Corner]]
"""A texture and where its corners are: left top, right top, right bottom, left bottom; x right, y up, z to us."""

_AWAY = 4.2
"""Distance of the camera, in units of the box: some perspective, no fish eye."""


def block(faces: Sequence[Face], view: View, *, gloss: float = 0.12) -> Image.Image:
    """Return the faces seen by ``view``, RGBA, cropped; coordinates about -1 to 1."""
    canvas = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 0))
    yaw, pitch = np.radians(view.yaw), np.radians(view.pitch)
    around = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    over = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    seen = []
    for texture, corners in faces:
        spots = np.array(corners) @ around.T @ over.T
        normal = np.cross(spots[3] - spots[0], spots[1] - spots[0])
        normal /= np.linalg.norm(normal)
        if normal @ (np.array([0, 0, _AWAY]) - spots[0]) > 0:
            seen.append((float(spots[:, 2].mean()), texture, spots, normal))
    for _, texture, spots, normal in sorted(seen, key=lambda item: item[0]):
        flat = spots[:, :2] * np.array([1, -1]) * (_AWAY / (_AWAY - spots[:, 2:]))
        _stick(canvas, _lit(texture, normal, view, gloss), flat * SIDE * 0.42 + SIDE / 2)
    return crop(canvas)


def _lit(texture: Image.Image, normal: NDArray[np.float64], view: View, gloss: float) -> Image.Image:
    """Brightness of the face, a slow falloff and a faint sheen across it."""
    tone = float(light(normal.astype(np.float32), view)) * 1.06
    y, x = np.mgrid[0:1:32j, 0:1:32j]
    sheen = np.exp(-(((x - 0.5 - 0.25 * view.lamp) + 0.35 * (y - 0.5)) ** 2) / 0.02)
    fade = tone * (1.03 - 0.08 * y) + gloss * sheen
    share = Image.fromarray(np.clip(fade * 200, 0, 255).astype(np.uint8)).resize(texture.size)
    face = np.asarray(texture.convert("RGB"), dtype=np.float32) * (np.asarray(share, dtype=np.float32) / 200)[..., None]
    return Image.fromarray(np.clip(face, 0, 255).astype(np.uint8))


def _stick(canvas: Image.Image, texture: Image.Image, target: NDArray[np.float64]) -> None:
    """Warp a face onto the canvas; ``target`` is float (4, 2), pixels."""
    width, height = texture.size
    source = ((0, 0), (width, 0), (width, height), (0, height))
    equations, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        equations += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        values += [u, v]
    terms = tuple(np.linalg.solve(np.array(equations), np.array(values)).tolist())
    moved = texture.convert("RGBA").transform(canvas.size, Image.Transform.PERSPECTIVE, terms, Image.Resampling.BICUBIC)
    mask = moved.getchannel("A")
    # Neighbouring faces would show a bright seam where both edges are half transparent.
    solid = mask.point([255 if v > 96 else 0 for v in range(256)])
    canvas.paste(moved, (0, 0), ImageChops.lighter(solid, mask))
