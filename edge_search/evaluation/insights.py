"""Insights: what the journal of a shop's queries says about its catalog."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from edge_search.evaluation.advice import Advice
from edge_search.evaluation.metrics import FEWEST

__all__ = ["Insights", "Span"]

_MOST = 50
_DAYS_SHOWN = 31
_MANY_UNKNOWN = 0.3
_POOR_PHOTOS = 0.2
_OFTEN = 3


@dataclass(frozen=True)
class Span:
    """A day or a week (from Monday): its queries, and how many of them got "none"."""

    start: str
    queries: int
    none: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types; the rate is None under 30 queries."""
        rate = round(self.none / self.queries, 4) if self.queries >= FEWEST else None
        return {"start": self.start, "queries": self.queries, "none": self.none, "unknown_rate": rate}


@dataclass(frozen=True)
class Insights:
    """What was counted; times are UTC, ISO 8601.

    ``corrected``: (named, right) -> how often staff said so; ``rejected``: SKU -> how often it was said to be wrong
    without a right one; ``found``: SKU -> how often it was the first hit of an answer that was not "none";
    ``confirmed``: how often staff said that it was right; ``products``: the SKUs that the catalog shows, each with
    its variant group.
    """

    queries: int
    first: str | None
    last: str | None
    verdicts: Mapping[str, int]
    quality: Mapping[str, int]
    days: Mapping[str, tuple[int, int]]
    found: Mapping[str, int]
    confirmed: Mapping[str, int]
    corrected: Mapping[tuple[str, str], int]
    rejected: Mapping[str, int]
    products: Mapping[str, str | None]

    @property
    def enough(self) -> bool:
        """Whether there are queries enough to conclude something."""
        return self.queries >= FEWEST

    @property
    def unknown_rate(self) -> float | None:
        """The share of queries whose answer was "none": not in the catalog, or not recognised."""
        return round(self.verdicts.get("none", 0) / self.queries, 4) if self.queries else None

    @property
    def never_found(self) -> list[str]:
        """SKUs that the catalog shows, but that were never the first hit nor named as the right one."""
        wanted = {right for _, right in self.corrected}
        return sorted(sku for sku in self.products if not self.found.get(sku) and sku not in wanted)

    @property
    def missed(self) -> list[tuple[str, int]]:
        """SKUs that staff had to name and that were never found by themselves, with how often, most first."""
        wanted: Counter[str] = Counter()
        for (_, right), count in self.corrected.items():
            wanted[right] += count
        return [(sku, n) for sku, n in wanted.most_common() if sku in self.products and not self.found.get(sku)]

    @property
    def expected_never_found(self) -> float:
        """How many products would never be asked for, were all asked for equally often: n x exp(-queries / n).

        The empty bins of balls thrown at random (Feller, vol. 1): a list not much longer than this says little.
        """
        count = len(self.products)
        return count * math.exp(-self.queries / count) if count else 0.0

    def spans(self) -> tuple[str, list[Span]]:
        """Return ``day`` or ``week`` (for more than a month, or under 30 queries a day), and those there were."""
        days = sorted(self.days)
        busy = len(days) <= _DAYS_SHOWN and self.queries >= FEWEST * len(days)
        if busy:
            return "day", [Span(day, *self.days[day]) for day in days]
        weeks: dict[str, tuple[int, int]] = {}
        for day in days:
            date = datetime.fromisoformat(day).date()
            start = (date - timedelta(days=date.weekday())).isoformat()
            known = weeks.get(start, (0, 0))
            weeks[start] = (known[0] + self.days[day][0], known[1] + self.days[day][1])
        return "week", [Span(start, *counts) for start, counts in sorted(weeks.items())]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain JSON types."""
        by, spans = self.spans()
        busiest = Counter(self.found).most_common(_MOST)
        pairs = sorted(self.corrected.items(), key=lambda item: (-item[1], item[0]))[:_MOST]
        return {
            "queries": self.queries,
            "enough": self.enough,
            "fewest": FEWEST,
            "period": {"from": self.first, "to": self.last},
            "verdicts": dict(self.verdicts),
            "quality": dict(self.quality),
            "unknown_rate": self.unknown_rate if self.enough else None,
            "by": by,
            "spans": [span.to_dict() for span in spans],
            "corrected": [{"from": named, "to": right, "count": count} for (named, right), count in pairs],
            "rejected": [{"sku": sku, "count": count} for sku, count in Counter(self.rejected).most_common(_MOST)],
            "busiest": [
                {"sku": sku, "count": count, "confirmed": self.confirmed.get(sku, 0)} for sku, count in busiest
            ],
            "missed": [{"sku": sku, "count": count} for sku, count in self.missed],
            "never_found": self.never_found if self.enough else None,
            "expected_never_found": round(self.expected_never_found, 1) if self.enough else None,
            "products": len(self.products),
            "findings": [one.to_dict() for one in self.findings],
        }

    @property
    def findings(self) -> list[Advice]:
        """What is wrong and what to do about it; nothing under 30 queries."""
        if not self.enough:
            return []
        return [*self._of_all(), *self._of_pairs(), *self._of_missed(), *self._of_rejected(), *self._of_never()]

    def _of_all(self) -> list[Advice]:
        advice = []
        none = self.verdicts.get("none", 0)
        if none >= _MANY_UNKNOWN * self.queries:
            advice.append(
                Advice(
                    "",
                    f'{none / self.queries:.0%} of {self.queries} queries got "none"',
                    "look at what shoppers show: add products that are missing, and photos taken at the kiosk of those "
                    "that are there",
                )
            )
        for kind, what in (("dark", "light the kiosk better"), ("blurred", "clean the camera's lens, or add light")):
            count = self.quality.get(kind, 0)
            if count >= _POOR_PHOTOS * self.queries:
                advice.append(Advice("", f"{count / self.queries:.0%} of the photos were {kind}", what))
        return advice

    def _of_pairs(self) -> list[Advice]:
        advice = []
        for (named, right), count in sorted(self.corrected.items(), key=lambda item: (-item[1], item[0]))[:_MOST]:
            if right not in self.products or (count < _OFTEN and self.found.get(right)):
                continue
            groups = [self.products.get(sku) for sku in (named, right)]
            action = (
                "they are variants: show them as one hit (search --group-variants)"
                if groups[0] and groups[0] == groups[1]
                else f"teach {right} 3 more photos taken at the kiosk; where the two differ by size only, put them "
                "into one variant_group"
            )
            advice.append(Advice(right, f"{count} times {named} was named instead", action))
        return advice

    def _of_missed(self) -> list[Advice]:
        return [
            Advice(
                sku,
                f"asked for {count} times (staff said so) and never found",
                "take 3 more photos of it at the kiosk, against another background",
            )
            for sku, count in self.missed
        ]

    def _of_rejected(self) -> list[Advice]:
        return [
            Advice(
                sku,
                f"named {count} times where it was wrong, without anybody saying what was right",
                "correct such answers in staff mode; look whether its photos show something else",
            )
            for sku, count in Counter(self.rejected).most_common(_MOST)
            if count >= _OFTEN and sku in self.products
        ]

    def _of_never(self) -> list[Advice]:
        # As many as this may be chance: then the list is no finding.
        if len(self.never_found) <= 2 * self.expected_never_found + 1:
            return []
        return [
            Advice(
                sku,
                f"never found in {self.queries} queries",
                "if it is sold: try it at the kiosk, and take 3 more photos if it isn't found; else remove it",
            )
            for sku in self.never_found
        ]
