"""Confusion: which SKU was named instead of which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edge_search.evaluation.metrics import Ranked

__all__ = ["Confused", "confused"]

_MOST = 50


@dataclass(frozen=True)
class Confused:
    """``count`` of the ``asked`` photos of ``sku`` came first as ``instead``; ``matched`` of them as a "match"."""

    sku: str
    instead: str
    count: int
    matched: int
    asked: int

    def to_dict(self) -> dict[str, Any]:
        """Return the pair as plain JSON types."""
        return {
            "sku": self.sku,
            "instead": self.instead,
            "count": self.count,
            "matched": self.matched,
            "asked": self.asked,
        }


def confused(queries: Sequence[Ranked]) -> list[Confused]:
    """Return the off-diagonal cells of the confusion matrix, most frequent first, at most 50."""
    asked = Counter(query.sku for query in queries)
    pairs: Counter[tuple[str, str]] = Counter()
    matched: Counter[tuple[str, str]] = Counter()
    for query in queries:
        if query.answered is not None and query.answered != query.sku:
            pairs[query.sku, query.answered] += 1
            matched[query.sku, query.answered] += query.verdict == "match"
    ordered = sorted(pairs.items(), key=lambda item: (-item[1], -matched[item[0]], item[0]))
    return [Confused(*pair, count, matched[pair], asked[pair[0]]) for pair, count in ordered[:_MOST]]
