"""The fit: the projection and calibration of a catalog, chosen and judged on the catalog itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from edge_search.fitting.calibration import Calibration, calibrate
from edge_search.fitting.discriminant import FitRecipe, Levels
from edge_search.fitting.gallery import Gallery
from edge_search.fitting.lineup import Lineup, lineups
from edge_search.fitting.projection import Projection
from edge_search.fitting.recall import Recalls
from edge_search.fitting.trial import Outcome, Trial
from edge_search.types import FloatArray

__all__ = ["Fit", "fit"]

# One picture a product: there is nothing to choose by. Simulated photos always say that the strongest fit is best
# (.79 -> .99), while real photos of loose goods, whose shop picture shows another apple, lose by it. Half-way
# whitening with much shrinkage keeps what both have: R@1 .37 -> .44 with R@5 .80 -> .79 on such goods.
_SINGLE = FitRecipe(simulated=1.0, shrinkage=0.6, power=0.5)
# Must be better by more than a photo or two: the same catalog would else come and go between two projections.
_LEAST_GAIN = 0.005
_MOST_LOSS_AT_5 = 0.005
# Nearly as good: with some hundred photos the best of 36 is best by chance.
_AS_GOOD = 0.015


@dataclass(frozen=True)
class Fit:
    """What a trial came to. ``projection`` is the one to use; ``recipe`` how it was fitted, None for the plain one.

    ``basis``: ``photos`` (held-out photos of the catalog), ``simulated`` or ``nothing``. ``reason`` says in words why.
    ``again`` fits in the same way to a part of the catalog: what a trial of something else searches through.
    """

    projection: Projection
    recipe: FitRecipe | None
    basis: str
    reason: str
    plain: Recalls | None
    fitted: Outcome | None
    calibration: Calibration | None
    again: Callable[[Gallery], Projection]

    def to_dict(self) -> dict[str, Any]:
        """Return what was found, for JSON; without the projection itself."""
        return {
            "kept": self.recipe is not None,
            "reason": self.reason,
            "basis": self.basis,
            "dimension": self.projection.dimension,
            "recipe": None if self.recipe is None else asdict(self.recipe),
            "plain": None if self.plain is None else asdict(self.plain),
            "fitted": None if self.fitted is None else asdict(self.fitted.fitted),
            "fitted_unseen_skus": None
            if self.fitted is None or self.fitted.unseen is None
            else asdict(self.fitted.unseen),
            "calibration": None if self.calibration is None else asdict(self.calibration),
        }


def fit(
    gallery: Gallery,
    plain: Projection,
    levels: Mapping[Levels, FloatArray | None],
    *,
    promised: float,
    pause: Callable[[], None] = lambda: None,
) -> Fit:
    """Choose, fit and judge a projection of ``gallery``, and calibrate the verdict with what won.

    Args:
        gallery: the catalog.
        plain: the projection before anything is fitted; it stays unless a fitted one wins.
        levels: masks (D,) of what a recipe's levels mean.
        promised: rate of wrong "match" the calibration keeps to.
        pause: called between steps of some seconds at most; may raise to stop.
    """
    trial = Trial(gallery, plain, levels, pause=pause)
    if not trial.splits:
        return Fit(
            plain, None, "nothing", "the catalog has too few photos to try it on", None, None, None, lambda _: plain
        )
    basis = "simulated" if trial.splits[0].kind == "simulated" else "photos"
    before, _ = trial.plain()
    outcomes = trial.outcomes(_recipes(basis, levels))
    best = _careful(outcomes)
    projection: Projection | None = None
    if best.fitted.at_1 >= before.at_1 + _LEAST_GAIN and best.fitted.at_5 >= before.at_5 - _MOST_LOSS_AT_5:
        projection = trial.fitted(best.recipe)
    reason = _reason(before, best, basis, kept=projection is not None)

    def again(part: Gallery) -> Projection:
        return (trial.fitted(best.recipe, part) if projection is not None else None) or plain

    found: list[Lineup] = []
    for split in trial.splits:
        if split.kind != "sku":
            # Through a projection that never saw the photos asked about.
            found += lineups(split, again(split.fitted), pause)
    calibration = calibrate(found, basis, promised)
    recipe = best.recipe if projection is not None else None
    return Fit(projection or plain, recipe, basis, reason, before, best, calibration, again)


def _recipes(basis: str, levels: Mapping[Levels, FloatArray | None]) -> list[FitRecipe]:
    if basis == "simulated":
        return [_SINGLE]
    return [
        FitRecipe(simulated, shrinkage, 1.0, dimension, level)
        for simulated, shrinkage, dimension, level in product((0.0, 0.3, 1.0), (0.3, 0.45, 0.6), (128, 256), levels)
    ]


def _careful(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the best of those that leave nothing out, where they are nearly as good: all levels, more numbers."""
    good = [one for one in outcomes if one.fitted.merit >= outcomes[0].fitted.merit - _AS_GOOD]
    return max(good, key=lambda one: (one.recipe.dimension, one.recipe.levels == "all", one.fitted.merit))


def _reason(before: Recalls, best: Outcome, basis: str, *, kept: bool) -> str:
    what = "held-out photos" if basis == "photos" else "simulated photos"
    figures = (
        f"of {before.queries} {what} the right product came first for {before.at_1:.1%} without it and "
        f"{best.fitted.at_1:.1%} with it, among five for {before.at_5:.1%} and {best.fitted.at_5:.1%}"
    )
    return f"{'a fitted projection wins' if kept else 'no fitted projection wins'}: {figures}"
