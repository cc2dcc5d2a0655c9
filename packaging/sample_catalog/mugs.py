"""Mugs with a printed front."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from sample_catalog.motifs import motif
from sample_catalog.pen import Colour, write
from sample_catalog.product import Design
from sample_catalog.studio import View, crop, light
from sample_catalog.turned import Body, profile, rows, turn


def mug(design: Design, view: View) -> Image.Image:
    """Render a mug with its handle on the right, RGBA."""
    height, r = 720, 300.0
    around = round(r * 6.283)
    skin = Image.new("RGB", (around, height), design.ground)
    draw = ImageDraw.Draw(skin)
    draw.rectangle((0, 0, around, round(height * 0.035)), design.accent)
    draw.rectangle((0, round(height * 0.9), around, height), design.accent)
    for centre in (0.5, 0.0, 1.0):
        tile = motif(design.motif, 400)
        skin.paste(tile, (round(centre * around) - 200, 110), tile)
        write(draw, (centre * around, 570), design.name, 64, design.ink, bold=0.03, spread=0.08)
    shape = profile(height, (0, r), (0.9, 0.985 * r), (0.97, 0.95 * r), (1, 0.88 * r))
    body = turn(Body(skin, shape, rows(height, 0.8), rows(height, 0), design.paper, open_top=True), view)
    handle = _handle(design.accent, view, height)
    canvas = Image.new("RGBA", (body.width + handle.width, body.height), (255, 255, 255, 0))
    reach = round(body.width * (0.945 - 0.09 * abs(np.sin(np.radians(view.yaw)))))
    canvas.paste(handle, (reach, round(body.height * 0.52 - handle.height / 2)), handle)
    canvas.paste(body, (0, 0), body)
    return crop(canvas)


def _handle(fill: Colour, view: View, height: int) -> Image.Image:
    """Half a ring of round section, foreshortened by the yaw, RGBA."""
    ring, thick = height * 0.29, height * 0.062
    squeeze = 0.78 * max(0.5, float(np.cos(np.radians(view.yaw))))
    tall, broad = round(2 * (ring + thick)) + 4, round((ring + thick) * squeeze) + 4
    y, x = np.mgrid[0:tall, 0:broad].astype(np.float32)
    dx, dy = x / squeeze, y - tall / 2
    distance = np.hypot(dx, dy)
    across = (distance - ring) / thick
    inside = np.abs(across) < 1
    out = np.sqrt(np.clip(1 - across**2, 0, 1))
    unit = np.maximum(distance, 1)
    normal = np.dstack([across * dx / unit, -across * dy / unit, out]).astype(np.float32)
    tone = light(normal, view)[..., None]
    shine = np.exp(-((across + 0.35) ** 2) * 26)[..., None] * 70
    colour = np.clip(np.array(fill, dtype=np.float32) * tone + shine, 0, 255)
    return Image.fromarray(np.dstack([colour, np.where(inside, 255, 0)]).astype(np.uint8))
