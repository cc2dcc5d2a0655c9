"""Evaluation: search every query of a manifest and compare with the SKU it names."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_search.catalog.listing import Listing, printable
from edge_search.errors import CatalogError, PhotoError
from edge_search.evaluation.metrics import DEPTHS, Ranked, interval, mrr, percentiles, recall
from edge_search.types import Answer, Progress, Skipped

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """What the queries of one manifest brought; ``unknown`` are SKUs the catalog doesn't have."""

    queries: tuple[Ranked, ...]
    skipped: tuple[Skipped, ...]
    unknown: tuple[str, ...]
    images: int
    products: int
    encoder: str
    projection: str

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain JSON types. Queries of unknown SKUs count as wrong."""
        asked = self.queries
        categories = sorted({query.category for query in asked if query.category})
        return {
            "recall": {str(depth): round(recall(asked, depth), 4) for depth in DEPTHS},
            "recall_interval95": {str(depth): [round(edge, 4) for edge in interval(asked, depth)] for depth in DEPTHS},
            "mrr": round(mrr(asked), 4),
            "queries": len(asked),
            "skus": len({query.sku for query in asked}),
            "latency_ms": percentiles([query.total_ms for query in asked]),
            "verdicts": dict(sorted(Counter(query.verdict for query in asked).items())),
            "categories": {name: self._category(name) for name in categories},
            "unknown_skus": list(self.unknown),
            "skipped": [{"path": bad.path, "reason": bad.reason} for bad in self.skipped],
            "catalog": {"images": self.images, "products": self.products},
            "encoder": self.encoder,
            "projection": self.projection,
        }

    def _category(self, name: str) -> dict[str, float]:
        mine = [query for query in self.queries if query.category == name]
        return {"queries": len(mine), **{str(depth): round(recall(mine, depth), 4) for depth in DEPTHS}}


def evaluate(
    listing: Listing,
    search: Callable[[Path, int], Answer],
    *,
    shown: Callable[[str], bool],
    size: tuple[int, int],
    progress: Progress | None = None,
) -> Evaluation:
    """Search every photo of ``listing`` and note the rank of its SKU.

    Args:
        listing: a manifest's photos with the SKUs they show.
        search: answers a photo with so many products.
        shown: whether the catalog shows a SKU.
        size: (images, products) of the catalog.
        progress: called before each query, and at the end.

    Raises:
        CatalogError: no query could be searched.
    """
    categories = {row.sku: row.values.get("category") for row in listing.products}
    skipped = [Skipped(problem.path, problem.reason) for problem in listing.problems]
    ranked: list[Ranked] = []
    answer: Answer | None = None
    for done, file in enumerate(listing.files):
        if progress is not None:
            progress(done, len(listing.files))
        path = listing.root / os.fsdecode(file.path)
        try:
            answer = search(path, max(DEPTHS))
        except PhotoError as error:
            skipped.append(Skipped(printable(file.path), str(error)))
            continue
        found = [hit.sku for hit in answer.hits]
        category = categories.get(file.sku)
        ranked.append(
            Ranked(
                path=printable(file.path),
                sku=file.sku,
                category=None if category is None else str(category),
                rank=found.index(file.sku) + 1 if file.sku in found else 0,
                answered=found[0] if found else None,
                verdict=answer.verdict,
                total_ms=answer.timings_ms.total,
            )
        )
    if progress is not None:
        progress(len(listing.files), len(listing.files))
    if answer is None:
        raise CatalogError(f"{listing.root}: no query photo could be searched; see the columns path,sku of the file")
    return Evaluation(
        queries=tuple(ranked),
        skipped=tuple(skipped),
        unknown=tuple(sorted({query.sku for query in ranked if not shown(query.sku)})),
        images=size[0],
        products=size[1],
        encoder=answer.encoder,
        projection=answer.projection,
    )
