"""Trials: which projection names held-out photos of this very catalog best, and is it better than none?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_search.fitting.discriminant import Discriminant, FitRecipe
from edge_search.fitting.projection import Projection
from edge_search.fitting.scatter import Scatter, around_pictures, within_skus
from edge_search.types import FloatArray

__all__ = ["Gallery", "Outcome", "Recalls", "compare", "fit_all", "recalls"]

Numbers = NDArray[np.int64]

_FOLDS = 4
# With fewer SKUs of several photos the by-photo split would judge by a handful of queries.
_LEAST_SKUS = 10


@dataclass(frozen=True)
class Recalls:
    """Share of held-out photos whose SKU came first, and among the first five."""

    at_1: float
    at_5: float

    @property
    def merit(self) -> float:
        """What candidates are ranked by: being first counts most, but not at the price of the first five."""
        return self.at_1 + 0.5 * self.at_5


@dataclass(frozen=True)
class Gallery:
    """What a projection is fitted on.

    ``features``: float32 (n, D), length 1; ``skus``: int64 (n,); ``simulated``: float32 (n, m, D), simulated photos
    of each, m may be 0.
    """

    features: FloatArray
    skus: Numbers
    simulated: FloatArray

    def __len__(self) -> int:
        return len(self.features)

    def part(self, chosen: NDArray[np.bool_]) -> Gallery:
        """Return the photos where ``chosen`` is true."""
        return Gallery(self.features[chosen], self.skus[chosen], self.simulated[chosen])


@dataclass(frozen=True)
class _Split:
    """Fit on ``fitted``, search ``gallery`` with ``queries``."""

    fitted: Gallery
    gallery: Gallery
    queries: FloatArray
    query_skus: Numbers


@dataclass(frozen=True)
class Outcome:
    """What the trial of one candidate brought, beside the plain projection on the same photos."""

    recipe: FitRecipe
    plain: Recalls
    fitted: Recalls
    queries: int


def recalls(gallery: FloatArray, skus: Numbers, queries: FloatArray, query_skus: Numbers) -> Recalls:
    """Return Recall@1 and @5 by SKU of unit vectors; a SKU scores the largest cosine over its images."""
    order = np.argsort(skus, kind="stable")
    names, starts = np.unique(skus[order], return_index=True)
    ranks = []
    for at in range(0, len(queries), 256):  # 256 x 10,000 cosines are 10 MB
        cosines = queries[at : at + 256] @ gallery[order].T
        scores = np.maximum.reduceat(cosines, starts, axis=1)
        own = scores[np.arange(len(scores)), np.searchsorted(names, query_skus[at : at + 256])]
        ranks.append((scores > own[:, None]).sum(axis=1))
    rank = np.concatenate(ranks)
    return Recalls(float((rank < 1).mean()), float((rank < 5).mean()))


def _discriminant(gallery: Gallery, simulated: float) -> Discriminant | None:
    """Return the fit for one mix of scatters, None when the photos don't have what it takes."""
    own = within_skus(gallery.features, gallery.skus)
    made = around_pictures(gallery.features, gallery.simulated) if simulated and gallery.simulated.size else None
    scatters: list[tuple[float, Scatter]] = []
    if own is not None:
        scatters.append((1.0, own))
    if made is not None:
        scatters.append((simulated, made))
    return Discriminant(gallery.features, scatters) if scatters and len(gallery) > 1 else None


def fit_all(gallery: Gallery, recipe: FitRecipe) -> Projection | None:
    """Return the projection of the whole gallery, None when it can't be fitted."""
    found = _discriminant(gallery, recipe.simulated)
    return None if found is None else found.fit(recipe)


def compare(
    gallery: Gallery,
    plain: Projection,
    recipes: Sequence[FitRecipe],
    *,
    seed: int = 0,
    pause: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Try every recipe on splits of the gallery, best merit first.

    By photo: a quarter of the photos of SKUs that have several is held out, four times. By SKU: a third of
    those SKUs is left out of the fit, and their held-out photos are searched among all. Where too few SKUs have several
    photos, the last simulated photo of each picture is the query, and no fit sees it.

    Args:
        gallery: the catalog.
        plain: what a fitted one must beat.
        recipes: the candidates.
        seed: of the splits.
        pause: called between fits; may raise to stop.
    """
    splits = list(_splits(gallery, seed))
    sums: dict[FitRecipe, list[tuple[Recalls, int]]] = {recipe: [] for recipe in recipes}
    base: list[tuple[Recalls, int]] = []
    for split in splits:
        base.append((_searched(split, plain), len(split.queries)))
        for mix in sorted({recipe.simulated for recipe in recipes}):
            pause()
            found = _discriminant(split.fitted, mix)
            for recipe in (recipe for recipe in recipes if recipe.simulated == mix):
                projection = plain if found is None else found.fit(recipe)
                sums[recipe].append((_searched(split, projection), len(split.queries)))
    if not splits:
        return []
    before = _mean(base)
    asked = sum(count for _, count in base)
    found_all = [Outcome(recipe, before, _mean(results), asked) for recipe, results in sums.items()]
    return sorted(found_all, key=lambda outcome: outcome.fitted.merit, reverse=True)


def _searched(split: _Split, projection: Projection) -> Recalls:
    return recalls(projection(split.gallery.features), split.gallery.skus, projection(split.queries), split.query_skus)


def _mean(results: Sequence[tuple[Recalls, int]]) -> Recalls:
    total = sum(count for _, count in results)
    return Recalls(
        sum(found.at_1 * count for found, count in results) / total,
        sum(found.at_5 * count for found, count in results) / total,
    )


def _splits(gallery: Gallery, seed: int) -> Iterator[_Split]:
    draw = np.random.default_rng(seed)
    turn = _turns(gallery.skus, draw)
    names, counts = np.unique(gallery.skus, return_counts=True)
    several = names[counts > 1]
    if len(several) < _LEAST_SKUS:
        yield from _simulated_split(gallery)
        return
    repeated = np.isin(gallery.skus, several)
    for fold in range(_FOLDS):
        held = repeated & (turn % _FOLDS == fold)
        if held.any():
            kept = gallery.part(~held)
            yield _Split(kept, kept, gallery.features[held], gallery.skus[held])
            unseen = np.isin(gallery.skus, draw.permutation(several)[: len(several) // 3])
            asked = held & unseen
            if asked.any():
                yield _Split(gallery.part(~unseen), kept, gallery.features[asked], gallery.skus[asked])


def _simulated_split(gallery: Gallery) -> Iterator[_Split]:
    if gallery.simulated.shape[1] < 2 or len(gallery) < 2:
        return
    rest = Gallery(gallery.features, gallery.skus, gallery.simulated[:, :-1])
    yield _Split(rest, rest, gallery.simulated[:, -1], gallery.skus)


def _turns(skus: Numbers, draw: np.random.Generator) -> Numbers:
    """Number the photos of each SKU 0, 1, 2 ... in a random order."""
    order = draw.permutation(len(skus))
    order = order[np.argsort(skus[order], kind="stable")]
    _, starts, counts = np.unique(skus[order], return_index=True, return_counts=True)
    turns = np.empty(len(skus), np.int64)
    turns[order] = np.arange(len(skus)) - np.repeat(starts, counts)
    return turns
