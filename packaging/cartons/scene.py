"""Kiosk-like phone photos of boxes: solid boxes before a camera, in a shop, in a hand, in bad light.

Written apart from `edge_search.imaging.simulate` on purpose: what a catalog is fitted with must not be what it is
measured with. Here a pinhole camera looks at a solid (OpenCV), there a picture is warped in its plane (Pillow);
backgrounds, hands, light, lens and compression are made in other ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cartons.artwork import front, side
from cartons.design import Design
from cartons.texture import Pixels, cloud

__all__ = ["packshot", "photo"]

_FRAME = (720, 960)
"""Width and height of a photo in pixels."""
_DEEP = 0.28
_SKINS = ((224, 182, 150), (198, 146, 112), (150, 100, 70), (92, 62, 46))

_Plane = NDArray[np.float32]


def packshot(design: Design) -> Image.Image:
    """Return the picture a shop has of a box: the flat front with a white border, RGB."""
    art = front(design)
    border = round(0.06 * max(art.size))
    sheet = Image.new("RGB", (art.width + 2 * border, art.height + 2 * border), "white")
    sheet.paste(art, (border, border))
    return sheet


def photo(design: Design, seed: Sequence[int], others: Sequence[Design] = ()) -> Image.Image:
    """Return a phone photo of a box, RGB, 720 x 960 or 960 x 720 pixels.

    Args:
        design: what is photographed.
        seed: numbers; the same ones give the same photo.
        others: boxes that may stand behind; best ones that no catalog has.
    """
    rng = np.random.default_rng(list(seed))
    width, height = _FRAME if rng.random() < 0.75 else _FRAME[::-1]
    scene = _room(rng, width, height)
    shelf = list(others)
    for _ in range(int(rng.integers(0, 4)) if shelf else 0):
        other = shelf[int(rng.integers(len(shelf)))]
        _stand(scene, other, rng, share=float(rng.uniform(0.25, 0.6)), turned=50, apart=0.5)
    scene = _soft(scene, float(rng.uniform(1.2, 5.5)))
    corners = _stand(scene, design, rng, share=float(rng.uniform(0.58, 0.98)), turned=34, apart=0.08)
    if rng.random() < 0.6:
        _hand(scene, corners, rng)
    lit = _light(scene, corners, rng)
    return Image.fromarray(_develop(_shake(lit, rng), rng))


def _soft(scene: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), sigma), dtype=np.uint8)


def _room(rng: np.random.Generator, width: int, height: int) -> Pixels:
    """Draw walls, shelves with price rails, a checkout belt, a floor."""
    base = rng.uniform(50, 225, 3) * 0.4 + rng.uniform(50, 225) * 0.6
    scene = np.clip(base + 40 * (cloud(rng, width, height, 3)[..., None] - 0.5), 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 4))):
        y = int(rng.uniform(0.1, 1.0) * height)
        thick = int(rng.integers(10, 60))
        slope = int(rng.normal(0, 0.04) * width)
        colour = tuple(int(v) for v in rng.uniform(60, 240) + rng.uniform(-20, 20, 3))
        cv2.line(scene, (0, y), (width, y + slope), colour, thick, cv2.LINE_AA)
        for _ in range(int(rng.integers(0, 5))):
            x = int(rng.uniform(0, width))
            cv2.rectangle(scene, (x, y - 14), (x + int(rng.integers(40, 110)), y + 18), (246, 246, 240), -1)
            for bar in range(int(rng.integers(2, 9))):
                cv2.line(scene, (x + 6 + 5 * bar, y - 6), (x + 6 + 5 * bar, y + 8), (30, 30, 30), 1 + bar % 3)
    for _ in range(int(rng.integers(0, 14))):
        at = rng.uniform(0, [width, height])
        half = rng.uniform(20, 160, 2)
        colour = tuple(int(v) for v in rng.uniform(20, 245, 3))
        one, two = (tuple(int(v) for v in at + sign * half) for sign in (-1, 1))
        if rng.random() < 0.6:
            cv2.rectangle(scene, one, two, colour, -1)
        else:
            cv2.circle(scene, tuple(int(v) for v in at), int(half[0] * 0.6), colour, -1, cv2.LINE_AA)
    return scene


def _stand(
    scene: Pixels, design: Design, rng: np.random.Generator, *, share: float, turned: float, apart: float
) -> _Plane:
    """Put a box before the camera, in place; returns the corners of its front, float32 (4, 2)."""
    tall, wide = scene.shape[:2]
    w, h = design.width / 2, design.height / 2
    d = _DEEP * min(w, h)
    yaw, pitch = rng.uniform(-turned, turned), rng.uniform(-turned, turned) * 0.7
    roll = rng.normal(0, 9) + (90 * rng.integers(4) if rng.random() < 0.06 else 0)
    turn = _turn(np.radians([pitch, yaw, roll]))
    lens = 1.15 * max(wide, tall)
    distance = lens * 2 * max(w, h) / (share * min(wide, tall))
    shift = rng.uniform(-apart, apart, 2) * (wide, tall) * distance / lens
    move = np.array([shift[0], shift[1], distance])
    camera = np.array([[lens, 0, wide / 2], [0, lens, tall / 2], [0, 0, 1]])

    def seen(points: Sequence[tuple[float, float, float]]) -> _Plane:
        space = np.asarray(points) @ turn.T + move
        flat = space @ camera.T
        return np.asarray(flat[:, :2] / flat[:, 2:], dtype=np.float32)

    face, edge = _printed(design)
    lid = edge[:120]
    faces = [
        (edge, [(w, -h, -d), (w, -h, d), (w, h, d), (w, h, -d)], 0.75),
        (edge, [(-w, -h, d), (-w, -h, -d), (-w, h, -d), (-w, h, d)], 0.8),
        (lid, [(-w, -h, d), (w, -h, d), (w, -h, -d), (-w, -h, -d)], 0.95),
        (lid, [(-w, h, -d), (w, h, -d), (w, h, d), (-w, h, d)], 0.6),
        (face, [(-w, -h, -d), (w, -h, -d), (w, h, -d), (-w, h, -d)], 1.0),
    ]
    shown = seen(faces[-1][1])
    _shade_below(scene, shown, rng)
    for picture, points, light in faces:
        at = seen(points)
        # A face turned away has its corners the other way round.
        if cv2.contourArea(at, oriented=True) <= 0:
            continue
        _paste(scene, picture, at, light)
    return shown


@lru_cache(maxsize=128)
def _printed(design: Design) -> tuple[Pixels, Pixels]:
    return np.asarray(front(design)), np.asarray(side(design, 120))


def _turn(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = (cv2.Rodrigues(np.eye(3)[axis] * angles[axis])[0] for axis in range(3))
    return np.asarray(z @ y @ x, dtype=np.float64)


def _paste(scene: Pixels, picture: Pixels, corners: _Plane, light: float) -> None:
    left, top, width, height = _window(corners, scene)
    if not width or not height:
        return
    tall, wide = picture.shape[:2]
    shrink = float(np.sqrt(abs(cv2.contourArea(corners)) / (tall * wide)))
    if shrink < 0.7:  # a warp takes single pixels; smaller ones must be means
        shrink = max(shrink, 0.05)
        smaller = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        picture = np.asarray(smaller, dtype=np.uint8)
        tall, wide = picture.shape[:2]
    flat = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)], dtype=np.float32) - 0.5
    corners = corners - np.array([left, top], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners)
    size = (width, height)
    warped = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((height, width), dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    share = mask[..., None].astype(np.float32) / 255
    part = scene[top : top + height, left : left + width]
    part[:] = (part * (1 - share) + warped * (share * np.float32(light))).astype(np.uint8)


def _window(corners: _Plane, scene: Pixels) -> tuple[int, int, int, int]:
    """Return left, top, width, height of what a quadrilateral covers of the scene."""
    low = np.clip(np.floor(corners.min(axis=0)) - 2, 0, (scene.shape[1], scene.shape[0])).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + 2, 0, (scene.shape[1], scene.shape[0])).astype(int)
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def _shade_below(scene: Pixels, corners: _Plane, rng: np.random.Generator) -> None:
    mask = np.zeros(scene.shape[:2], dtype=np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners + rng.uniform(-18, 18, 2)).astype(np.int32), 255)
    small = cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    dark = 255 - cv2.resize(cv2.GaussianBlur(small, (0, 0), 4), mask.shape[::-1]) * np.float32(0.55)
    scene[:] = cv2.multiply(scene, cv2.merge([dark.astype(np.uint8)] * 3), scale=1 / 255)


def _hand(scene: Pixels, corners: _Plane, rng: np.random.Generator) -> None:
    """Draw a thumb or fingers that hold the box at one edge, in place."""
    skin = np.array(_SKINS[int(rng.integers(len(_SKINS)))], dtype=np.float64)
    number = int(rng.integers(4))
    edge = corners[number] + (corners[(number + 1) % 4] - corners[number]) * rng.uniform(0.25, 0.75)
    inward = corners.mean(axis=0) - edge
    reach = float(np.hypot(*inward))
    inward /= reach + 1e-6
    along = np.array([-inward[1], inward[0]])
    thick = float(np.sqrt(cv2.contourArea(corners))) * rng.uniform(0.09, 0.13)
    for finger in range(int(rng.integers(1, 5))):
        tip = edge + inward * reach * rng.uniform(0.15, 0.5) + along * thick * 1.1 * finger
        root = tip - inward * reach * 2.5
        tone = skin * rng.uniform(0.85, 1.05)
        for part, shade in ((1.0, 0.7), (0.86, 0.9), (0.6, 1.0)):
            colour = tuple(int(v) for v in np.clip(tone * shade, 0, 255))
            ends = [tuple(int(v) for v in point) for point in (tip, root)]
            cv2.line(scene, ends[0], ends[1], colour, max(2, int(thick * part)), cv2.LINE_AA)
        nail = tuple(int(v) for v in tip + inward * thick * 0.15)
        cv2.circle(scene, nail, max(1, int(thick * 0.25)), tuple(int(v) for v in np.clip(tone * 1.12, 0, 255)), -1)


def _light(scene: Pixels, corners: _Plane, rng: np.random.Generator) -> Pixels:
    """Apply lamps: a colour, falling off to one side, shadows of what stands around, reflections on the carton."""
    tall, wide = scene.shape[:2]
    y, x = np.mgrid[0:1:48j, 0:1:48j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    field = 1 + rng.uniform(0, 0.6) * ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle))
    field *= 1 - rng.uniform(0, 0.5) * (cloud(rng, 48, 48, 2) > rng.uniform(0.5, 0.9))
    lamp = np.exp(rng.normal(0, [0.1, 0.04, 0.14])) * rng.uniform(0.55, 1.15)
    lit = scene * (cv2.resize(field.astype(np.float32), (wide, tall))[..., None] * lamp.astype(np.float32))
    for _ in range(int(rng.choice([0, 0, 1, 2]))):
        at = corners.mean(axis=0) + rng.uniform(-0.4, 0.4, 2) * np.ptp(corners, axis=0)
        shine = np.zeros((tall // 4, wide // 4), dtype=np.float32)
        axes = (int(rng.uniform(8, 30)), int(rng.uniform(3, 14)))
        cv2.ellipse(shine, tuple(int(v) // 4 for v in at), axes, float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
        shine = cv2.resize(cv2.GaussianBlur(shine, (0, 0), float(rng.uniform(3, 9))), (wide, tall))
        lit = lit + (rng.uniform(80, 230) * shine)[..., None]
    return np.asarray(np.clip(lit, 0, 255), dtype=np.uint8)


def _shake(scene: Pixels, rng: np.random.Generator) -> Pixels:
    """Blur by a moving hand along a line, or by a focus that missed."""
    if rng.random() < 0.45:
        length = int(rng.integers(2, 8))
        kernel = np.zeros((2 * length + 1, 2 * length + 1), dtype=np.float32)
        angle = rng.uniform(0, np.pi)
        way = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        ends = [tuple(round(v) for v in length + sign * way) for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0, 1)
        return np.asarray(cv2.filter2D(scene, -1, kernel / kernel.sum()), dtype=np.uint8)
    return _soft(scene, float(rng.uniform(0.3, 1.7)))


def _develop(scene: Pixels, rng: np.random.Generator) -> Pixels:
    """Do as a phone does: grain by light, a tone curve, sharpening, JPEG."""
    values = scene.astype(np.float32) / 255
    grain = rng.standard_normal(scene.shape[:2], dtype=np.float32)[..., None]
    tint = cv2.resize(rng.standard_normal((90, 90, 3), dtype=np.float32), (scene.shape[1], scene.shape[0]))
    level = rng.uniform(0.01, 0.05)
    values += level * (0.4 + np.sqrt(values)) * (grain + 0.5 * tint)
    values = np.clip(values, 0, 1) ** rng.uniform(0.8, 1.25)
    values = values + rng.uniform(0, 0.7) * (values - cv2.GaussianBlur(values, (0, 0), 1.6))
    ready = np.clip(values * 255, 0, 255).astype(np.uint8)
    quality = int(rng.integers(40, 90))
    _, packed = cv2.imencode(".jpg", ready[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    unpacked = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    assert unpacked is not None
    return np.ascontiguousarray(unpacked[..., ::-1], dtype=np.uint8)
