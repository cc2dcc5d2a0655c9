"""Geometry: how many details of two pictures lie alike, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_search.local.points import Points
from edge_search.types import FloatArray

__all__ = ["Agreement", "agreement"]

_RATIO = 0.9  # of the distances to the nearest and the second nearest detail
_MOST_PAIRS = 100
_LOOSE = 0.08  # of the photo's longer side: how far one pair's own turn and size may miss
_TIGHT = 0.02
_ROUNDS = 3
_STARTS = 2
_FEWEST = 4
_SMALLEST, _LARGEST_SCALE = 0.1, 10.0
_FLATTEST = 0.15  # a picture seen this much from the side can't be told from chance

_RIDGE = np.eye(3) * 1e-6  # pairs on one line have no affine map; what comes out then is refused

_Pairs = NDArray[np.int64]


@dataclass(frozen=True)
class Agreement:
    """``points`` pairs of details lie alike. ``region``: x, y, width, height as shares of the photo, around them."""

    points: int
    region: tuple[float, float, float, float]


_NOTHING = Agreement(0, (0.0, 0.0, 0.0, 0.0))


def agreement(photo: Points, picture: Points) -> Agreement:
    """Return how many details of ``photo`` lie as in ``picture``, a flat thing seen from anywhere in front.

    Details are paired where each is the other's nearest and clearly nearer than the next. Each pair by itself says
    how the picture would have moved, turned and grown (fast spatial matching: Philbin et al., CVPR 2007); what most
    others agree with is refined to an affine map. No chance is involved: the same pictures always give the same.
    """
    if min(len(photo), len(picture)) < _FEWEST:
        return _NOTHING
    mine, theirs = _pairs(photo, picture)
    if len(mine) < _FEWEST:
        return _NOTHING
    target, source = photo.places[mine], picture.places[theirs]
    long_side = float(max(photo.width, photo.height))
    votes = _votes(photo, picture, mine, theirs, _LOOSE * long_side)
    counts = votes.sum(axis=1)
    best = _NOTHING
    for start in np.argsort(-counts, kind="stable")[:_STARTS]:
        if counts[start] <= max(best.points, _FEWEST):
            break
        inside = _refined(source, target, votes[start], _TIGHT * long_side)
        count = int(inside.sum())
        if count > best.points:
            best = Agreement(count, _region(target[inside], photo))
    return best


def _pairs(photo: Points, picture: Points) -> tuple[_Pairs, _Pairs]:
    """Return rows of photo and picture that are each other's nearest, the clearest first."""
    ours, theirs = photo.descriptors.astype(np.float32), picture.descriptors.astype(np.float32)
    products = ours @ theirs.T
    squared = (ours**2).sum(axis=1)[:, None] + (theirs**2).sum(axis=1) - 2 * products
    nearest = squared.argmin(axis=1)
    rows = np.arange(len(ours))
    first = squared[rows, nearest]
    mutual = squared.argmin(axis=0)[nearest] == rows
    squared[rows, nearest] = np.inf
    second = squared.min(axis=1)
    ratio = np.sqrt(np.maximum(first, 0) / np.maximum(second, 1e-6))
    kept = np.flatnonzero(mutual & (ratio < _RATIO))
    kept = kept[np.argsort(ratio[kept], kind="stable")][:_MOST_PAIRS]
    return kept, nearest[kept]


def _votes(photo: Points, picture: Points, mine: _Pairs, theirs: _Pairs, reach: float) -> NDArray[np.bool_]:
    """Return which pairs (columns) agree with the move that each pair (row) stands for, bool (n, n)."""
    grown = photo.sizes[mine] / np.maximum(picture.sizes[theirs], 1e-6)
    turned = photo.angles[mine] - picture.angles[theirs]
    source = picture.places[theirs] @ np.array([1, 1j])
    target = photo.places[mine] @ np.array([1, 1j])
    moves = grown * np.exp(1j * turned)
    expected = target[:, None] + moves[:, None] * (source[None, :] - source[:, None])
    return np.asarray(np.abs(expected - target[None, :]) < reach)


def _refined(source: FloatArray, target: FloatArray, inside: NDArray[np.bool_], reach: float) -> NDArray[np.bool_]:
    """Fit an affine map to the pairs inside, and count again with it, a few times; none if it is not one seen."""
    ones = np.ones((len(source), 1), np.float32)
    rows = np.concatenate([source, ones], axis=1).astype(np.float64)
    for turn in range(_ROUNDS):
        if inside.sum() < _FEWEST:
            return np.zeros_like(inside)
        some = rows[inside]
        found = np.linalg.solve(some.T @ some + _RIDGE, some.T @ target[inside])
        error = np.hypot(*(rows @ found - target).T)
        inside = error < reach * (2.0 if turn < _ROUNDS - 1 else 1.0)
    stretch = np.linalg.svd(found[:2], compute_uv=False)
    seen = (
        np.linalg.det(found[:2]) > 0
        and stretch[0] < _LARGEST_SCALE
        and stretch[1] > _SMALLEST
        and stretch[1] > _FLATTEST * stretch[0]
    )
    return inside if seen else np.zeros_like(inside)


def _region(places: FloatArray, photo: Points) -> tuple[float, float, float, float]:
    extent = np.array([photo.width, photo.height], np.float32)
    low, high = places.min(axis=0) / extent, places.max(axis=0) / extent
    x, y, right, bottom = (float(value) for value in np.clip([*low, *high], 0, 1))
    return round(x, 4), round(y, 4), round(right - x, 4), round(bottom - y, 4)
