"""Evaluation: search every query of a manifest and compare with the SKU it names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edge_search.catalog.listing import Listing, printable
from edge_search.errors import CatalogError, PhotoError
from edge_search.evaluation.confusion import confused
from edge_search.evaluation.metrics import DEPTHS, FEWEST, Ranked, enough, interval, mrr, percentiles, recall
from edge_search.evaluation.verdicts import absent_figures, score_figures, verdict_figures
from edge_search.types import Answer, Progress, Skipped

__all__ = ["Evaluation", "evaluate"]

_STAGES = ("decode", "encode", "search", "rerank")


@dataclass(frozen=True)
class Evaluation:
    """What the queries of one manifest brought.

    ``unknown`` are SKUs the catalog doesn't have; ``losses`` what each part of the box costs or brings, by its name.
    """

    queries: tuple[Ranked, ...]
    skipped: tuple[Skipped, ...]
    unknown: tuple[str, ...]
    images: int
    products: int
    encoder: str
    projection: str
    calibrated: bool = False
    losses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def known(self) -> list[Ranked]:
        """The queries whose SKU the catalog has: the others can't be found, and are counted apart."""
        return [query for query in self.queries if query.known]

    @property
    def absent(self) -> list[Ranked]:
        """The queries whose SKU the catalog doesn't have."""
        return [query for query in self.queries if not query.known]

    @property
    def enough(self) -> bool:
        """Whether there are photos enough to conclude anything."""
        return enough(self.known)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain JSON types.

        Recall, MRR and ``verdict`` are of queries whose SKU the catalog has, ``absent`` is of the others. Intervals are
        None, and categories are left out, where there are too few photos to say.
        """
        asked = self.known
        return {
            "recall": {str(depth): round(recall(asked, depth), 4) for depth in DEPTHS},
            "recall_interval95": _intervals(asked) if self.enough else None,
            "mrr": round(mrr(asked), 4),
            "queries": len(self.queries),
            "skus": len({query.sku for query in self.queries}),
            "enough": self.enough,
            "fewest": FEWEST,
            "latency_ms": percentiles([query.total_ms for query in self.queries]),
            "stages_ms": self._stages(),
            "verdicts": dict(sorted(Counter(query.verdict for query in self.queries).items())),
            "verdict": {**verdict_figures(asked), "calibrated": self.calibrated},
            "scores": score_figures(asked, calibrated=self.calibrated),
            "absent": absent_figures(self.absent),
            "categories": self._categories() if self.enough else {},
            "confused": [pair.to_dict() for pair in confused(asked)],
            "losses": dict(self.losses),
            "unknown_skus": list(self.unknown),
            "skipped": [{"path": bad.path, "reason": bad.reason} for bad in self.skipped],
            "catalog": {"images": self.images, "products": self.products},
            "encoder": self.encoder,
            "projection": self.projection,
        }

    def _categories(self) -> dict[str, dict[str, Any]]:
        """Return the figures of each category; one of few photos has numbers, but nothing can be concluded."""
        mine: dict[str, list[Ranked]] = {}
        for query in self.known:
            if query.category:
                mine.setdefault(query.category, []).append(query)
        return {
            name: {
                "queries": len(queries),
                "skus": len({query.sku for query in queries}),
                "enough": enough(queries),
                **{str(depth): round(recall(queries, depth), 4) for depth in DEPTHS},
                "interval95": _intervals(queries) if enough(queries) else None,
            }
            for name, queries in sorted(mine.items())
        }

    def _stages(self) -> dict[str, dict[str, float]]:
        timings = [query.timings for query in self.queries if query.timings is not None]
        return {name: percentiles([getattr(one, name) for one in timings]) for name in _STAGES}


def evaluate(
    listing: Listing,
    search: Callable[[Path, int], Answer],
    *,
    categories: Mapping[str, str | None],
    size: tuple[int, int],
    progress: Progress | None = None,
) -> Evaluation:
    """Search every photo of ``listing`` and note the rank of its SKU.

    Args:
        listing: a manifest's photos with the SKUs they show.
        search: answers a photo with so many products.
        categories: each SKU that the catalog shows -> its category; the manifest's own word wins.
        size: (images, products) of the catalog.
        progress: called before each query, and at the end.

    Raises:
        CatalogError: no query could be searched.
    """
    named = {row.sku: row.values.get("category") for row in listing.products}
    skipped = [Skipped(problem.path, problem.reason) for problem in listing.problems]
    ranked: list[Ranked] = []
    answer: Answer | None = None
    for done, file in enumerate(listing.files):
        if progress is not None:
            progress(done, len(listing.files))
        photo = listing.root / os.fsdecode(file.path)
        try:
            answer = search(photo, max(DEPTHS))
        except PhotoError as error:
            skipped.append(Skipped(printable(file.path), str(error)))
            continue
        category = named.get(file.sku) or categories.get(file.sku)
        one = _ranked(printable(file.path), file.sku, answer)
        text = None if category is None else str(category)
        ranked.append(replace(one, category=text, known=file.sku in categories, file=photo))
    if progress is not None:
        progress(len(listing.files), len(listing.files))
    if answer is None:
        raise CatalogError(f"{listing.root}: no query photo could be searched; see the columns path,sku of the file")
    return Evaluation(
        queries=tuple(ranked),
        skipped=tuple(skipped),
        unknown=tuple(sorted({query.sku for query in ranked if not query.known})),
        images=size[0],
        products=size[1],
        encoder=answer.encoder,
        projection=answer.projection,
        calibrated=answer.calibrated,
    )


def _ranked(path: str, sku: str, answer: Answer) -> Ranked:
    found = [hit.sku for hit in answer.hits]
    return Ranked(
        path=path,
        sku=sku,
        category=None,
        rank=found.index(sku) + 1 if sku in found else 0,
        answered=found[0] if found else None,
        verdict=answer.verdict,
        total_ms=answer.timings_ms.total,
        score=answer.hits[0].score if answer.hits else None,
        shown=tuple(found),
        timings=answer.timings_ms,
    )


def _intervals(queries: list[Ranked]) -> dict[str, list[float]]:
    return {str(depth): [round(edge, 4) for edge in interval(queries, depth)] for depth in DEPTHS}
