"""Simulate the photo a shopper would take of a catalog picture."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from edge_search.errors import InvalidValue
from edge_search.imaging.backdrop import backdrop
from edge_search.imaging.cutout import cutout

__all__ = ["simulate"]

_NOISE = 160
"""Side of the noise tile, in pixels; even."""
_SKIN = ((233, 190, 160), (214, 160, 124), (172, 118, 84), (110, 74, 54))


def simulate(
    image: Image.Image,
    rng: np.random.Generator,
    *,
    background: Image.Image | None = None,
    strength: float = 1.0,
) -> Image.Image:
    """Return a kiosk-like photo of a catalog picture: RGB, uint8, the size of ``image``.

    In this order: cut-out of a white or transparent background, perspective, rotation and scale on ``background`` (any
    size; a procedural one when None), shadow, a finger or price tag over the edge, uneven light, glare, colour
    cast, blur, sensor noise, JPEG. ``strength`` scales all of it: 0.5 careful, 1 a usual shopper, 1.5 a poor
    photo. A picture with another background is shown whole, as a flat print.

    The same picture and state of ``rng`` give the same photo. A 480 px photo takes about 25 ms; cost grows with the
    number of pixels, so shrink large pictures first. Raises InvalidValue for a strength below 0.

    Source: any Pillow picture; alpha is laid over white. The recipe follows "Cut, Paste and Learn"
    (arXiv:1708.01642): cut the object out, paste it on other backgrounds, vary pose and light.
    """
    if not strength >= 0:
        raise InvalidValue(f"strength is {strength}; use 0 or more, 1 for a usual photo")
    picture = _over_white(image)
    size = picture.size
    mask = cutout(image) or Image.new("L", size, 255)
    scene = backdrop(size, rng) if background is None else ImageOps.fit(background.convert("RGB"), size)

    corners, coefficients = _pose(size, mask.getbbox() or (0, 0, *size), rng, strength)
    moved = picture.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR)
    mask = _move_mask(mask, coefficients)
    scene = _cast_shadow(scene, mask, rng, strength)
    scene.paste(moved, (0, 0), mask)
    if rng.random() < min(0.9, 0.45 * strength):
        _occlude(scene, corners, rng, strength)
    photo = _blur(_expose(scene, rng, strength), rng, strength)
    return _jpeg(_add_noise(photo, rng, strength), rng, strength)


def _over_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _pose(
    size: tuple[int, int], box: tuple[int, int, int, int], rng: np.random.Generator, strength: float
) -> tuple[NDArray[np.float64], tuple[float, ...]]:
    """Where the corners of ``box`` land, float64 (4, 2) in pixels, and the coefficients photo -> picture."""
    left, top, right, bottom = box
    source = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)
    middle = source.mean(axis=0)
    fit = min(size[0] / (right - left), size[1] / (bottom - top))
    zoom = fit * (0.86 + strength * rng.uniform(-0.2, 0.1))
    angle = math.radians(strength * float(rng.normal(0, 7)))
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    target = (source - middle) @ turn * zoom
    extent = np.abs(target).max(axis=0)
    target *= 1 + strength * rng.uniform(-0.07, 0.07, (4, 2))
    target += np.array(size) / 2 + strength * rng.uniform(-0.09, 0.09, 2) * (np.array(size) - extent)
    equations, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        equations += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        values += [u, v]
    return target, tuple(np.linalg.solve(np.array(equations), np.array(values)).tolist())


def _move_mask(mask: Image.Image, coefficients: tuple[float, ...]) -> Image.Image:
    """Warp the mask at half its size: its edge is soft anyway, and it takes a quarter of the time.

    Outside the picture it becomes 0, so it also carries the outline of a picture that is shown whole.
    """
    a, b, c, d, e, f, g, h = coefficients
    half = mask.resize(((mask.width + 1) // 2, (mask.height + 1) // 2), Image.Resampling.BOX)
    terms = (a, b, c / 2, d, e, f / 2, 2 * g, 2 * h)
    moved = half.transform(half.size, Image.Transform.PERSPECTIVE, terms, Image.Resampling.BILINEAR)
    return moved.resize(mask.size, Image.Resampling.BILINEAR)


def _cast_shadow(scene: Image.Image, mask: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    small = mask.resize((max(1, mask.width // 8), max(1, mask.height // 8)), Image.Resampling.BOX)
    blurred = small.filter(ImageFilter.GaussianBlur(2.5)).resize(mask.size, Image.Resampling.BILINEAR)
    reach = 0.03 * strength * max(mask.size)
    offset = (round(rng.uniform(-reach, reach)), round(rng.uniform(0, reach)))
    depth = min(0.8, 0.55 * strength) * rng.uniform(0.5, 1)
    shadow = Image.new("L", mask.size, 255)
    shadow.paste(blurred.point([round(255 - depth * v) for v in range(256)]), offset)
    return ImageChops.multiply(scene, Image.merge("RGB", (shadow, shadow, shadow)))


def _occlude(scene: Image.Image, corners: NDArray[np.float64], rng: np.random.Generator, strength: float) -> None:
    """Draw fingers or a price tag over one edge of the product, in place."""
    draw = ImageDraw.Draw(scene)
    middle = corners.mean(axis=0)
    side = int(rng.integers(4))
    edge = corners[side] + (corners[(side + 1) % 4] - corners[side]) * rng.uniform(0.2, 0.8)
    inward = (middle - edge) / (np.hypot(*(middle - edge)) + 1e-9)
    span = float(np.sqrt(np.prod(np.ptp(corners, axis=0))))
    if rng.random() < 0.65:
        skin = np.array(_SKIN[int(rng.integers(len(_SKIN)))])
        thick = span * rng.uniform(0.11, 0.15)
        along = np.array([-inward[1], inward[0]])
        for finger in range(int(rng.integers(1, 4))):
            tip = edge + inward * span * strength * rng.uniform(0.05, 0.2) + along * finger * thick * 1.05
            _draw_finger(draw, tip, tip - inward * span * 1.5, thick, skin)
        return
    half = span * np.array([rng.uniform(0.12, 0.2), rng.uniform(0.06, 0.1)])
    at = edge + inward * span * 0.04 * strength
    paper = ((250, 250, 246), (250, 222, 60), (220, 48, 44))[int(rng.integers(3))]
    draw.rectangle((*(at - half), *(at + half)), paper, outline=(120, 120, 120))
    for row, (length, height) in enumerate(((0.5, 0.35), (0.85, 0.12), (0.7, 0.12))):
        y = at[1] - half[1] * (0.75 - 0.62 * row)
        x = at[0] - half[0] * 0.85
        draw.rectangle((x, y, x + 1.7 * half[0] * length, y + half[1] * height), (40, 40, 44))


def _draw_finger(
    draw: ImageDraw.ImageDraw,
    tip: NDArray[np.float64],
    root: NDArray[np.float64],
    thick: float,
    skin: NDArray[np.int64],
) -> None:
    for share, light in ((1.0, 0.62), (0.9, 0.8), (0.74, 0.92), (0.5, 1.0), (0.22, 1.06)):
        colour = tuple(int(v) for v in np.clip(skin * light, 0, 255))
        radius = thick * share / 2
        draw.line((*tip, *root), colour, width=max(1, round(2 * radius)))
        draw.ellipse((*(tip - radius), *(tip + radius)), colour)


def _expose(scene: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    """Apply uneven light, glare, a hard shadow's soft edge, exposure and colour cast."""
    y, x = np.mgrid[-1:1:24j, -1:1:24j].astype(np.float32)
    angle, phase = rng.uniform(0, 2 * math.pi, 2)
    across = x * math.cos(angle) + y * math.sin(angle)
    gain = 1 + 0.22 * strength * across - 0.1 * strength * (x * x + y * y)
    if rng.random() < 0.35:
        gain *= 1 - 0.35 * min(1.0, strength) / (1 + np.exp(-12 * (across - rng.uniform(-0.2, 0.7))))
    glare = np.zeros_like(gain)
    if rng.random() < 0.4:
        near = (x - rng.uniform(-0.6, 0.6)) ** 2 + (y - rng.uniform(-0.6, 0.6)) ** 2 * 1.6
        glare = 120 * min(1.2, strength) * rng.uniform(0.4, 1) * np.exp(-near / rng.uniform(0.02, 0.1))
    warm = strength * float(rng.normal(0, 0.06))
    green = strength * float(rng.normal(0, 0.025))
    exposure = 1 + strength * float(rng.uniform(-0.24, 0.16))
    gamma = 1 + 0.12 * strength * math.sin(phase)
    # All in 8 bit: the map darkens relative to its brightest spot, the table lifts back. Half the time of floats,
    # and the steps it leaves are far below the noise that follows.
    peak = float(gain.max())
    lit = ImageChops.multiply(scene, _light_map(gain * (255 / peak), scene.size))
    lift = [peak * exposure * cast for cast in (1 + warm, 1 + green, 1 - warm)]
    lit = lit.point([round(255 * min(1.0, v / 255 * by) ** gamma) for by in lift for v in range(256)])
    return ImageChops.add(lit, _light_map(glare, scene.size)) if glare.any() else lit


