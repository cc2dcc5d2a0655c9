"""Bags and tubes."""

from __future__ import annotations

import zlib

import numpy as np
from PIL import Image, ImageDraw

from sample_catalog.labels import label
from sample_catalog.pen import darker, lighter
from sample_catalog.product import Design
from sample_catalog.relief import noise, relief
from sample_catalog.studio import View


def crisps(design: Design, view: View) -> Image.Image:
    """Render a puffed bag with crimped ends, RGBA."""
    wide, tall = 820, 1100
    skin = label(design, wide, tall)
    draw = ImageDraw.Draw(skin)
    for top in (0, tall - 58):
        draw.rectangle((0, top, wide, top + 58), lighter(design.accent, 0.15))
    y, x = np.mgrid[-1 : 1 : tall * 1j, -1 : 1 : wide * 1j].astype(np.float32)
    waist = 0.955 - 0.05 * np.abs(y) ** 6 + 0.018 * np.cos(y * 7)
    inside = (np.abs(x) < waist).astype(np.float32)
    puff = np.clip(1 - np.abs(x / waist) ** 3, 0, 1) * np.clip(1 - np.abs(y) ** 5, 0, 1)
    seed = zlib.crc32(f"{design.brand}{design.name}".encode()) + round(view.yaw)
    folds = noise(seed, (tall, wide), (14, 11)) * 7 + noise(seed + 1, (tall, wide), (40, 5)) * 3 * np.abs(y) ** 2
    height = 90 * puff**0.6 + folds
    ends = np.abs(y) > 1 - 2 * 58 / tall
    height = np.where(ends, 3.2 * np.cos(x * wide / 9), height)
    return relief(skin, inside, height.astype(np.float32), view, gloss=0.5)


def coffee(design: Design, view: View) -> Image.Image:
    """Render a stand-up coffee bag with a folded top, RGBA."""
    wide, tall = 720, 1080
    skin = Image.new("RGB", (wide, tall), design.ground)
    fold = 130
    skin.paste(label(design, wide, tall - fold), (0, fold))
    draw = ImageDraw.Draw(skin)
    draw.rectangle((0, 0, wide, fold), darker(design.ground, 0.18))
    draw.rectangle((wide * 0.06, fold * 0.42, wide * 0.94, fold * 0.62), design.accent)
    draw.ellipse((wide * 0.47, fold * 1.12, wide * 0.53, fold * 1.12 + wide * 0.06), darker(design.ground, 0.35))
    y, x = np.mgrid[0 : 1 : tall * 1j, -1 : 1 : wide * 1j].astype(np.float32)
    waist = 0.9 + 0.07 * np.sin(np.pi * np.clip(y * 1.1, 0, 1)) + 0.03 * y
    inside = (np.abs(x) < waist).astype(np.float32)
    seed = zlib.crc32(f"{design.brand}{design.name}".encode()) + round(view.yaw)
    body = 75 * np.clip(1 - np.abs(x / waist) ** 8, 0, 1) * np.clip((y - 0.1) * 3, 0, 1) ** 0.7
    gusset = 22 * np.clip(np.abs(x / waist) - 0.86, 0, 1) * 8
    height = body - gusset + noise(seed, (tall, wide), (11, 8)) * 5 + noise(seed + 1, (tall, wide), (30, 24)) * 0.8
    height = height + np.where(y < fold / tall, 10.0, 0.0) * np.clip(1 - y * tall / fold, 0, 1)
    return relief(skin, inside, height.astype(np.float32), view, gloss=0.22)


def tube(design: Design, view: View) -> Image.Image:
    """Render a tube that stands on its cap, RGBA: flat crimp above, round below."""
    wide, tall = 460, 1130
    cap = round(tall * 0.13)
    skin = Image.new("RGB", (wide, tall), design.ground)
    skin.paste(label(design, round(wide * 0.86), tall - cap - 60), (round(wide * 0.07), 60))
    draw = ImageDraw.Draw(skin)
    draw.rectangle((0, 0, wide, 58), lighter(design.ground, 0.3))
    draw.rectangle((0, tall - cap, wide, tall), design.accent)
    y, x = np.mgrid[0 : 1 : tall * 1j, -1 : 1 : wide * 1j].astype(np.float32)
    body = y < 1 - cap / tall
    waist = np.where(body, 0.985 - 0.2 * y, 0.74)
    inside = (np.abs(x) < waist).astype(np.float32)
    round_share = np.clip(y * 1.5, 0.05, 1)
    height = 190 * round_share * np.sqrt(np.clip(1 - (x / waist) ** 2, 0.003, 1))
    crimp = y < 58 / tall
    height = np.where(crimp, 2.4 * np.cos(x * wide / 6), height)
    ridge = np.where(body, 0.0, 2.6 * np.cos(np.arcsin(np.clip(x / waist, -1, 1)) * 34))
    return relief(skin, inside, (height + ridge).astype(np.float32), view, gloss=0.55, squeeze=0.5)
