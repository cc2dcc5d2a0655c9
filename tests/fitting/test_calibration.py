"""Calibration: chances that hold, and a promise that is kept on photos it never saw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_search.errors import StoreDamaged
from edge_search.fitting.calibration import ABSENT_SHARE, Calibration, calibrate
from edge_search.fitting.lineup import Lineup, lineups
from edge_search.fitting.logistic import logistic
from edge_search.fitting.projection import identity
from edge_search.fitting.split import splits
from edge_search.fitting.strength import strength
from tests.fitting.galleries import WIDTH, gallery


def drawn(count: int, seed: int) -> list[Lineup]:
    """Line-ups in which the right SKU is stronger by chance, and absent ones look like second bests."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        others = np.sort(draw.normal(0.45, 0.08, 5))[::-1]
        own = draw.normal(0.65, 0.1)
        ranked = np.sort(np.append(others[:4], own))[::-1]
        found.append(Lineup(tuple(ranked), int(np.flatnonzero(ranked == own)[0]), absent=False))
        found.append(Lineup(tuple(others), None, absent=True))
    return found


def weight(one: Lineup) -> float:
    """Every fifth question is about an absent product; `drawn` makes one of each."""
    return ABSENT_SHARE if one.absent else 1 - ABSENT_SHARE


def test_promise_is_kept_on_fresh_photos() -> None:
    made = calibrate(drawn(1500, 1), "photos", 0.02)
    assert made is not None
    named = [one for one in drawn(4000, 2) if made.verdict(made.chances(one.strengths)) == "match"]
    wrong = sum(weight(one) for one in named if one.absent or one.right != 0)
    right = sum(weight(one) for one in named if not one.absent and one.right == 0)
    assert wrong / 4000 < 0.025
    assert right / (4000 * (1 - ABSENT_SHARE)) > 0.4, "a promise is easily kept by saying nothing"


def test_chances_are_chances() -> None:
    made = calibrate(drawn(1500, 1), "photos", 0.02)
    assert made is not None
    fresh = drawn(4000, 3)
    chances = np.array([made.chances(one.strengths)[0] for one in fresh])
    right = np.array([not one.absent and one.right == 0 for one in fresh])
    weights = np.array([weight(one) for one in fresh])
    for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.0)):
        mine = (chances >= low) & (chances < high)
        assert mine.sum() > 50
        true = np.average(right[mine], weights=weights[mine])
        assert true == pytest.approx(np.average(chances[mine], weights=weights[mine]), abs=0.1)


def test_stricter_promise_names_less() -> None:
    strict, loose = (calibrate(drawn(800, 1), "photos", promised) for promised in (0.01, 0.1))
    assert strict is not None
    assert loose is not None
    assert strict.match > loose.match
    assert strict.named < loose.named
    assert strict.wrong <= 0.01
    assert strict.wrong_absent <= 0.02


def test_too_few_photos_promise_nothing() -> None:
    assert calibrate(drawn(20, 1), "photos", 0.02) is None


def test_nothing_tells_right_from_wrong() -> None:
    same = [Lineup((0.5, 0.5), number % 2, absent=False) for number in range(100)]
    same += [Lineup((0.5, 0.5), None, absent=True) for _ in range(100)]
    made = calibrate(same, "photos", 0.02)
    assert made is None or made.named == 0


@given(st.lists(st.floats(-1, 1.2), max_size=8))
def test_chances_never_rise_down_the_list(strengths: list[float]) -> None:
    made = Calibration(7.0, 20.0, -6.0, 0.9, 0.2, "photos", 100, 0.02, 0.01, 0.01, 0.5)
    chances = made.chances(sorted(strengths, reverse=True))
    assert chances == sorted(chances, reverse=True)
    assert all(0 <= chance <= 1 for chance in chances)


def test_comes_back_from_json_and_damage_is_named() -> None:
    made = calibrate(drawn(200, 1), "photos", 0.02)
    assert made is not None
    assert Calibration.from_json(made.to_json()) == made
    for text in ("{", "[]", '{"match": 1}'):
        with pytest.raises(StoreDamaged, match="run 'edge-search adapt'"):
            Calibration.from_json(text)


def test_lineups_leave_the_own_sku_out_once() -> None:
    split = next(iter(splits(gallery(30, 4, nuisance=0.2))))
    found = lineups(split, identity(WIDTH))
    present, absent = found[0::2], found[1::2]
    assert len(present) == len(split.queries)
    assert all(not one.absent for one in present)
    assert all(one.absent and one.right is None for one in absent)
    assert np.mean([one.right == 0 for one in present]) > 0.8
    # Without its SKU the second best leads.
    both = [(one, other) for one, other in zip(present, absent, strict=True) if one.right == 0]
    assert all(one.strengths[1] == other.strengths[0] for one, other in both)


def test_logistic_finds_the_weights_it_was_drawn_with() -> None:
    draw = np.random.default_rng(0)
    values = draw.normal(size=(20_000, 2)) * [1, 5] + [0, 3]
    labels = (draw.random(20_000) < 1 / (1 + np.exp(-(1.5 * values[:, 0] + 0.2 * values[:, 1] - 1)))).astype(float)
    assert logistic(values, labels, np.ones(20_000)) == pytest.approx([1.5, 0.2, -1], abs=0.1)


def test_logistic_leaves_out_what_would_count_against() -> None:
    draw = np.random.default_rng(0)
    values = draw.normal(size=(2000, 2))
    labels = (draw.random(2000) < 1 / (1 + np.exp(-(2 * values[:, 0] - 2 * values[:, 1])))).astype(float)
    found = logistic(values, labels, np.ones(2000))
    assert found[1] == 0
    assert found[0] > 0.5


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6), st.floats(0, 1))
def test_one_photo_more_never_weakens(values: list[float], more: float) -> None:
    before = strength(sorted(values, reverse=True))
    assert strength(sorted([*values, more], reverse=True)) >= before - 1e-12
    assert before >= max(values)
