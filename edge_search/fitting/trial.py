"""The trial: which projection names held-out photos of this very catalog best, and is it better than none?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge_search.fitting.basis import basis
from edge_search.fitting.discriminant import Discriminant, FitRecipe, Levels
from edge_search.fitting.gallery import Gallery
from edge_search.fitting.projection import Projection
from edge_search.fitting.recall import Recalls, recalls
from edge_search.fitting.scatter import Scatter, around_pictures, within_skus
from edge_search.fitting.split import Split, splits
from edge_search.types import FloatArray

__all__ = ["Outcome", "Trial"]


@dataclass(frozen=True)
class Outcome:
    """What one recipe brought on the splits, over all and for SKUs that its fit never saw (None: not asked)."""

    recipe: FitRecipe
    fitted: Recalls
    unseen: Recalls | None


class Trial:
    """Fits recipes on splits of a gallery, and one on all of it.

    ``plain`` is what a fitted projection must beat. ``levels`` are the masks (D,) of what a recipe's levels mean;
    without one, all numbers count. ``pause`` is called between fits, and may raise to stop.
    """

    def __init__(
        self,
        gallery: Gallery,
        plain: Projection,
        levels: Mapping[Levels, FloatArray | None],
        *,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        self._gallery = gallery
        self._plain = plain
        self._levels = levels
        self._pause = pause
        self._bases: dict[Levels, FloatArray] = {}
        self.splits = tuple(splits(gallery))

    def plain(self) -> tuple[Recalls, Recalls | None]:
        """Return what the plain projection brings, over all and for the SKUs left out of the fits."""
        found = []
        for split in self.splits:
            self._pause()
            found.append((split.kind, searched(split, self._plain)))
        return Recalls.together([one for _, one in found]), _unseen(found)

    def outcomes(self, recipes: Sequence[FitRecipe]) -> list[Outcome]:
        """Try every recipe; best merit first."""
        found: dict[FitRecipe, list[tuple[str, Recalls]]] = {recipe: [] for recipe in recipes}
        for levels, mix in sorted({(recipe.levels, recipe.simulated) for recipe in recipes}):
            mine = [recipe for recipe in recipes if (recipe.levels, recipe.simulated) == (levels, mix)]
            for split in self.splits:
                self._pause()
                turned = self._turned(split, levels)
                made = _discriminant(turned.fitted, mix)
                for recipe in mine:
                    recall = searched(split, self._plain) if made is None else searched(turned, made.fit(recipe))
                    found[recipe].append((split.kind, recall))
        outcomes = [
            Outcome(recipe, Recalls.together([one for _, one in several]), _unseen(several))
            for recipe, several in found.items()
            if several
        ]
        return sorted(outcomes, key=lambda outcome: outcome.fitted.merit, reverse=True)

    def fitted(self, recipe: FitRecipe, fit_on: Gallery | None = None) -> Projection | None:
        """Return the projection (D, d) of ``fit_on`` (None: all of the gallery), None when it can't be fitted."""
        turn = self._basis(recipe.levels)
        found = _discriminant((self._gallery if fit_on is None else fit_on).turned(turn), recipe.simulated)
        if found is None:
            return None
        inner = found.fit(recipe)
        assert inner.matrix is not None
        assert inner.mean is not None
        return replace(inner, mean=turn @ inner.mean, matrix=turn @ inner.matrix)

    def _basis(self, levels: Levels) -> FloatArray:
        if levels not in self._bases:
            self._pause()
            self._bases[levels] = basis(self._gallery, self._levels.get(levels))
        return self._bases[levels]

    def _turned(self, split: Split, levels: Levels) -> Split:
        turn = self._basis(levels)
        fitted = split.fitted.turned(turn)
        gallery = fitted if split.gallery is split.fitted else split.gallery.turned(turn)
        return replace(split, fitted=fitted, gallery=gallery, queries=split.queries @ turn)


def searched(split: Split, projection: Projection) -> Recalls:
    """Return how well a split's queries are named through ``projection``."""
    vectors = projection(split.gallery.features)
    return recalls(vectors, split.gallery.skus, projection(split.queries), split.query_skus)


def _discriminant(gallery: Gallery, simulated: float) -> Discriminant | None:
    own = within_skus(gallery)
    made = around_pictures(gallery) if simulated else None
    scatters: list[tuple[float, Scatter]] = []
    if own is not None:
        scatters.append((1.0, own))
    if made is not None:
        scatters.append((simulated, made))
    return Discriminant(gallery.features, scatters) if scatters and len(gallery) > 1 else None


def _unseen(found: Sequence[tuple[str, Recalls]]) -> Recalls | None:
    several = [one for kind, one in found if kind == "sku"]
    return Recalls.together(several) if several else None
