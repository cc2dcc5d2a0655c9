"""Splits of the catalog itself: what is fitted on, what is searched, and what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge_search.fitting.gallery import Gallery, Numbers
from edge_search.types import FloatArray

__all__ = ["Split", "hardest", "splits"]

# With fewer SKUs of several photos the split by photo would judge by a handful of queries.
_LEAST_SKUS = 10


@dataclass(frozen=True)
class Split:
    """Fit on ``fitted``, search ``gallery`` with ``queries`` (float32 (q, D)) of ``query_skus``.

    ``kind``: ``photo``, one photo of a SKU was held out; ``sku``, the fit never saw the SKU; ``simulated``, the
    queries are simulated photos.
    """

    kind: Literal["photo", "sku", "simulated"]
    fitted: Gallery
    gallery: Gallery
    queries: FloatArray
    query_skus: Numbers


def splits(gallery: Gallery, *, seed: int = 0) -> Iterator[Split]:
    """Yield splits of ``gallery``.

    By photo: of SKUs that have several, the photo least like the others is held out, then the second one, of half
    of the SKUs at a time. Photos of one SKU often come from one minute, and any of them is found by its neighbour;
    shoppers' photos have no such neighbour. On 81 groceries held-out photos taken at random said .75 for the plain
    feature and .84 for a fit, those least like the others .48 and .63: what photos of other days said too, and those
    want more shrinkage and the simulated photos.

    By SKU: a third of the SKUs is left out of the fit, and their held-out photos are searched among all. Where too few
    SKUs have several photos, the last simulated photo of each picture is the query, and no fit sees it.
    """
    draw = np.random.default_rng(seed)
    names, counts = np.unique(gallery.skus, return_counts=True)
    # Of SKUs that have a photo a shopper might take, and another one.
    several = np.intersect1d(names[counts > 1], gallery.skus[~gallery.cut_out])
    if len(several) < _LEAST_SKUS:
        yield from _simulated(gallery)
        return
    place = _places(gallery)
    half = np.isin(gallery.skus, draw.permutation(several)[: len(several) // 2])
    for hardest, mine in ((0, half), (0, ~half), (1, half), (1, ~half)):
        # The second photo goes where two more are left to tell how the SKU's photos differ.
        held = mine & ~gallery.cut_out & (place == hardest) & np.isin(gallery.skus, names[counts >= 2 + 2 * hardest])
        if not held.any():
            continue
        kept = gallery.rows(np.flatnonzero(~held))
        yield Split("photo", kept, kept, gallery.features[held], gallery.skus[held])
        unseen = np.isin(gallery.skus, draw.permutation(several)[: len(several) // 3])
        asked = held & unseen
        if asked.any():
            seen = gallery.rows(np.flatnonzero(~unseen & ~held))
            yield Split("sku", seen, kept, gallery.features[asked], gallery.skus[asked])


def hardest(gallery: Gallery) -> Numbers:
    """Return the rows to ask with, one a SKU: the photo least like the others, where there are others; ascending."""
    names, counts = np.unique(gallery.skus, return_counts=True)
    several = np.isin(gallery.skus, names[counts > 1])
    return np.flatnonzero(several & ~gallery.cut_out & (_places(gallery) == 0))


def _simulated(gallery: Gallery) -> Iterator[Split]:
    asked = gallery.last_simulated
    rest = gallery.without_last()
    if len(rest.origin) and len(gallery) > 1:
        yield Split("simulated", rest, rest, gallery.simulated[asked], gallery.skus[gallery.origin[asked]])


def _places(gallery: Gallery) -> Numbers:
    """Number the photos of each SKU, the one least like all others of it first (by its largest cosine).

    Pictures on plain ground come last: nobody asks with one.
    """
    places = np.zeros(len(gallery), np.int64)
    order = np.argsort(gallery.skus, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(gallery.skus[order])) + 1):
        cosines = gallery.features[rows] @ gallery.features[rows].T
        np.fill_diagonal(cosines, -1)
        likeness = cosines.max(axis=1) + 2 * gallery.cut_out[rows]
        places[rows[np.argsort(likeness, kind="stable")]] = np.arange(len(rows))
    return places
