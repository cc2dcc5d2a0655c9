"""Background leakage: does the answer hang on what is around the product?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFilter, ImageOps

from edge_search.evaluation.metrics import ratio_interval
from edge_search.evaluation.sample import Look, Name, Shot, Tried, others
from edge_search.imaging.backdrop import backdrop
from edge_search.imaging.cutout import cutout
from edge_search.imaging.preview import make_preview

__all__ = ["Swapped", "background_figures", "on_background", "swap_backgrounds"]

SIDE = 360
"""Side of the square picture, in pixels: what an encoder takes, and its margin."""
_PRODUCT = 0.8
_MIDDLE = 0.4
_PREVIEW_PX = 150


@dataclass(frozen=True)
class Swapped:
    """One photo on two other backgrounds.

    ``leak``: the share of other products on the same background that are nearer than the same product on the other
    background. ``own``: its cosine with itself on the other background. ``found``: the share of both pictures that
    are named rightly; ``changed``: the two get different names. ``cut``: the product was cut out of a plain background;
    else the middle of the photo was taken for it. ``previews``: both pictures as small JPEGs.
    """

    shot: Shot
    leak: float
    own: float
    found: float
    changed: bool
    cut: bool
    previews: tuple[bytes, bytes]


def on_background(picture: Picture.Image, background: Picture.Image) -> tuple[Picture.Image, bool]:
    """Return a product in the middle of ``background``, and whether it could be cut out.

    Where it can't (no plain background), an ellipse in the middle of the photo is taken for the product: then some of
    the old background stays, and leakage is rather told too low.
    """
    scene = background.copy()
    mask = cutout(picture)
    box = mask.getbbox() if mask is not None else None
    if mask is not None and box is not None:
        product = ImageOps.contain(picture.convert("RGB").crop(box), _inner(scene))
        shape = mask.crop(box).resize(product.size, Picture.Resampling.BILINEAR)
        scene.paste(product, ((scene.width - product.width) // 2, (scene.height - product.height) // 2), shape)
        return scene, True
    shape = Picture.new("L", scene.size)
    middle, reach = (scene.width / 2, scene.height / 2), (_MIDDLE * scene.width, _MIDDLE * scene.height)
    ImageDraw.Draw(shape).ellipse(
        (middle[0] - reach[0], middle[1] - reach[1], middle[0] + reach[0], middle[1] + reach[1]), 255
    )
    scene.paste(ImageOps.fit(picture.convert("RGB"), scene.size), (0, 0), shape.filter(ImageFilter.GaussianBlur(4)))
    return scene, False


def swap_backgrounds(group: Sequence[Tried], look: Look, name: Name, rng: np.random.Generator) -> list[Swapped]:
    """Put all photos of a group on the same two backgrounds, and compare.

    Same product, two backgrounds, against two products, same background: after Xiao et al., "Noise or Signal: The Role
    of Image Backgrounds in Object Recognition" (arXiv:2006.09994), for an encoder without classes.
    """
    scenes = [backdrop((SIDE, SIDE), rng) for _ in range(2)]
    made = [[on_background(tried.picture, scene) for tried in group] for scene in scenes]
    vectors = [look([picture for picture, _ in pictures]) for pictures in made]
    own = (vectors[0] * vectors[1]).sum(axis=1)
    near = [part @ part.T for part in vectors]
    found = []
    for at, (tried, apart) in enumerate(zip(group, others([tried.shot.sku for tried in group]), strict=True)):
        names = [name(part[at]) for part in vectors]
        # A tie, as between two pictures that the encoder can't tell apart at all, is half a leak.
        leaks = [np.mean((part[at, apart] > own[at]) + 0.5 * (part[at, apart] == own[at])) for part in near]
        found.append(
            Swapped(
                shot=tried.shot,
                leak=float(np.mean(leaks)) if len(apart) else 0.0,
                own=float(own[at]),
                found=float(np.mean([one == tried.shot.sku for one in names])),
                changed=names[0] != names[1],
                cut=made[0][at][1],
                previews=(make_preview(made[0][at][0], _PREVIEW_PX), make_preview(made[1][at][0], _PREVIEW_PX)),
            )
        )
    return found


def background_figures(swapped: Sequence[Swapped]) -> dict[str, Any]:
    """Return the figures of all photos.

    ``leakage``: the chance that another product on the same background seems nearer than the same product on another
    one: 0 for an encoder that doesn't mind the background, 1 for one that sees nothing else. ``found_again``: the share
    of pictures on another background that are still named rightly (the photo itself being in the catalog).
    ``answer_changes``: the share of photos whose two pictures get different answers.
    """
    skus = [one.shot.sku for one in swapped]
    leaks = [one.leak for one in swapped]
    spread = ratio_interval(skus, leaks)
    return {
        "photos": len(swapped),
        "cut_out": sum(one.cut for one in swapped),
        "leakage": round(float(np.mean(leaks)), 4),
        "leakage_interval95": None if spread is None else [round(edge, 4) for edge in spread],
        "found_again": round(float(np.mean([one.found for one in swapped])), 4),
        "answer_changes": round(float(np.mean([one.changed for one in swapped])), 4),
        "similarity": round(float(np.mean([one.own for one in swapped])), 4),
    }


def _inner(scene: Picture.Image) -> tuple[int, int]:
    return round(_PRODUCT * scene.width), round(_PRODUCT * scene.height)
