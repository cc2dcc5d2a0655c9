"""Splits of the catalog itself: what is fitted on, what is searched, and what is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edge_search.fitting.gallery import Gallery, Numbers
from edge_search.types import FloatArray

__all__ = ["Split", "splits"]

_FOLDS = 4
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

    By photo: a quarter of the photos of SKUs that have several is held out, four times. By SKU: a third of
    those SKUs is left out of the fit, and their held-out photos are searched among all. Where too few SKUs have
    several photos, the last simulated photo of each picture is the query, and no fit sees it.
    """
    draw = np.random.default_rng(seed)
    names, counts = np.unique(gallery.skus, return_counts=True)
    several = names[counts > 1]
    if len(several) < _LEAST_SKUS:
        yield from _simulated(gallery)
        return
    fold = _folds(gallery.skus, draw)
    repeated = np.isin(gallery.skus, several)
    for number in range(_FOLDS):
        held = repeated & (fold == number)
        kept = gallery.rows(np.flatnonzero(~held))
        held &= np.isin(gallery.skus, kept.skus)
        if not held.any():
            continue
        yield Split("photo", kept, kept, gallery.features[held], gallery.skus[held])
        unseen = np.isin(gallery.skus, draw.permutation(several)[: len(several) // 3])
        asked = held & unseen
        if asked.any():
            seen = gallery.rows(np.flatnonzero(~unseen & ~held))
            yield Split("sku", seen, kept, gallery.features[asked], gallery.skus[asked])


def _simulated(gallery: Gallery) -> Iterator[Split]:
    asked = gallery.last_simulated
    rest = gallery.without_last()
    if len(rest.origin) and len(gallery) > 1:
        yield Split("simulated", rest, rest, gallery.simulated[asked], gallery.skus[gallery.origin[asked]])


def _folds(skus: Numbers, draw: np.random.Generator) -> Numbers:
    """Number the photos of each SKU 0, 1, 2, 3, 0 ... in a random order, each SKU from a number of its own.

    From one number for all, SKUs of two photos would all lose one in the same fold, and what remained of each
    could not say how its photos differ.
    """
    order = draw.permutation(len(skus))
    order = order[np.argsort(skus[order], kind="stable")]
    _, starts, counts = np.unique(skus[order], return_index=True, return_counts=True)
    first = draw.integers(0, _FOLDS, len(starts))
    turns = np.empty(len(skus), np.int64)
    turns[order] = np.arange(len(skus)) - np.repeat(starts - first, counts)
    return turns % _FOLDS
