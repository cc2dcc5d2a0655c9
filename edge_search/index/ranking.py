"""Ranking: the best of many, the same way wherever vectors are scored."""

from __future__ import annotations

import numpy as np

from edge_search.types import FloatArray, KeyArray

__all__ = ["best"]


def best(keys: KeyArray, similarity: FloatArray, count: int) -> tuple[KeyArray, FloatArray]:
    """Return the ``count`` most similar (keys, similarities), best first.

    Of equal similarities the older photo comes first, so that answers are the same every time.
    """
    if count < len(keys):
        chosen = np.argpartition(-similarity, count - 1)[:count] if count > 0 else slice(0)
        keys, similarity = keys[chosen], similarity[chosen]
    order = np.lexsort((keys, -similarity))
    return keys[order], similarity[order]
