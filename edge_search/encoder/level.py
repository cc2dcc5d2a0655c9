"""One pooled level of the network: a part of the feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_search.errors import EncoderError

__all__ = ["Level", "Pooling", "join_levels"]

Pooling = Literal["avg", "gem", "mean", "cls", "none"]
"""Over a map: ``avg``, ``gem``. Over tokens: ``mean`` of the patches, ``cls`` the first. ``none``: it came as one."""


@dataclass(frozen=True)
class Level:
    """``channels`` numbers of the feature, pooled from the output ``name``.

    Each number is raised to ``power`` (its sign stays), the level normalised to length 1, then multiplied by
    ``weight``, then the joined feature is normalised again. A power of 0.5 keeps a few strong channels from deciding
    alone (signed square root: Perronnin et al. 2010, "Improving the Fisher Kernel").
    """

    name: str
    channels: int
    pooling: Pooling = "avg"
    weight: float = 1.0
    power: float = 1.0


def join_levels(raw: NDArray[np.float32], levels: Sequence[Level]) -> NDArray[np.float32]:
    """Pooled levels float32 (n, D), as the network puts them out, -> features float32 (n, D) of length 1.

    Raises EncoderError when a feature is not finite or empty.
    """
    feature = np.empty_like(raw)
    start = 0
    for level in levels:
        part = slice(start, start + level.channels)
        pooled = raw[:, part]
        if level.power != 1.0:
            pooled = np.sign(pooled) * np.abs(pooled) ** np.float32(level.power)
        norm = np.linalg.norm(pooled, axis=1, keepdims=True)
        feature[:, part] = pooled * (level.weight / np.maximum(norm, 1e-12))
        start += level.channels
    norm = np.linalg.norm(feature, axis=1, keepdims=True)
    if not np.isfinite(norm).all() or (norm == 0).any():
        raise EncoderError("the network put out a feature that is not finite or empty; run model verify")
    feature /= norm
    return feature
