"""Recall: how often the right SKU comes first, and among the first five."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_search.fitting.gallery import Numbers
from edge_search.types import FloatArray

__all__ = ["Recalls", "recalls"]


@dataclass(frozen=True)
class Recalls:
    """Share of ``queries`` held-out photos whose SKU came first, and among the first five."""

    at_1: float
    at_5: float
    queries: int

    @property
    def merit(self) -> float:
        """What candidates are ranked by: being first counts most, but not at the price of the first five."""
        return self.at_1 + 0.5 * self.at_5

    @classmethod
    def together(cls, several: Sequence[Recalls]) -> Recalls:
        """Return the recalls over all queries of ``several``."""
        total = sum(one.queries for one in several)
        weights = [one.queries / max(1, total) for one in several]
        at_1 = sum(one.at_1 * weight for one, weight in zip(several, weights, strict=True))
        return cls(at_1, sum(one.at_5 * weight for one, weight in zip(several, weights, strict=True)), total)


def recalls(gallery: FloatArray, skus: Numbers, queries: FloatArray, query_skus: Numbers) -> Recalls:
    """Return Recall@1 and @5 by SKU of unit vectors; a SKU scores the largest cosine over its images.

    Every SKU of ``query_skus`` must be in ``skus``.
    """
    order = np.argsort(skus, kind="stable")
    names, starts = np.unique(skus[order], return_index=True)
    ordered = np.ascontiguousarray(gallery[order].T)
    ranks = []
    for at in range(0, len(queries), 256):  # 256 x 10,000 cosines are 10 MB
        scores = np.maximum.reduceat(queries[at : at + 256] @ ordered, starts, axis=1)
        own = scores[np.arange(len(scores)), np.searchsorted(names, query_skus[at : at + 256])]
        ranks.append((scores > own[:, None]).sum(axis=1))
    rank = np.concatenate(ranks)
    return Recalls(float((rank < 1).mean()), float((rank < 5).mean()), len(queries))
