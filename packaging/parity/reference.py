"""One network in the library it comes from, and the files that this library writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["GATE", "Reference", "SavedFile", "pooled"]

# Deviation of squeeze-and-excite's weights, of what He et al. give. With 1 the drawn network multiplies its own
# rounding: PyTorch's float32 and float64 differ by 2e-4 then, more than the limit of the comparison.
GATE = 0.2


@dataclass(frozen=True)
class SavedFile:
    """A checkpoint as its library writes it; ``variant`` is the flag the build needs for it, if any."""

    kind: str
    path: Path
    variant: str | None = None


class Reference(Protocol):
    """What a comparison needs of a library's network."""

    library: str
    network: str
    architecture: str  # as edge-search calls it

    def randomise(self, pixels: NDArray[np.uint8], seed: int) -> None:
        """Draw weights; every batch-norm gets statistics of its own near those of these pixels."""

    def load(self, state: dict[str, NDArray[Any]]) -> None:
        """Take weights under the names that a checkpoint has."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights."""

    def features(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pooled maps float32 (n, head + stage 7) in FP32 of pixels uint8 (n, S, S, 3)."""

    def save(self, folder: Path) -> Sequence[SavedFile]:
        """Write every kind of file that holds such weights."""

    def prepare(self, photo: Image.Image) -> NDArray[np.float64] | None:
        """Photo -> pixels (S, S, 3) in 0..255 by the library's own transform; None where it defines none."""


def pooled(head: NDArray[np.float32], stage7: NDArray[np.float32]) -> NDArray[np.float32]:
    """Maps (n, C, h, w) -> mean of the head, generalised mean (power 3) of stage 7, side by side."""
    gem = np.maximum(stage7.astype(np.float64), 1e-6) ** 3
    parts = [head.astype(np.float64).mean(axis=(2, 3)), gem.mean(axis=(2, 3)) ** (1 / 3)]
    return np.concatenate(parts, axis=1).astype(np.float32)
