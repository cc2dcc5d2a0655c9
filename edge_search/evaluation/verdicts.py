"""How far the verdict can be trusted: what "match" is worth, and how often it comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_search.evaluation.metrics import Ranked, enough, ratio_interval

__all__ = ["absent_figures", "score_figures", "verdict_figures"]


def verdict_figures(queries: Sequence[Ranked]) -> dict[str, Any]:
    """Return what the verdicts of queries whose SKU the catalog has were worth.

    ``precision``: the share of "match" verdicts that name the right SKU, None without a "match". ``coverage``: the
    share of queries that got "match" with the right SKU. ``wrong_match``: the share that got it with another one.
    ``missed``: the share that got "none" although the SKU is there. Selective classification's own terms: coverage
    and selective risk (El-Yaniv and Wiener, JMLR 11, 2010), risk = 1 - precision.
    """
    matched = [query.verdict == "match" for query in queries]
    right = [match and query.rank == 1 for match, query in zip(matched, queries, strict=True)]
    return {
        "precision": _share(right, matched),
        "precision_interval95": _interval(queries, right, matched),
        "coverage": _share(right),
        "coverage_interval95": _interval(queries, right),
        "wrong_match": _share([match and not good for match, good in zip(matched, right, strict=True)]),
        "missed": _share([query.verdict == "none" for query in queries]),
    }


def score_figures(queries: Sequence[Ranked], *, calibrated: bool) -> dict[str, Any] | None:
    """Return whether scores are the chances they claim to be; None where they are not calibrated to the catalog.

    ``promised``: the mean score of first hits; ``reached``: the share of them that was right: calibration in the large.
    ``brier``: the mean squared difference of score and outcome (Brier, Monthly Weather Review 78, 1950): 0 is perfect,
    0.25 is what 0.5 for everything gets.
    """
    pairs = [(query.score, query.rank == 1) for query in queries if query.score is not None]
    if not calibrated or not pairs:
        return None
    return {
        "promised": round(sum(score for score, _ in pairs) / len(pairs), 4),
        "reached": round(sum(right for _, right in pairs) / len(pairs), 4),
        "brier": round(sum((score - right) ** 2 for score, right in pairs) / len(pairs), 4),
    }


def absent_figures(queries: Sequence[Ranked]) -> dict[str, Any]:
    """Return what came of queries whose SKU the catalog doesn't have: nothing but "none" would be right.

    ``match_share`` is the share that was named all the same: the false accept rate of open-set recognition.
    """
    matched = [query.verdict == "match" for query in queries]
    return {
        "queries": len(queries),
        "skus": len({query.sku for query in queries}),
        **{verdict: sum(query.verdict == verdict for query in queries) for verdict in ("match", "maybe", "none")},
        "match_share": _share(matched),
        "match_share_interval95": _interval(queries, matched),
    }


def _share(values: Sequence[bool], asked: Sequence[bool] | None = None) -> float | None:
    count = len(values) if asked is None else sum(asked)
    return round(sum(values) / count, 4) if count else None


def _interval(
    queries: Sequence[Ranked], values: Sequence[bool], asked: Sequence[bool] | None = None
) -> list[float] | None:
    if not enough(queries):
        return None
    skus = [query.sku for query in queries]
    found = ratio_interval(skus, [float(v) for v in values], None if asked is None else [float(a) for a in asked])
    return None if found is None else [round(edge, 4) for edge in found]
