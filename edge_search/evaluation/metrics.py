"""Metrics of a set of queries: Recall@k, MRR, and how sure one can be of a share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_search.types import Timings

__all__ = ["DEPTHS", "FEWEST", "Ranked", "enough", "interval", "mrr", "percentiles", "ratio_interval", "recall"]

DEPTHS = (1, 5, 20)
FEWEST = 30
"""Photos below which nothing is concluded: a share of 29 photos is off by 18 points in one case of twenty."""
_FEWEST_SKUS = 5
_RESAMPLES = 1000


@dataclass(frozen=True)
class Ranked:
    """One query: its SKU, and the rank of that SKU among the answer's (0: not among them).

    ``score`` is that of the first hit (None without one), ``shown`` the SKUs of the first hits; ``known``: whether
    the catalog shows the query's SKU at all; ``file``: the photo.
    """

    path: str
    sku: str
    category: str | None
    rank: int
    answered: str | None
    verdict: str
    total_ms: float
    score: float | None = None
    shown: tuple[str, ...] = ()
    known: bool = True
    timings: Timings | None = None
    file: Path | None = None


def recall(queries: Sequence[Ranked], depth: int) -> float:
    """Return the share of queries whose SKU is among the first ``depth`` (Recall@k of retrieval by SKU)."""
    return float(np.mean([1 <= query.rank <= depth for query in queries])) if queries else 0.0


def mrr(queries: Sequence[Ranked]) -> float:
    """Return the mean of 1/rank, 0 where the SKU is not among the answer's (Voorhees, TREC-8, 1999)."""
    return float(np.mean([1 / query.rank if query.rank else 0.0 for query in queries])) if queries else 0.0


def interval(queries: Sequence[Ranked], depth: int, *, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % interval of Recall@depth; see `ratio_interval`."""
    right = [float(1 <= query.rank <= depth) for query in queries]
    return ratio_interval([query.sku for query in queries], right, seed=seed) or (0.0, 0.0)


def ratio_interval(
    skus: Sequence[str], values: Sequence[float], asked: Sequence[float] | None = None, *, seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95 % interval of sum(values) / sum(asked), by bootstrap over SKUs; None where nothing was asked.

    Photos of one SKU are not independent: they are right or wrong together. So SKUs are drawn with all their photos
    (the cluster bootstrap: Field and Welsh, J. R. Statist. Soc. B 69, 2007; 1,000 resamples, percentiles 2.5 and
    97.5). The same queries in another order give the same interval.

    Args:
        skus: the SKU of each query.
        values: what each query adds to the numerator.
        asked: what each adds to the denominator; default: 1.
        seed: of the resampling.
    """
    weights = [1.0] * len(skus) if asked is None else asked
    names = sorted(set(skus))
    place = {sku: position for position, sku in enumerate(names)}
    top, bottom = np.zeros(len(names)), np.zeros(len(names))
    for sku, value, weight in zip(skus, values, weights, strict=True):
        top[place[sku]] += value
        bottom[place[sku]] += weight
    if not bottom.sum():
        return None
    drawn = np.random.default_rng(seed).integers(len(names), size=(_RESAMPLES, len(names)))
    sums = bottom[drawn].sum(axis=1)
    some = sums > 0  # a resample may hold no SKU that was asked about
    low, high = np.percentile(top[drawn].sum(axis=1)[some] / sums[some], [2.5, 97.5])
    return float(low), float(high)


def enough(queries: Sequence[Ranked]) -> bool:
    """Return whether something may be concluded: 30 photos, of 5 SKUs (those are what the bootstrap draws)."""
    return len(queries) >= FEWEST and len({query.sku for query in queries}) >= _FEWEST_SKUS


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50 and p95 of milliseconds."""
    if not values:
        return {"p50": 0.0, "p95": 0.0}
    p50, p95 = np.percentile(values, [50, 95])
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}
