"""What a tuning never sees: the hardest photo of each SKU, and all photos of some SKUs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_search.fitting.discriminant import Discriminant, FitRecipe
from edge_search.fitting.gallery import Gallery, Numbers
from edge_search.fitting.projection import Projection
from edge_search.fitting.recall import Recalls, recalls
from edge_search.fitting.scatter import within_skus
from edge_search.fitting.split import hardest
from edge_search.types import FloatArray

__all__ = ["LEAST_QUERIES", "Found", "HeldOut", "hold_out"]

LEAST_QUERIES = 30
"""Fewer conclude nothing."""
_UNSEEN = 0.25  # of the SKUs


@dataclass(frozen=True)
class Found:
    """How well held-out photos were named: all of them, and those of SKUs that training never saw."""

    all: Recalls
    unseen: Recalls


@dataclass(frozen=True)
class HeldOut:
    """Rows of a material, int64: ``train``, ``gallery`` (what is searched) and ``queries``.

    ``simulated``: the queries are simulated photos of their rows, which stay in the gallery. ``unseen`` bool (q,): the
    query's SKU is in the gallery, and nothing of it in training.
    """

    train: Numbers
    gallery: Numbers
    queries: Numbers
    simulated: bool
    unseen: NDArray[np.bool_]

    def found(self, features: FloatArray, asked: FloatArray, skus: Numbers, *, projected: bool) -> Found | None:
        """Search with ``asked`` float32 (q, D) in ``features`` float32 (n, D) of all rows, ``skus`` int64 (n,).

        ``projected``: through a projection fitted on the training photos, as `adapt` fits one; None where none can be.
        """
        gallery, queries = features[self.gallery], asked
        if projected:
            projection = _projection(features[self.train], skus[self.train])
            if projection is None:
                return None
            gallery, queries = projection(gallery), projection(queries)
        mine, wanted = skus[self.gallery], skus[self.queries]
        every = recalls(gallery, mine, queries, wanted)
        return Found(every, recalls(gallery, mine, queries[self.unseen], wanted[self.unseen]))


def hold_out(features: FloatArray, skus: Numbers, cut_out: NDArray[np.bool_], seed: int) -> HeldOut:
    """Hold out by the features of the network before it is tuned, float32 (n, D).

    The photo least like the others of its SKU is a query, where 30 SKUs have one; else simulated photos are, one of
    each picture. A quarter of the SKUs is left out of training with all photos: what a shop lists next week.
    """
    rows = np.arange(len(features))
    nothing = np.zeros((0, features.shape[1]), np.float32), np.zeros(0, np.int64)
    queries = hardest(Gallery(features, skus, *nothing, cut_out))
    simulated = len(queries) < LEAST_QUERIES
    if simulated:
        queries = rows
    gallery = rows if simulated else np.setdiff1d(rows, queries)
    names = np.unique(skus[queries])
    left_out = np.random.default_rng(seed).permutation(names)[: max(1, round(_UNSEEN * len(names)))]
    train = gallery[~np.isin(skus[gallery], left_out)]
    return HeldOut(train, gallery, queries, simulated, np.isin(skus[queries], left_out))


def _projection(features: FloatArray, skus: Numbers) -> Projection | None:
    empty = np.zeros((0, features.shape[1]), np.float32), np.zeros(0, np.int64)
    scatter = within_skus(Gallery(features, skus, *empty, np.zeros(len(features), bool)))
    return None if scatter is None else Discriminant(features, [(1.0, scatter)]).fit(FitRecipe())
