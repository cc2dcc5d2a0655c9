"""How each publisher of EfficientNet names its tensors, and what its network does that the names don't say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from edge_search.errors import BundleError
from edge_search.modelbuild.efficientnet import Conv, Network

__all__ = ["LAYOUTS", "VARIANTS", "Layout", "Padding", "Place", "places", "recognise"]

Part = Literal["stem", "expand", "depthwise", "reduce", "restore", "project", "head"]
Variant = Literal["tf", "torch"]
Padding = Literal["same", "symmetric", "even"]
VARIANTS: tuple[Variant, ...] = ("tf", "torch")


@dataclass(frozen=True)
class Place:
    """Where a convolution stands: what every publisher makes its names from.

    ``stage`` counts from 1, ``repeat`` (in the stage) and ``block`` (in the network) from 0. ``reduce`` and
    ``restore`` are the two of squeeze-and-excite; ``expands`` says whether the block begins by expanding.
    """

    part: Part
    stage: int = 0
    repeat: int = 0
    block: int = 0
    expands: bool = False


@dataclass(frozen=True)
class Layout:
    """One family of checkpoints.

    ``mark`` is a tensor that each of them has and no other family. ``names`` maps a place to the prefixes of
    its convolution and of its batch-norm; ``weight``, ``bias`` and ``norm`` (scale, shift, mean, variance) are
    what follows. ``axes`` turn a stored weight into (out, in/groups, k, k), ``depthwise_axes`` one of a depthwise
    convolution. ``ignored`` are prefixes of tensors that a feature network has no use for (the classifier).
    ``lite``: whether the family has Lite networks.
    """

    name: str
    mark: str
    epsilon: float
    padding: Padding
    names: Callable[[Place], tuple[str, str]]
    ignored: tuple[str, ...]
    lite: bool = True
    weight: str = ".weight"
    bias: str = ".bias"
    norm: tuple[str, str, str, str] = (".weight", ".bias", ".running_mean", ".running_var")
    axes: tuple[int, ...] = (0, 1, 2, 3)
    depthwise_axes: tuple[int, ...] = (0, 1, 2, 3)


def places(network: Network) -> Iterator[tuple[Conv, Place]]:
    """Every convolution in the order in which they run, with its place."""
    yield network.stem, Place("stem")
    first: dict[int, int] = {}
    for number, block in enumerate(network.blocks):
        repeat = number - first.setdefault(block.stage, number)
        expands = block.expand is not None

        def place(part: Part, at: tuple[int, int, int, bool] = (block.stage, repeat, number, expands)) -> Place:
            return Place(part, *at)

        if block.expand is not None:
            yield block.expand, place("expand")
        yield block.depthwise, place("depthwise")
        if block.squeeze is not None:
            yield block.squeeze[0], place("reduce")
            yield block.squeeze[1], place("restore")
        yield block.project, place("project")
    yield network.head, Place("head")


def _lukemelas(place: Place) -> tuple[str, str]:
    ends = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    if place.part in ends:
        return ends[place.part]
    part, norm = {
        "expand": ("_expand_conv", "_bn0"),
        "depthwise": ("_depthwise_conv", "_bn1"),
        "reduce": ("_se_reduce", ""),
        "restore": ("_se_expand", ""),
        "project": ("_project_conv", "_bn2"),
    }[place.part]
    return f"_blocks.{place.block}.{part}", f"_blocks.{place.block}.{norm}"


def _timm(place: Place) -> tuple[str, str]:
    ends = {"stem": ("conv_stem", "bn1"), "head": ("conv_head", "bn2")}
    if place.part in ends:
        return ends[place.part]
    expanding = {"expand": ("conv_pw", "bn1"), "depthwise": ("conv_dw", "bn2"), "project": ("conv_pwl", "bn3")}
    plain = {"depthwise": ("conv_dw", "bn1"), "project": ("conv_pw", "bn2")}
    squeeze = {"reduce": ("se.conv_reduce", ""), "restore": ("se.conv_expand", "")}
    part, norm = {**(expanding if place.expands else plain), **squeeze}[place.part]
    prefix = f"blocks.{place.stage - 1}.{place.repeat}"
    return f"{prefix}.{part}", f"{prefix}.{norm}"


def _torchvision(place: Place) -> tuple[str, str]:
    if place.part in ("stem", "head"):
        stage = 0 if place.part == "stem" else 8
        return f"features.{stage}.0", f"features.{stage}.1"
    order = ("expand", "depthwise", "squeeze", "project")[0 if place.expands else 1 :]
    prefix = f"features.{place.stage}.{place.repeat}.block"
    if place.part in ("reduce", "restore"):
        return f"{prefix}.{order.index('squeeze')}.{'fc1' if place.part == 'reduce' else 'fc2'}", ""
    step = f"{prefix}.{order.index(place.part)}"
    return f"{step}.0", f"{step}.1"


def _keras(place: Place) -> tuple[str, str]:
    ends = {"stem": ("stem_conv", "stem_bn"), "head": ("top_conv", "top_bn")}
    if place.part in ends:
        return ends[place.part]
    part, norm = {
        "expand": ("expand_conv", "expand_bn"),
        "depthwise": ("dwconv", "bn"),
        "reduce": ("se_reduce", ""),
        "restore": ("se_expand", ""),
        "project": ("project_conv", "project_bn"),
    }[place.part]
    prefix = f"block{place.stage}{chr(ord('a') + place.repeat)}_"
    return prefix + part, prefix + norm


_TIMM = ("conv_stem.weight", _timm, ("classifier.",))
LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        # EfficientNet-PyTorch and EfficientNet-Lite-PyTorch: from TensorFlow, so its epsilon and padding
        Layout("lukemelas", "_conv_stem.weight", 1e-3, "same", _lukemelas, ("_fc.",)),
        Layout("timm-tf", _TIMM[0], 1e-3, "same", *_TIMM[1:]),
        Layout("timm-torch", _TIMM[0], 1e-5, "symmetric", *_TIMM[1:]),
        # epsilon 1e-3 begins with B5 there
        Layout("torchvision", "features.0.0.weight", 1e-5, "symmetric", _torchvision, ("classifier.",), lite=False),
        # ZeroPadding2D by keras.applications' correct_pad, then "valid": the same sums as TensorFlow's "same"
        Layout(
            "keras",
            "stem_conv/kernel",
            1e-3,
            "same",
            _keras,
            ("predictions/", "normalization"),
            lite=False,
            weight="/kernel",
            bias="/bias",
            norm=("/gamma", "/beta", "/moving_mean", "/moving_variance"),
            axes=(3, 2, 0, 1),
            depthwise_axes=(2, 3, 0, 1),
        ),
    )
}


def recognise(tensors: Mapping[str, Any], variant: str | None) -> Layout | None:
    """Return the layout by the tensors' names; None when both of timm's fit and ``variant`` doesn't say which.

    Raises BundleError for tensors of no known layout, and for a variant that the layout contradicts.
    """
    found = [layout for layout in LAYOUTS.values() if layout.mark in tensors]
    if not found:
        some = ", ".join(repr(name) for name in sorted(tensors)[:3])
        raise BundleError(
            f"its tensors ({some}, ...) are no EfficientNet's of timm, torchvision, Keras or EfficientNet-PyTorch; "
            "give a checkpoint of one of these, the classifier may be left out"
        )
    padding = {None: None, "tf": "same", "torch": "symmetric"}[variant]
    fitting = [layout for layout in found if padding in (None, layout.padding)]
    if not fitting:
        raise BundleError(f"it has {found[0].name}'s layout, for which --variant {variant} is wrong; leave it out")
    return fitting[0] if len(fitting) == 1 else None
