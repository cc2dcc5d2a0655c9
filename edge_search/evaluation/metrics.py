"""Metrics of a set of queries: Recall@k, MRR, latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["DEPTHS", "Ranked", "interval", "mrr", "percentiles", "recall"]

DEPTHS = (1, 5, 20)
_RESAMPLES = 1000


@dataclass(frozen=True)
class Ranked:
    """One query: its SKU, and the rank of that SKU among the answer's (0: not among them)."""

    path: str
    sku: str
    category: str | None
    rank: int
    answered: str | None
    verdict: str
    total_ms: float


def recall(queries: Sequence[Ranked], depth: int) -> float:
    """Return the share of queries whose SKU is among the first ``depth``."""
    return float(np.mean([1 <= query.rank <= depth for query in queries])) if queries else 0.0


def mrr(queries: Sequence[Ranked]) -> float:
    """Return the mean of 1/rank, 0 where the SKU is not among the answer's."""
    return float(np.mean([1 / query.rank if query.rank else 0.0 for query in queries])) if queries else 0.0


def interval(queries: Sequence[Ranked], depth: int, *, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of Recall@depth by bootstrap over SKUs: photos of one SKU are not independent."""
    if not queries:
        return 0.0, 0.0
    names = sorted({query.sku for query in queries})
    place = {sku: position for position, sku in enumerate(names)}
    right, asked = np.zeros(len(names)), np.zeros(len(names))
    for query in queries:
        right[place[query.sku]] += 1 <= query.rank <= depth
        asked[place[query.sku]] += 1
    drawn = np.random.default_rng(seed).integers(len(names), size=(_RESAMPLES, len(names)))
    shares = right[drawn].sum(axis=1) / asked[drawn].sum(axis=1)
    low, high = np.percentile(shares, [2.5, 97.5])
    return float(low), float(high)


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50 and p95 of milliseconds."""
    if not values:
        return {"p50": 0.0, "p95": 0.0}
    p50, p95 = np.percentile(values, [50, 95])
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}
