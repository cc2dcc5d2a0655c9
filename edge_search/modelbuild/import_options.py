"""What an import has to know about a foreign encoder: presets, the exporter's own config, what is given by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from edge_search.encoder.level import Pooling
from edge_search.errors import BundleError, InvalidValue
from edge_search.imaging.recipe import Fit, Interpolation, Recipe

__all__ = ["PRESETS", "ImportOptions", "Layout", "beside"]

Layout = Literal["nchw", "nhwc"]
_PREPROCESSOR = "preprocessor_config.json"
# Pillow's numbers of its filters, as the exporters' configs have them.
_RESAMPLE: dict[int, Interpolation] = {1: "lanczos", 2: "bilinear", 3: "bicubic"}
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class ImportOptions:
    """How pixels become the network's input, and which of its outputs is the feature; None: not said.

    ``mean`` and ``std`` are of pixels from 0 to 1. Without ``normalise`` the network takes the bytes 0 to 255
    as they are. ``prefix_tokens`` come before the patches' tokens (CLS, registers).
    """

    side: int | None = None
    crop: float | None = None
    interpolation: Interpolation | None = None
    fit: Fit | None = None
    mean: Triple | None = None
    std: Triple | None = None
    normalise: bool | None = None
    layout: Layout | None = None
    input: str | None = None
    output: str | None = None
    pooling: Pooling | None = None
    prefix_tokens: int | None = None

    def over(self, other: ImportOptions) -> ImportOptions:
        """Return these options, and where one is not said, the other's."""
        mine = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(other, **{name: value for name, value in mine.items() if value is not None})

    def recipe(self, fixed_side: int | None) -> Recipe:
        """Return the recipe; ``fixed_side`` is what the network's own input says. Raises InvalidValue."""
        if self.side is not None and fixed_side is not None and self.side != fixed_side:
            raise InvalidValue(f"the network takes {fixed_side} x {fixed_side} pixels only, not --size {self.side}")
        side = fixed_side or self.side
        if side is None:
            raise InvalidValue("the network takes any size; say which with --size (CLIP and DINOv2: 224)")
        fit = self.fit or "crop"
        values = {"side": side, "crop": self.crop or 1.0, "interpolation": self.interpolation or "bicubic", "fit": fit}
        if fit == "squash" and values["crop"] != 1.0:
            raise InvalidValue("--crop has no meaning with --resize squash: the whole picture is taken")
        try:
            return Recipe.from_dict(values)
        except ValueError as error:
            raise InvalidValue(f"--{error}") from error

    def normalisation(self) -> tuple[Triple, Triple]:
        """Mean and standard deviation of the bytes, 0 to 255; InvalidValue when nothing says them."""
        if self.normalise is False:
            if self.mean or self.std:
                raise InvalidValue("--no-normalise and --mean or --std contradict each other; leave one away")
            return (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        if self.mean is None or self.std is None:
            raise InvalidValue(
                f"nothing says how pixels are normalised: give --preset {'|'.join(PRESETS)}, or --mean and --std, "
                f"or --no-normalise, or put the exporter's {_PREPROCESSOR} beside the file"
            )
        values = (*self.mean, *self.std)
        if not all(-10 <= value <= 10 for value in values) or min(self.std) <= 0:
            raise InvalidValue(
                f"--mean {self.mean} and --std {self.std} can't be right: they are of pixels from 0 to 1 "
                "(divide by 255 what is of 0 to 255)"
            )
        return _bytes(self.mean), _bytes(self.std)


def _bytes(values: Triple) -> Triple:
    return values[0] * 255, values[1] * 255, values[2] * 255


_IMAGENET: tuple[Triple, Triple] = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

PRESETS: dict[str, ImportOptions] = {
    # CLIPImageProcessor: short side to 224, centre 224; the projection is the feature
    "clip": ImportOptions(
        side=224, crop=1.0, interpolation="bicubic", normalise=True,
        mean=(0.48145466, 0.4578275, 0.40821073), std=(0.26862954, 0.26130258, 0.27577711),
    ),
    # BitImageProcessor of DINOv2: short side to 256, centre 224; the CLS token is the feature
    "dinov2": ImportOptions(
        side=224, crop=0.875, interpolation="bicubic", normalise=True, mean=_IMAGENET[0], std=_IMAGENET[1],
    ),
    "imagenet": ImportOptions(
        side=224, crop=0.875, interpolation="bicubic", normalise=True, mean=_IMAGENET[0], std=_IMAGENET[1],
    ),
}  # fmt: skip
"""By family. Source: the families' published ``preprocessor_config.json``."""


def beside(network: Path) -> ImportOptions | None:
    """Read the ``preprocessor_config.json`` that exporters leave beside the file, or in the folder above it.

    Returns None without one. Raises BundleError when it can't be used.
    """
    for folder in (network.parent, network.parent.parent):
        file = folder / _PREPROCESSOR
        if file.is_file():
            try:
                document = json.loads(file.read_text(encoding="utf-8"))
                return _from_config(document)
            except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
                raise BundleError(f"{file} can't be used ({error}); give the options, or --preset") from error
    return None


def _from_config(document: dict[str, Any]) -> ImportOptions:
    mean, std = None, None
    if document.get("do_normalize", True):
        # Hugging Face's default is to scale by 1/255 first; another factor changes what mean and std are of.
        scale = float(document.get("rescale_factor", 1 / 255)) * 255 if document.get("do_rescale", True) else 255.0
        mean = _triple([float(value) / scale for value in document["image_mean"]])
        std = _triple([float(value) / scale for value in document["image_std"]])
    elif document.get("do_rescale", True):
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    size = document["size"]
    if isinstance(size, int):
        size = {"shortest_edge": size} if document.get("do_center_crop") else {"height": size, "width": size}
    short, whole = size.get("shortest_edge"), (size.get("height"), size.get("width"))
    crops = bool(document.get("do_center_crop")) and document.get("do_resize", True)
    crop_size = document.get("crop_size") or short or whole[0]
    side = (crop_size["height"] if isinstance(crop_size, dict) else crop_size) if crops else short or whole[0]
    if side is None or (short is None and whole[0] != whole[1]):
        raise ValueError(f"size {size} is not a square")
    return ImportOptions(
        side=int(side),
        crop=int(side) / int(short or whole[0]) if crops else 1.0,
        interpolation=_RESAMPLE.get(int(document.get("resample", 3)), "bicubic"),
        fit="crop" if crops or short else "squash",
        mean=mean,
        std=std,
        normalise=mean is not None,
    )


def _triple(values: list[float]) -> Triple:
    if len(values) != 3:
        raise ValueError(f"{values} are not three numbers")
    return values[0], values[1], values[2]


def pooling_named(text: str) -> Pooling:
    """Check a pooling's name; InvalidValue."""
    if text not in get_args(Pooling):
        raise InvalidValue(f"--pooling {text!r} is unknown; use {', '.join(get_args(Pooling))}")
    return cast("Pooling", text)
