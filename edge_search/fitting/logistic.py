"""Logistic regression of a few numbers, without a sign that would be absurd."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["logistic"]

_Array = NDArray[np.float64]
_ROUNDS = 50
# Keeps weights finite where two groups don't overlap at all.
_RIDGE = 1e-3


def logistic(values: _Array, labels: _Array, weights: _Array) -> _Array:
    """Return weights float64 (d + 1,), the last one the constant, of the chance that a label is 1.

    By iteratively reweighted least squares with a small ridge. None of the first d is below 0: a value that would get
    such a weight is left out (weight 0), so more of anything never makes less of a chance.

    Args:
        values: float64 (n, d).
        labels: 0 or 1, (n,).
        weights: how much each row counts, (n,).
    """
    used = list(range(values.shape[1]))
    while True:
        found = _fitted(values[:, used], labels, weights)
        negative = [place for place, weight in enumerate(found[:-1]) if weight < 0]
        if not negative:
            break
        used.pop(negative[int(np.argmin(found[negative]))])
    result = np.zeros(values.shape[1] + 1)
    result[used] = found[:-1]
    result[-1] = found[-1]
    return result


def _fitted(values: _Array, labels: _Array, weights: _Array) -> _Array:
    spread = values.std(axis=0)
    spread[spread < 1e-9] = 1
    middle = values.mean(axis=0)
    rows = np.column_stack([(values - middle) / spread, np.ones(len(values))])
    found = np.zeros(rows.shape[1])
    ridge = np.full(rows.shape[1], _RIDGE * weights.sum())
    ridge[-1] = 1e-9
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ found, -30, 30)))
        curve = np.maximum(weights * chance * (1 - chance), 1e-9)
        slope = rows.T @ (weights * (labels - chance)) - ridge * found
        step = np.linalg.solve((rows * curve[:, None]).T @ rows + np.diag(ridge), slope)
        found += step
        if np.abs(step).max() < 1e-8:
            break
    scaled = found[:-1] / spread
    return np.append(scaled, found[-1] - scaled @ middle)
