"""The trial of local features: whether, and how much, details should count in this catalog."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from edge_search.local.geometry import agreement
from edge_search.local.inverted import Inverted
from edge_search.local.judging import Judging
from edge_search.local.points import Points
from edge_search.local.vocabulary import Vocabulary
from edge_search.search.judge import BY_VECTOR, BY_WORDS
from edge_search.types import FloatArray, KeyArray

__all__ = ["Asked", "Choice", "TrialGallery", "choose", "recall_at_1"]

# On 150 held-out photos of loose goods (81 SKUs) the best wrong product reached 5 points in the median, 26 in one
# of ten (the same crate or sign in the picture); on cartons (100 SKUs, siblings share a logo) 38.
_LEAST = (10, 14, 20, 28, 40)
# Simulated photos agree in twice as many points as real ones: a high bar would cost nothing there, and all later.
_LEAST_SIMULATED = (14, 20)
_WEIGHTS = (0.1, 0.2, 0.4, 0.8)
# Must be better by more than chance would have it (one-sided sign test of the photos that changed, 5 percent): details
# double a query's time, and on loose goods a gain of 4 photos against 1 was followed by a loss.
_LEAST_GAIN = 0.01
_CHANCE = 1.64
# Of what is nearly as good the most careful is taken: what a split shows is a little better than what will be.
_AS_GOOD = 0.005


@dataclass(frozen=True)
class Asked:
    """What one held-out photo brought: each candidate SKU's strength by vectors, and its agreeing details."""

    sku: str
    strengths: Mapping[str, float]
    points: Mapping[str, int]

    def ranked(self, judging: Judging | None, *, absent: bool = False) -> list[tuple[float, str]]:
        """Return (strength, SKU), best first; as if its own SKU were not in the catalog with ``absent``."""
        return sorted(
            (
                (value + (judging.gain(self.points.get(sku, 0)) if judging else 0.0), sku)
                for sku, value in self.strengths.items()
                if not (absent and sku == self.sku)
            ),
            key=lambda one: (-one[0], one[1]),
        )


@dataclass(frozen=True)
class Choice:
    """How details are to count, None: not at all; and what the held-out photos said."""

    judging: Judging | None
    queries: int
    plain: float
    judged: float
    mended: int
    broken: int
    simulated: bool


@dataclass(frozen=True)
class TrialGallery:
    """The part of the catalog that is searched: ``keys`` ascending, ``vectors`` (n, d) of length 1."""

    keys: KeyArray
    skus: Sequence[str]
    vectors: FloatArray
    points: Mapping[int, Points]
    vocabulary: Vocabulary
    words: Inverted
    strength: Callable[[Sequence[float]], float]

    def asked(self, sku: str, vector: FloatArray, photo: Points) -> Asked:
        """Search with one photo as a query does, and compare all candidates in detail."""
        cosines = self.vectors @ vector
        mine: dict[str, list[tuple[float, int]]] = {}
        for place in np.argsort(-cosines, kind="stable").tolist():
            mine.setdefault(self.skus[place], []).append((float(cosines[place]), int(self.keys[place])))
        strengths = {name: self.strength([value for value, _ in some]) for name, some in mine.items()}
        first = sorted(strengths, key=lambda name: (-strengths[name], mine[name][0][1]))[:BY_VECTOR]
        looked = {mine[name][0][1]: name for name in first}
        owner = dict(zip(self.keys.tolist(), self.skus, strict=True))
        if len(photo):
            question = self.vocabulary.question(photo.descriptors)
            looked |= {key: owner[key] for key in self.words.search(question, BY_WORDS)[0].tolist()}
        points: dict[str, int] = {}
        for key, name in looked.items():
            if key in self.points:
                points[name] = max(points.get(name, 0), agreement(photo, self.points[key]).points)
        return Asked(sku, {name: strengths[name] for name in {*first, *looked.values()}}, points)


def choose(asked: Sequence[Asked], *, simulated: bool) -> Choice:
    """Choose how details count: the most careful of what is best on these photos, nothing where nothing is won.

    Careful is a small weight, so that vectors decide where they are clear, and then a high bar; with ``simulated``
    photos the lower of two bars.
    """
    plain = recall_at_1(asked, None)
    bars = _LEAST_SIMULATED if simulated else _LEAST
    tried = {one: recall_at_1(asked, one) for one in (Judging(*pair) for pair in product(bars, _WEIGHTS))}
    best = max(tried.values())
    careful = min(
        (judging for judging, value in tried.items() if value >= best - _AS_GOOD),
        key=lambda judging: (judging.weight, judging.least if simulated else -judging.least),
    )
    before = [_right(one, None) for one in asked]
    after = [_right(one, careful) for one in asked]
    mended = sum(new and not old for old, new in zip(before, after, strict=True))
    broken = sum(old and not new for old, new in zip(before, after, strict=True))
    beyond_chance = mended - broken >= _CHANCE * math.sqrt(max(1, mended + broken))
    won = tried[careful] - plain >= _LEAST_GAIN and beyond_chance
    return Choice(careful if won else None, len(asked), plain, tried[careful], mended, broken, simulated)


def recall_at_1(asked: Sequence[Asked], judging: Judging | None) -> float:
    """Return the share of photos whose own SKU comes first."""
    return sum(_right(one, judging) for one in asked) / max(1, len(asked))


def _right(one: Asked, judging: Judging | None) -> bool:
    ranked = one.ranked(judging)
    return bool(ranked) and ranked[0][1] == one.sku
