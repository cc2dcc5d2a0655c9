"""Metrics, against values computed by hand."""

from __future__ import annotations

import pytest

from edge_search.evaluation.metrics import Ranked, interval, mrr, percentiles, recall


def ranked(*ranks: int, skus: str = "") -> list[Ranked]:
    names = skus or "abcdefghij"[: len(ranks)]
    return [Ranked(f"{n}.jpg", names[n], None, rank, None, "match", 1.0) for n, rank in enumerate(ranks)]


def test_recall_is_the_share_within_the_depth() -> None:
    queries = ranked(1, 1, 2, 5, 6, 20, 21, 0)
    assert [recall(queries, depth) for depth in (1, 5, 20)] == [2 / 8, 4 / 8, 6 / 8]


def test_mrr_is_the_mean_of_the_inverse_ranks() -> None:
    assert mrr(ranked(1, 2, 4, 0)) == pytest.approx((1 + 0.5 + 0.25) / 4)


def test_no_queries_give_zeros() -> None:
    assert (recall([], 1), mrr([]), interval([], 1)) == (0, 0, (0, 0))
    assert percentiles([]) == {"p50": 0, "p95": 0}


def test_interval_is_drawn_over_skus() -> None:
    # All photos of a SKU are right or wrong together: 20 of one SKU tell no more than one.
    few = interval(ranked(*[1] * 5, *[0] * 5, skus="aaaaabbbbb"), 1)
    many = interval(ranked(*[1] * 5, *[0] * 5), 1)
    assert few == (0, 1)
    assert 0 < many[0] < 0.5 < many[1] < 1


def test_interval_is_the_same_every_time_and_holds_the_share() -> None:
    queries = ranked(1, 1, 1, 0, 2, 1, 0, 1, 1, 3)
    first = interval(queries, 1)
    assert first == interval(queries, 1) == interval(list(reversed(queries)), 1)
    assert first[0] <= recall(queries, 1) <= first[1]
    assert interval(ranked(1, 1, 1), 1) == (1, 1)


def test_interval_weighs_skus_by_their_photos() -> None:
    low, high = interval(ranked(1, 1, 1, 0, skus="aaab"), 1)
    assert (low, high) == (0, 1)
    assert recall(ranked(1, 1, 1, 0, skus="aaab"), 1) == 0.75


def test_percentiles_of_a_hundred() -> None:
    assert percentiles([float(n) for n in range(101)]) == {"p50": 50, "p95": 95}
