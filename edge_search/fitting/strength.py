"""Strength: how much a SKU's photos together speak for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["strength"]

# A SKU's best images that count together, and how near to the best one (in cosine) the others must be to matter.
_AGREEING = 4
_SOFTNESS = 0.05


def strength(similarities: Sequence[float]) -> float:
    """Return a soft maximum of a SKU's best cosines (best first): the best one, and a little more if others agree.

    One photo more never makes a SKU weaker. With 2 or 3 of 4 phone photos a SKU as the catalog and the others as
    queries (81 SKUs of groceries) Recall@5 rose from .930 to .935 and from .951 to .957, Recall@1 by .002 to .006,
    against the best cosine alone.
    """
    if len(similarities) == 1:  # of many products there is one photo; 60 candidates cost a third of a millisecond
        return float(similarities[0])
    best = np.asarray(similarities[:_AGREEING])
    return float(best[0] + np.log(np.exp((best - best[0]) / _SOFTNESS).sum()) * _SOFTNESS)
