"""How a picture becomes a network's input: data that lies beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args

__all__ = ["Fit", "Interpolation", "Recipe"]

Interpolation = Literal["bilinear", "bicubic", "lanczos"]
Fit = Literal["crop", "squash"]
_LARGEST_SIDE = 4096
_MOST_VIEWS = 8


@dataclass(frozen=True)
class Recipe:
    """Preprocessing of one encoder.

    The short side is resized to ``round(side / crop)`` pixels, then a square of ``side`` pixels is cut from
    the centre. ``crop`` is a fraction of at most 1. With ``fit`` "squash" the whole picture becomes the
    square instead, its proportions lost. Mean and standard deviation live in the network.

    ``views`` are the parts of that square, from its middle, that are looked at, as fractions of its side: the
    feature is their mean. Every view costs a run of the network.
    """

    side: int
    crop: float
    interpolation: Interpolation = "bicubic"
    fit: Fit = "crop"
    views: tuple[float, ...] = (1.0,)

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as plain JSON types; a field at its later default is left out (see fingerprint)."""
        values = asdict(self)
        if self.fit == "crop":
            del values["fit"]
        values["views"] = list(self.views)
        if self.views == (1.0,):
            del values["views"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Return the recipe that ``to_dict`` wrote; ValueError names the field that can't be used."""
        if unknown := sorted(set(values) - {"side", "crop", "interpolation", "fit", "views"}):
            raise ValueError(f"{unknown[0]}: no such field of a recipe")
        side, crop = values.get("side"), values.get("crop")
        interpolation = values.get("interpolation", "bicubic")
        if isinstance(side, bool) or not isinstance(side, int) or not 1 <= side <= _LARGEST_SIDE:
            raise ValueError(f"side: {side!r} is not a number of pixels from 1 to {_LARGEST_SIDE}")
        if isinstance(crop, bool) or not isinstance(crop, int | float) or not 0.05 <= crop <= 1:
            raise ValueError(f"crop: {crop!r} is not a fraction from 0.05 to 1")
        if not isinstance(interpolation, str) or interpolation not in get_args(Interpolation):
            raise ValueError(f"interpolation: {interpolation!r} is not bilinear, bicubic or lanczos")
        fit = values.get("fit", "crop")
        if not isinstance(fit, str) or fit not in get_args(Fit):
            raise ValueError(f"fit: {fit!r} is not crop or squash")
        views = values.get("views", [1.0])
        if not isinstance(views, list) or not 1 <= len(views) <= _MOST_VIEWS or not all(map(_is_view, views)):
            raise ValueError(f"views: {views!r} is no list of 1 to {_MOST_VIEWS} fractions from 0.2 to 1")
        return cls(side, float(crop), cast("Interpolation", interpolation), cast("Fit", fit), tuple(map(float, views)))


def _is_view(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0.2 <= value <= 1