def _light_map(values: NDArray[np.float32], size: tuple[int, int]) -> Image.Image:
    """Scale a small map of 0 to 255 up to ``size`` (width, height): grey, RGB."""
    grey = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).resize(size, Image.Resampling.BILINEAR)
    return Image.merge("RGB", (grey, grey, grey))


def _blur(photo: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    """Blur by focus, or by a moving hand; radii in pixels of a 480 px photo."""
    unit = strength * max(photo.size) / 480
    if rng.random() < 0.6:
        radius = float(rng.uniform(0.2, 1.1)) * unit
        return photo.filter(ImageFilter.BoxBlur(radius))  # one pass: 4 ms less than GaussianBlur
    angle, reach = rng.uniform(0, math.pi), rng.uniform(0.6, 1.8) * unit
    dx, dy = round(math.cos(angle) * reach), round(math.sin(angle) * reach)
    moved = Image.blend(_shift(photo, dx, dy), _shift(photo, -dx, -dy), 0.5)
    return Image.blend(photo, moved, 0.6)


def _shift(photo: Image.Image, dx: int, dy: int) -> Image.Image:
    """Move by whole pixels; the uncovered edge keeps what was there."""
    shifted = photo.copy()
    shifted.paste(photo, (dx, dy))
    return shifted


def _add_noise(photo: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    """Add sensor noise, mostly in brightness; one tile is repeated, which nobody sees and saves 8 ms."""
    width, height = photo.size
    grain = rng.standard_normal((_NOISE, _NOISE, 1), dtype=np.float32)
    tint = rng.standard_normal((_NOISE // 2, _NOISE // 2, 3), dtype=np.float32)
    level = np.float32(strength * rng.uniform(1.0, 5.0))
    tile = np.rint(level * (grain + 0.6 * tint.repeat(2, axis=0).repeat(2, axis=1))).astype(np.int16)
    noise = np.tile(tile, (-(-height // _NOISE), -(-width // _NOISE), 1))[:height, :width]
    noise += np.asarray(photo)
    return Image.fromarray(np.clip(noise, 0, 255, out=noise).astype(np.uint8))


def _jpeg(photo: Image.Image, rng: np.random.Generator, strength: float) -> Image.Image:
    quality = max(20, min(95, round(92 - strength * float(rng.uniform(4, 40)))))
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as stored:
        decoded: Image.Image = stored.convert("RGB")
    return decoded
