"""The tally: a journal, counted query by query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from edge_search.evaluation.insights import Insights
from edge_search.store.journal import Asked

__all__ = ["gather"]

# Who is believed when several said something about one answer.
_ROLES = ("admin", "staff", "query", "shopper")


def gather(
    queries: Iterable[Asked], said: Mapping[str, Mapping[str, str | None]], products: Mapping[str, str | None]
) -> Insights:
    """Count a journal.

    Args:
        queries: each answered query.
        said: query -> role -> the right SKU, or None: none of those shown. Of several roles the highest is believed.
        products: the SKUs that the catalog shows -> variant group, where there is one.
    """
    count = 0
    first: str | None = None
    last: str | None = None
    verdicts: Counter[str] = Counter()
    quality: Counter[str] = Counter()
    days: dict[str, tuple[int, int]] = {}
    found: Counter[str] = Counter()
    confirmed: Counter[str] = Counter()
    corrected: Counter[tuple[str, str]] = Counter()
    rejected: Counter[str] = Counter()
    for query in queries:
        count += 1
        first, last = min(first or query.at, query.at), max(last or query.at, query.at)
        verdicts[query.verdict] += 1
        quality[query.quality] += 1
        day = query.at[:10]
        known = days.get(day, (0, 0))
        days[day] = (known[0] + 1, known[1] + (query.verdict == "none"))
        spoken, right = _believed(said.get(query.query_id, {}))
        if query.sku is not None and query.verdict != "none" and not (spoken and right != query.sku):
            found[query.sku] += 1
        if not spoken or query.sku is None:
            continue
        if right is None:
            rejected[query.sku] += query.verdict != "none"
        elif right == query.sku:
            confirmed[right] += 1
        else:
            corrected[query.sku, right] += 1
    return Insights(
        queries=count,
        first=first,
        last=last,
        verdicts=dict(verdicts),
        quality=dict(quality),
        days=days,
        found=dict(found),
        confirmed=dict(confirmed),
        corrected=dict(corrected),
        rejected={sku: times for sku, times in rejected.items() if times},
        products=products,
    )


def _believed(words: Mapping[str, str | None]) -> tuple[bool, str | None]:
    """Return whether anybody said something, and what the one who is believed said."""
    for role in _ROLES:
        if role in words:
            return True, words[role]
    return bool(words), next(iter(words.values()), None)
