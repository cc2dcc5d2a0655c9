"""What verdicts are worth, counted by hand."""

from __future__ import annotations

from edge_search.evaluation.confusion import confused
from edge_search.evaluation.metrics import Ranked, enough, ratio_interval
from edge_search.evaluation.report import worst
from edge_search.evaluation.verdicts import absent_figures, score_figures, verdict_figures


def query(
    sku: str, rank: int, verdict: str, *, answered: str = "other", score: float = 0.5, known: bool = True
) -> Ranked:
    named = sku if rank == 1 else answered
    return Ranked(f"{sku}-{rank}-{verdict}.jpg", sku, None, rank, named, verdict, 1.0, score=score, known=known)


def test_precision_is_of_matches_and_coverage_of_all() -> None:
    queries = [
        query("a", 1, "match"),
        query("b", 1, "match"),
        query("c", 2, "match"),
        query("d", 1, "maybe"),
        query("e", 0, "none"),
    ]
    figures = verdict_figures(queries)
    assert figures["precision"] == 0.6667
    assert figures["coverage"] == 0.4
    assert figures["wrong_match"] == 0.2
    assert figures["missed"] == 0.2
    assert figures["precision_interval95"] is None  # five photos


def test_without_a_match_there_is_no_precision() -> None:
    figures = verdict_figures([query("a", 1, "maybe")])
    assert (figures["precision"], figures["coverage"]) == (None, 0.0)
    assert verdict_figures([])["coverage"] is None


def test_the_interval_of_precision_is_drawn_over_skus() -> None:
    """Forty photos of ten SKUs; those of each are right or wrong together, so they tell as much as ten photos."""
    together = [query(f"sku{n}", 1 if n < 8 else 2, "match") for n in range(10) for _ in range(4)]
    alone = [query(f"sku{n}-{m}", 1 if n < 8 else 2, "match") for n in range(10) for m in range(4)]
    wide, narrow = (verdict_figures(queries)["precision_interval95"] for queries in (together, alone))
    assert wide[1] - wide[0] > 1.6 * (narrow[1] - narrow[0])
    assert wide[0] < 0.8 < wide[1]


def test_a_resample_without_a_match_is_left_out() -> None:
    queries = [query("a", 1, "match")] + [query(f"sku{n}", 1, "maybe") for n in range(35)]
    assert verdict_figures(queries)["precision_interval95"] == [1.0, 1.0]
    assert ratio_interval(["a"], [1.0], [0.0]) is None


def test_scores_promise_a_chance_only_where_they_are_calibrated() -> None:
    queries = [query("a", 1, "match", score=0.8), query("b", 2, "maybe", score=0.4)]
    assert score_figures(queries, calibrated=False) is None
    assert score_figures([], calibrated=True) is None
    assert score_figures(queries, calibrated=True) == {"promised": 0.6, "reached": 0.5, "brier": 0.1}


def test_absent_products_are_right_only_as_none() -> None:
    queries = [query("x", 0, verdict, known=False) for verdict in ("match", "maybe", "none", "none")]
    figures = absent_figures(queries)
    assert (figures["queries"], figures["skus"], figures["match"], figures["match_share"]) == (4, 1, 1, 0.25)
    assert absent_figures([])["match_share"] is None


def test_thirty_photos_of_five_skus_are_enough() -> None:
    assert enough([query(f"sku{n % 5}", 1, "match") for n in range(30)])
    assert not enough([query(f"sku{n % 5}", 1, "match") for n in range(29)])
    assert not enough([query(f"sku{n % 4}", 1, "match") for n in range(300)])


def test_the_worst_is_a_sure_wrong_match() -> None:
    queries = [
        query("a", 1, "match", score=0.9),
        query("b", 2, "maybe", score=0.9),
        query("c", 0, "match", score=0.7),
        query("d", 3, "match", score=0.8),
        query("e", 0, "none", score=0.1),
        query("f", 0, "match", score=0.75, known=False),
        query("g", 0, "none", score=0.1, known=False),
    ]
    assert [one.sku for one in worst(queries)] == ["d", "f", "c", "b", "e"]


def test_confused_pairs_are_counted_most_first() -> None:
    queries = [query("a", 2, "match", answered="b"), query("a", 2, "maybe", answered="b"), query("a", 1, "match")]
    queries += [query("c", 0, "match", answered="a")]
    assert [pair.to_dict() for pair in confused(queries)] == [
        {"sku": "a", "instead": "b", "count": 2, "matched": 1, "asked": 3},
        {"sku": "c", "instead": "a", "count": 1, "matched": 1, "asked": 1},
    ]
