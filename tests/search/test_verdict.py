"""The verdict and its score."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_search.search.verdict import Thresholds
from edge_search.types import Verdict

THRESHOLDS = Thresholds(match=0.8, maybe=0.5, margin=0.05)
_ORDER: dict[Verdict, int] = {"none": 0, "maybe": 1, "match": 2}
cosines = st.floats(-1, 1)


@pytest.mark.parametrize(
    ("similarities", "verdict"),
    [
        ([], "none"),
        ([0.499], "none"),
        ([0.5], "maybe"),
        ([0.799, 0.1], "maybe"),
        ([0.8], "match"),
        ([0.9, 0.84], "match"),
        ([0.9, 0.86], "maybe"),  # two that look alike: shown both
    ],
)
def test_verdict_of_ranked_cosines(similarities: list[float], verdict: Verdict) -> None:
    assert THRESHOLDS.verdict(similarities) == verdict


@given(cosines, cosines)
def test_score_rises_with_the_cosine(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= THRESHOLDS.score(low) <= THRESHOLDS.score(high) <= 1


@given(cosines, cosines, cosines)
def test_nearer_first_product_never_lowers_the_verdict(one: float, other: float, second: float) -> None:
    low, high = sorted((max(one, second), max(other, second)))
    assert _ORDER[THRESHOLDS.verdict([low, second])] <= _ORDER[THRESHOLDS.verdict([high, second])]


def test_score_says_where_the_thresholds_lie() -> None:
    assert THRESHOLDS.score(0.5) == pytest.approx(0.5)
    assert THRESHOLDS.score(0.8) == pytest.approx(0.8)
    assert THRESHOLDS.score(-0.3) == 0
    assert THRESHOLDS.score(1) == 1
