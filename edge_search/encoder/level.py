"""One pooled level of the network: a part of the feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Level", "Pooling"]

Pooling = Literal["avg", "gem"]


@dataclass(frozen=True)
class Level:
    """``channels`` numbers of the feature, pooled from the map ``name``.

    Each level is normalised to length 1, then multiplied by ``weight``, then the joined feature is
    normalised again.
    """

    name: str
    channels: int
    pooling: Pooling = "avg"
    weight: float = 1.0
