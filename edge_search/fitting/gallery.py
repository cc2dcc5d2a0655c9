"""The gallery: the features that a projection is fitted on and tried with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_search.types import FloatArray

__all__ = ["Gallery", "Numbers", "sku_means"]

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Gallery:
    """Photos of a catalog, and simulated photos of some of them.

    ``features``: float32 (n, D), length 1. ``skus``: int64 (n,), which product each shows. ``simulated``: float32
    (m, D), length 1. ``origin``: int64 (m,), the row of ``features`` that each was simulated from. ``cut_out``: bool
    (n,), photos on plain ground, as shops have them and shoppers don't take them.
    """

    features: FloatArray
    skus: Numbers
    simulated: FloatArray
    origin: Numbers
    cut_out: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.features)

    def rows(self, chosen: Numbers) -> Gallery:
        """Return the photos of these rows (ascending), with what was simulated of them."""
        kept = np.isin(self.origin, chosen)
        return Gallery(
            self.features[chosen],
            self.skus[chosen],
            self.simulated[kept],
            np.searchsorted(chosen, self.origin[kept]),
            self.cut_out[chosen],
        )

    def without_last(self) -> Gallery:
        """Return it without the last simulated photo of each picture."""
        kept = ~self.last_simulated
        return replace(self, simulated=self.simulated[kept], origin=self.origin[kept])

    @property
    def last_simulated(self) -> NDArray[np.bool_]:
        """Which simulated photos, bool (m,), are the last of their picture."""
        last = np.zeros(len(self.origin), bool)
        last[len(self.origin) - 1 - np.unique(self.origin[::-1], return_index=True)[1]] = True
        return last

    def turned(self, matrix: FloatArray) -> Gallery:
        """Return it with all features multiplied by ``matrix`` (D, d)."""
        return replace(self, features=self.features @ matrix, simulated=self.simulated @ matrix)


def sku_means(features: FloatArray, skus: Numbers) -> tuple[Numbers, FloatArray]:
    """Return the distinct SKU numbers (ascending) and the mean feature of each, float32 (k, D)."""
    names, place = np.unique(skus, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(names)))
    sums = np.add.reduceat(features[order], starts, axis=0, dtype=np.float64)
    counts = np.bincount(place, minlength=len(names))
    return names, np.asarray(sums / counts[:, None], np.float32)
