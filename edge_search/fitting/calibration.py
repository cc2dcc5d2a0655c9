"""The calibration: from strengths to chances, and the chance from which a product is named alone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from edge_search.errors import StoreDamaged
from edge_search.fitting.lineup import Lineup, leads
from edge_search.fitting.logistic import logistic
from edge_search.types import Verdict

__all__ = ["Calibration", "calibrate"]

ABSENT_SHARE = 0.2
"""Of all questions, how many are taken to be about a product that the catalog doesn't have."""

# With fewer held-out photos a rate of some percent can't be promised.
_FEWEST = 60
# Questions about absent products may get this much more of them: they are the fewer ones.
_FOREIGN = 2
# Right products among the first five that may be called "not in our catalog".
_MISSED = 0.03


@dataclass(frozen=True)
class Calibration:
    """Chance = logistic(``strength`` * strength + ``lead`` * lead + ``constant``).

    ``match`` and ``maybe`` are the chances at which these verdicts start. ``basis`` says what it was made on, with
    how many ``queries``. ``promised`` is the share of all questions that may get a wrong "match"; ``wrong`` is what was
    reached there, ``wrong_absent`` that of questions about products left out, and ``named`` is how many questions
    about products that are there got the right "match".
    """

    strength: float
    lead: float
    constant: float
    match: float
    maybe: float
    basis: str
    queries: int
    promised: float
    wrong: float
    wrong_absent: float
    named: float

    def chances(self, strengths: Sequence[float]) -> list[float]:
        """Return the chance of each of the ranked SKUs (best first) to be right; they never rise."""
        return [self._chance(value, lead) for value, lead in zip(strengths, leads(tuple(strengths)), strict=True)]

    def verdict(self, chances: Sequence[float]) -> Verdict:
        """Judge the first chance."""
        if not chances or chances[0] < self.maybe:
            return "none"
        return "match" if chances[0] >= self.match else "maybe"

    def to_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Calibration:
        """Read what ``to_json`` wrote.

        Raises:
            StoreDamaged: that is none.
        """
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            raise StoreDamaged(f"a calibration can't be read ({error}); run 'edge-search adapt'") from error

    def _chance(self, strength: float, lead: float) -> float:
        power = self.strength * strength + self.lead * lead + self.constant
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, power))))


def calibrate(found: Sequence[Lineup], basis: str, promised: float) -> Calibration | None:
    """Fit chances and thresholds to line-ups; None when they are too few, or nothing tells right from wrong.

    ``match`` starts where, on these line-ups, at most ``promised`` of all questions get a wrong "match", with one in
    five about a product that isn't there; of those alone at most twice as many.
    """
    present = [one for one in found if not one.absent]
    absent = [one for one in found if one.absent]
    if len(present) < _FEWEST or len(absent) < _FEWEST:
        return None
    rows = [
        (value, lead, float(one.right == place), _weight(one, len(present), len(absent)))
        for one in found
        for place, (value, lead) in enumerate(zip(one.strengths, one.leads, strict=True))
    ]
    table = np.asarray(rows, np.float64)
    if not 0 < table[:, 2].sum() < len(table):
        return None
    strength, lead, constant = logistic(table[:, :2], table[:, 2], table[:, 3]).tolist()
    if strength == 0 and lead == 0:
        return None
    raw = Calibration(strength, lead, constant, 1.0, 0.0, basis, len(present), promised, 0.0, 0.0, 0.0)
    return _with_thresholds(raw, present, absent)


def _weight(one: Lineup, present: int, absent: int) -> float:
    return ABSENT_SHARE / absent if one.absent else (1 - ABSENT_SHARE) / present


def _with_thresholds(raw: Calibration, present: Sequence[Lineup], absent: Sequence[Lineup]) -> Calibration:
    first = np.array([raw.chances(one.strengths)[0] for one in present])
    right = np.array([one.right == 0 for one in present])
    foreign = np.array([raw.chances(one.strengths)[0] for one in absent])
    match, reached = 1.0, (0.0, 0.0, 0.0)
    for threshold in np.unique(np.concatenate([first, foreign]))[::-1].tolist():
        share = float((foreign >= threshold).mean())
        wrong = (1 - ABSENT_SHARE) * float((first[~right] >= threshold).sum()) / len(first) + ABSENT_SHARE * share
        if wrong > raw.promised or share > _FOREIGN * raw.promised:
            break
        match, reached = threshold, (wrong, share, float((first[right] >= threshold).sum()) / len(first))
    among = np.array([chance for chance, one in zip(first, present, strict=True) if one.right is not None])
    maybe = float(np.quantile(among, _MISSED)) if len(among) else match
    wrong, wrong_absent, named = reached
    return replace(raw, match=match, maybe=min(maybe, match), wrong=wrong, wrong_absent=wrong_absent, named=named)
