"""timm's ``config.json``: what a checkpoint's network is, and how its pictures were prepared."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_search.errors import BundleError
from edge_search.modelbuild.layouts import Variant
from edge_search.modelbuild.preprocessing import Preprocessing

__all__ = ["ModelConfig", "find_model_config"]

CONFIG = "config.json"
_LARGEST = 1 << 24
# `_ns`, `_ap` and the like named how weights were trained before tags did; `_pruned` names another network.
_ARCHITECTURE = re.compile(r"(tf_)?efficientnet_((?:b|lite)[0-4])(?:_(?:ap|ns|aa|ra|ra2))?(?:\..+)?")
_HARMLESS = {"checkpoint_path", "drop_path_rate", "drop_rate", "global_pool", "in_chans", "num_classes", "pretrained"}


@dataclass(frozen=True)
class ModelConfig:
    """What the file says; ``licence`` and ``tag`` (of the training) only where it does."""

    architecture: str
    variant: Variant
    preprocessing: Preprocessing
    licence: str | None
    tag: str | None


def find_model_config(weights: Path) -> ModelConfig | None:
    """Read the ``config.json`` beside a weights file; None when there is none, or it is none of timm's.

    Of two input sizes the one for testing is taken: a convolutional network sees things in the size it was
    trained with when the picture is a little larger than in training (Touvron et al., "Fixing the train-test
    resolution discrepancy", 2019), so publishers measure there. Raises BundleError naming the field that can't be used.
    """
    path = weights.parent / CONFIG
    try:
        if path.stat().st_size > _LARGEST:
            raise BundleError(f"{path} is far larger than a model's description; it is not one")
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"{path} beside the weights can't be read: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("architecture"), str):
        return None
    stated = document["architecture"]
    match = _ARCHITECTURE.fullmatch(stated)
    if match is None:
        raise BundleError(f"{path} says architecture {stated!r}, which is no EfficientNet B0 to B4 or Lite0 to Lite4")
    changed = sorted(set(document.get("model_args") or {}) - _HARMLESS)
    if changed:
        raise BundleError(f"{path} changes the network by model_args {changed[0]!r}, which no build here can follow")
    fields = document.get("pretrained_cfg", document)  # older files have no such part
    try:
        preprocessing = _preprocessing(fields)
        licence, tag = (" ".join(str(fields.get(key) or "").split())[:100] or None for key in ("license", "tag"))
    except KeyError as error:
        raise BundleError(f"{path} has no field {error}; download it again") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise BundleError(f"{path} can't be used: {error}") from error
    return ModelConfig(
        architecture=f"efficientnet-{match[2]}",
        variant="tf" if match[1] else "torch",
        preprocessing=preprocessing,
        licence=licence,
        tag=tag,
    )


def _preprocessing(fields: dict[str, Any]) -> Preprocessing:
    size = fields.get("test_input_size") or fields["input_size"]
    crop = (fields.get("test_input_size") and fields.get("test_crop_pct")) or fields.get("crop_pct", 0.875)
    if not isinstance(size, list) or len(size) != 3 or size[0] != 3 or size[1] != size[2]:
        raise ValueError(f"input_size {size!r} is not [3, side, side]")
    if fields.get("crop_mode", "center") != "center":
        raise ValueError(f"crop_mode {fields['crop_mode']!r} is not 'center', the only one known here")
    if isinstance(crop, bool) or not isinstance(crop, int | float) or not 0.05 <= crop <= 1:
        raise ValueError(f"crop_pct {crop!r} is not a fraction from 0.05 to 1")
    for name in ("mean", "std"):
        if not isinstance(fields[name], list) or not all(isinstance(value, int | float) for value in fields[name]):
            raise ValueError(f"{name} {fields[name]!r} is not a list of numbers")
    side = size[1]
    return Preprocessing.checked(
        side=side,
        resize=math.floor(side / crop),
        interpolation=fields.get("interpolation", "bicubic"),
        mean=[value * 255 for value in fields["mean"]],
        std=[value * 255 for value in fields["std"]],
        source=CONFIG,
    )
