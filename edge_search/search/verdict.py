"""The verdict: this one, maybe one of these, or not in the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_search.fitting.calibration import Calibration
from edge_search.search.grouping import Group
from edge_search.types import Verdict

__all__ = ["Thresholds", "judged"]


@dataclass(frozen=True)
class Thresholds:
    """Cosines that a verdict starts at, measured for one encoder and its plain projection.

    They hold until a catalog has a calibration of its own. ``margin`` is how far ahead of the second SKU the
    first must be to be named alone.
    """

    match: float
    maybe: float
    margin: float = 0.0

    def verdict(self, similarities: Sequence[float]) -> Verdict:
        """Judge the ranked SKUs' cosines, best first."""
        if not similarities or similarities[0] < self.maybe:
            return "none"
        ahead = similarities[0] - similarities[1] if len(similarities) > 1 else 1.0
        return "match" if similarities[0] >= self.match and ahead >= self.margin else "maybe"

    def score(self, similarity: float) -> float:
        """Return a score from 0 to 1 that rises with the cosine: .5 at ``maybe``, .8 at ``match``.

        It is no probability until a calibration says so.
        """
        return float(np.interp(similarity, [0.0, self.maybe, self.match, 1.0], [0.0, 0.5, 0.8, 1.0]))


def judged(
    groups: Sequence[Group], calibration: Calibration | None, thresholds: Thresholds
) -> tuple[Verdict, list[float]]:
    """Return the verdict on ranked SKUs (best first, two of them where there are two), and a score of each.

    With a calibration a score is the chance that this SKU is the right one.
    """
    strengths = [group.strength for group in groups]
    if calibration is None:
        scores = [thresholds.score(value) for value in strengths]
        return thresholds.verdict([group.similarity for group in groups]), scores
    chances = calibration.chances(strengths)
    return calibration.verdict(chances), chances
