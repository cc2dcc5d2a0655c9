"""Colour bias: does the answer hang on colour more than on shape?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image as Picture

from edge_search.evaluation.metrics import ratio_interval
from edge_search.evaluation.sample import Look, Name, Shot, Tried, others
from edge_search.imaging.preview import make_preview
from edge_search.types import FloatArray

__all__ = ["Recoloured", "colour_figures", "greyscale", "recolour", "turned"]

_TURNS = (1 / 3, 2 / 3)
_PREVIEW_PX = 150


@dataclass(frozen=True)
class Recoloured:
    """One photo in other colours, and in none.

    ``bias``: the share of other products that are nearer than the same product in other colours; ``grey_bias``: than
    the same product in greyscale. ``own``, ``grey_own``: its cosine with itself then; ``found``, ``grey_found``:
    whether it is still named rightly (of two recolourings: the share). ``previews``: one recolouring, and grey.
    """

    shot: Shot
    bias: float
    grey_bias: float
    own: float
    grey_own: float
    found: float
    grey_found: float
    previews: tuple[bytes, bytes]


def turned(picture: Picture.Image, by: float) -> Picture.Image:
    """Return a picture with its hues turned by a share of the circle; white, grey and black stay."""
    hue, saturation, value = picture.convert("HSV").split()
    moved = hue.point([round(level + 256 * by) % 256 for level in range(256)])
    return Picture.merge("HSV", (moved, saturation, value)).convert("RGB")


def greyscale(picture: Picture.Image) -> Picture.Image:
    """Return a picture without colour (ITU-R 601 luma)."""
    return picture.convert("L").convert("RGB")


def recolour(group: Sequence[Tried], look: Look, name: Name) -> list[Recoloured]:
    """Show each photo of a group in two other colours and in grey, and compare with other products.

    Greyscale as a probe of what a network goes by: Geirhos et al., "ImageNet-trained CNNs are biased towards texture"
    (arXiv:1811.12231); here each photo is its own reference, as there are no classes.
    """
    pictures = [tried.picture for tried in group]
    plain = look(pictures)
    hues = [[turned(picture, by) for picture in pictures] for by in _TURNS]
    greys = [greyscale(picture) for picture in pictures]
    coloured = [look(part) for part in hues]
    grey = look(greys)
    near = plain @ plain.T
    found = []
    for at, (tried, apart) in enumerate(zip(group, others([tried.shot.sku for tried in group]), strict=True)):
        sku = tried.shot.sku
        owns = [float(plain[at] @ part[at]) for part in coloured]
        grey_own = float(plain[at] @ grey[at])
        found.append(
            Recoloured(
                shot=tried.shot,
                bias=float(np.mean([_nearer(near[at, apart], own) for own in owns])),
                grey_bias=_nearer(near[at, apart], grey_own),
                own=float(np.mean(owns)),
                grey_own=grey_own,
                found=float(np.mean([name(part[at]) == sku for part in coloured])),
                grey_found=float(name(grey[at]) == sku),
                previews=(make_preview(hues[0][at], _PREVIEW_PX), make_preview(greys[at], _PREVIEW_PX)),
            )
        )
    return found


def colour_figures(recoloured: Sequence[Recoloured]) -> dict[str, Any]:
    """Return the figures of all photos.

    ``bias``: the chance that a random other product seems nearer than the same product in other colours: 0 for an
    encoder that goes by shape, toward 1 for one that sees nothing but colour; ``grey_bias``: than in greyscale.
    ``found_recoloured``, ``found_grey``: the share still named rightly. ``similarity``: the mean cosine of a photo with
    its recolourings: near 1, colour is hardly seen, and products that differ by it alone can't be told apart.
    """

    def mean(field: str) -> float:
        return round(float(np.mean([getattr(one, field) for one in recoloured])), 4)

    spread = ratio_interval([one.shot.sku for one in recoloured], [one.bias for one in recoloured])
    return {
        "photos": len(recoloured),
        "bias": mean("bias"),
        "bias_interval95": None if spread is None else [round(edge, 4) for edge in spread],
        "grey_bias": mean("grey_bias"),
        "found_recoloured": mean("found"),
        "found_grey": mean("grey_found"),
        "similarity": mean("own"),
        "grey_similarity": mean("grey_own"),
    }


def _nearer(cosines: FloatArray, own: float) -> float:
    if not len(cosines):
        return 0.0
    return float(np.mean((cosines > own) + 0.5 * (cosines == own)))
