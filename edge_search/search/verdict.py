"""The verdict: this one, maybe one of these, or not in the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge_search.types import Verdict

__all__ = ["Thresholds"]


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
