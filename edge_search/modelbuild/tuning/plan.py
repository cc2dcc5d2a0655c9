"""The plan of a tuning: everything that decides its outcome, besides weights and photos."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from edge_search.errors import InvalidValue
from edge_search.modelbuild.tuning.material import Material

__all__ = ["Loss", "Plan"]

Loss = Literal["arcface", "triplet"]
_MARGIN: dict[Loss, float] = {"arcface": 0.3, "triplet": 0.15}  # radians; cosine
_WARM = 0.05  # of the steps
_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Plan:
    """``batch`` photos a step, ``each`` of one SKU. ``rate`` is the largest learning rate.

    ``margin`` None: by the loss. ``scale`` is ArcFace's. ``first_stage``: stages before it (1 to 7) stay as they
    are, 0 trains everything. ``side`` of the pictures in training, pixels; None: the encoder's own. A smaller one
    costs less, and judging and the bundle keep the encoder's (Touvron et al., "Fixing the train-test resolution
    discrepancy", 2019).
    """

    loss: Loss = "arcface"
    steps: int = 2000
    batch: int = 32
    each: int = 2
    rate: float = 2e-4
    margin: float | None = None
    scale: float = 24.0
    first_stage: int = 4
    side: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check; InvalidValue names the option that can't be used."""
        if self.loss not in get_args(Loss):
            raise InvalidValue(f"--loss {self.loss}: it is {' or '.join(get_args(Loss))}")
        for option, value, least, most in (
            ("--steps", self.steps, 1, 10_000_000),
            ("--batch", self.batch, 2 * self.each, 4096),
            ("--first-stage", self.first_stage, 0, 7),
            ("--side", 64 if self.side is None else self.side, 64, 1024),
            ("--seed", self.seed, 0, _LARGEST_SEED),
        ):
            if not least <= value <= most:
                raise InvalidValue(f"{option} {value}: use {least} to {most}")
        if self.batch % self.each:
            raise InvalidValue(f"--batch {self.batch}: every product gives {self.each} photos, use a multiple of that")
        if not 0 < self.rate <= 0.1:
            raise InvalidValue(f"--rate {self.rate}: use a learning rate above 0, at most 0.1")
        if not 0 <= self.width < 1:
            raise InvalidValue(f"--margin {self.margin}: use 0 or more, below 1")

    @property
    def width(self) -> float:
        """The margin that counts."""
        return _MARGIN[self.loss] if self.margin is None else self.margin

    @property
    def skus(self) -> int:
        """SKUs in a batch."""
        return self.batch // self.each

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step: up in a straight line, then down along a cosine to nothing."""
        warm = max(1, round(_WARM * self.steps))
        if step < warm:
            return self.rate * (step + 1) / warm
        return self.rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, self.steps - warm)))

    def identity(self, weights: str, material: Material) -> str:
        """Return a hash of plan, weights (their hash) and photos (names and sizes): what a checkpoint belongs to."""
        photos = [
            (material.names[sku], file.name, file.stat().st_size)
            for sku, file in zip(material.skus.tolist(), material.files, strict=True)
        ]
        said = json.dumps([asdict(self), weights, photos, material.branches], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()
