"""What a batch is trained by: photos of one SKU near each other, of different ones apart."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional

__all__ = ["arcface", "triplet"]


def arcface(features: Any, centres: Any, targets: Any, *, margin: float, scale: float) -> Any:
    """Return the loss of Deng et al., "ArcFace: Additive Angular Margin Loss" (arXiv:1801.07698).

    ``features`` (n, D) of length 1, ``centres`` (SKUs, D) of any length, ``targets`` int64 (n,), ``margin`` in radians.
    Where an angle and its margin pass 180 degrees the cosine falls on in a straight line, as in the authors' code.
    """
    cosines = features @ functional.normalize(centres).T
    own = cosines.gather(1, targets[:, None]).clamp(-1 + 1e-6, 1 - 1e-6)
    wider = torch.where(
        own > math.cos(math.pi - margin), torch.cos(own.acos() + margin), own - margin * math.sin(math.pi - margin)
    )
    return functional.cross_entropy(scale * cosines.scatter(1, targets[:, None], wider), targets)


def triplet(features: Any, targets: Any, *, margin: float) -> Any:
    """Return the batch-hard loss of Hermans et al., "In Defense of the Triplet Loss" (arXiv:1703.07737), on cosines.

    Each photo with the photo of its SKU that is least like it, and with the one of another SKU that is most like it.
    """
    cosines = features @ features.T
    same = targets[:, None] == targets[None, :]
    itself = torch.eye(len(targets), dtype=torch.bool, device=targets.device)
    nearest = cosines.masked_fill(same, -2).amax(1)
    farthest = cosines.masked_fill(~same | itself, 2).amin(1)
    return functional.relu(margin + nearest - farthest).mean()
