"""Render bodies of revolution: cans, bottles, jars, mugs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sample_catalog.pen import Colour, darker, lighter, oval
from sample_catalog.studio import View, crop, light


@dataclass(frozen=True)
class Body:
    """A turned body: its skin and its profile.

    ``skin`` is RGB, one row a pixel of height, its width once around with the front in the middle. ``radius``
    is float (rows,), in pixels. ``gloss`` and ``metal`` are 0 to 1, float (rows,). ``lid`` is the colour
    of the top disc, ``open_top`` draws the inside instead.
    """

    skin: Image.Image
    radius: NDArray[np.float64]
    gloss: NDArray[np.float64]
    metal: NDArray[np.float64]
    lid: Colour
    open_top: bool = False


def profile(height: int, *points: tuple[float, float]) -> NDArray[np.float64]:
    """Radius by row from (share of height from the top, radius) points, smoothed a little."""
    rows = np.linspace(0, 1, height)
    raw = np.interp(rows, [p[0] for p in points], [p[1] for p in points])
    reach = max(2, height // 110)
    padded = np.pad(raw, reach, mode="edge")
    return np.convolve(padded, np.ones(2 * reach + 1) / (2 * reach + 1), mode="valid")


def rows(height: int, default: float, *spans: tuple[float, float, float]) -> NDArray[np.float64]:
    """Values by row: ``default``, but ``value`` for each (from, to, value) span in shares of the height."""
    values = np.full(height, default)
    for start, end, value in spans:
        values[round(start * height) : round(end * height)] = value
    return values


def turn(body: Body, view: View) -> Image.Image:
    """Return the body seen by ``view``: RGBA, cropped. Parallel projection, every visible pixel traced."""
    height = len(body.radius)
    half = int(np.ceil(body.radius.max())) + 2
    pitch = np.radians(view.pitch)
    rise = np.sin(pitch)
    tall = int(height * np.cos(pitch) + 2 * half * rise) + 4
    top = body.radius[0] * rise + 2
    y = np.arange(tall) - top
    row = np.full((tall, 2 * half), -1, dtype=np.int64)
    depth = np.zeros((tall, 2 * half), dtype=np.float32)
    base = np.arange(height) * np.cos(pitch)
    for column in range(2 * half):
        across = column - half + 0.5
        inner = body.radius**2 - across**2
        reach = np.sqrt(np.clip(inner, 0, None))
        screen = np.maximum.accumulate(base + reach * rise)
        found = np.minimum(np.searchsorted(screen, y), height - 1)
        seen = (inner[found] > 0) & (y <= screen[-1]) & (y >= screen[0])
        row[seen, column] = found[seen]
        depth[:, column] = reach[found]
    mask = row >= 0
    at = np.clip(row, 0, None)
    radius = body.radius[at]
    sine = np.clip((np.arange(2 * half) - half + 0.5)[None, :] / np.maximum(radius, 1), -1, 1)
    angle = np.arcsin(sine)
    skin = np.asarray(body.skin, dtype=np.float32)
    across_skin = ((0.5 + (angle - np.radians(view.yaw)) / (2 * np.pi)) % 1.0) * (skin.shape[1] - 1)
    low = across_skin.astype(np.int64)
    part = (across_skin - low)[..., None].astype(np.float32)
    colour = skin[at, low] * (1 - part) + skin[at, np.minimum(low + 1, skin.shape[1] - 1)] * part
    shaded = _shade(colour, angle, np.gradient(body.radius)[at], body.gloss[at], body.metal[at], view)
    pixels = np.dstack([np.clip(shaded, 0, 255), np.where(mask, 255, 0)]).astype(np.uint8)
    item = Image.fromarray(pixels)
    _top(item, body, (half, top), rise)
    return crop(item)


def _shade(
    colour: NDArray[np.float32],
    angle: NDArray[np.float64],
    slope: NDArray[np.float64],
    gloss: NDArray[np.float64],
    metal: NDArray[np.float64],
    view: View,
) -> NDArray[np.float32]:
    slope = np.clip(slope, -4, 4)
    normal = np.dstack([np.sin(angle), slope, np.cos(angle)]).astype(np.float32)
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    matt = light(normal, view) * (0.8 + 0.28 * np.cos(angle) ** 0.6)
    # Metal mirrors the dark room between two long lamps: bands instead of a smooth falloff.
    bands = 0.62 + 0.42 * np.cos(angle * 5 + 0.9 * view.lamp) * np.cos(angle) + 0.25 * slope
    tone = matt * (1 - metal) + bands * metal
    shine = np.zeros_like(angle)
    for centre, width, power in ((0.62 * view.lamp, 0.11, 0.5), (-0.98 * view.lamp, 0.07, 0.26)):
        shine += power / (1 + np.exp((np.abs(angle - centre) - width) * 45))
    shine *= np.clip(1 - np.abs(slope), 0.25, 1)
    shaded = colour * tone[..., None] + 235 * (gloss * shine)[..., None]
    return np.asarray(shaded, dtype=np.float32)


def _top(item: Image.Image, body: Body, centre: tuple[float, float], rise: float) -> None:
    """Draw the lid, or the rim and the inside of an open top."""
    draw = ImageDraw.Draw(item)
    radius = float(body.radius[0])
    x, y = centre
    draw.polygon(oval(x, y, radius, radius * rise), lighter(body.lid, 0.25))
    inner = radius * 0.93
    if not body.open_top:
        draw.polygon(oval(x, y + radius * 0.02, inner, inner * rise), darker(body.lid, 0.12))
        draw.polygon(oval(x, y + radius * 0.035, inner * 0.97, inner * 0.95 * rise), body.lid)
        return
    for step in range(8):
        share = step / 8
        fill = darker(body.lid, 0.5 - 0.38 * share)
        draw.polygon(
            oval(x, y + inner * rise * 0.5 * share, inner * (1 - 0.16 * share), inner * rise * (1 - 0.5 * share)), fill
        )
