"""Evaluating: how well this box does on photos whose SKU is known."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_search.appliance.checks import Checks
from edge_search.appliance.encoders import Encoders
from edge_search.appliance.page import PhotoFiles, write_text
from edge_search.appliance.recovering import recovering
from edge_search.appliance.upkeep import Upkeep
from edge_search.catalog.listing import Listing
from edge_search.catalog.manifest import list_manifest
from edge_search.evaluation.evaluation import Evaluation, evaluate
from edge_search.evaluation.losses import network_loss, ranking_losses
from edge_search.evaluation.once import Once
from edge_search.evaluation.report import html_report
from edge_search.search.searcher import Searcher
from edge_search.store import images, products
from edge_search.store.database import Database
from edge_search.store.filters import Filter
from edge_search.types import Answer, Progress

__all__ = ["Evaluating"]


@dataclass(frozen=True)
class Evaluating:
    """`box.evaluate`: call it; `report` writes the page."""

    database: Database
    encoders: Encoders
    searcher: Callable[[], Searcher]
    checks: Checks
    files: PhotoFiles
    upkeep: Upkeep

    @recovering
    def __call__(
        self,
        queries: str | os.PathLike[str] | None = None,
        *,
        losses: bool = True,
        progress: Progress | None = None,
    ) -> Evaluation:
        """Search every photo of a manifest (``path,sku[,category]``; None: the checks) and report how that went.

        Recall@k, MRR, verdicts and latency; with ``losses`` every query is then ranked again in other ways, apart from
        the timed answers, to tell what each part of the box costs or brings. Nothing is stored, or learnt from.

        Raises:
            CatalogError: there are no queries, or none could be searched.
        """
        listing = self._listing(queries)
        once = Once(self.encoders.query)
        searcher = replace(self.searcher(), encoder=lambda: once)
        with self.database.read() as tables:
            shown = products.get(tables, {file.sku for file in listing.files})
            size = images.count_searchable(tables), products.count(tables)
            searcher.index.view(tables)  # opening the index is no part of a query's time

        def search(path: Path, count: int) -> Answer:
            once.begin(str(path))
            return searcher.search(path, count, chosen=Filter())

        total = len(listing.files)
        rounds = 2 if losses else 1

        def told(done: int, _total: int) -> None:
            if progress is not None:
                progress(done, rounds * total)

        result = evaluate(
            listing, search, categories={sku: row["category"] for sku, row in shown.items()}, size=size, progress=told
        )
        if not losses:
            return result
        found = self._losses(result, searcher, once, lambda done: told(total + done, 0))
        told(rounds * total, 0)
        return replace(result, losses=found)

    def report(self, result: Evaluation, page: str | os.PathLike[str]) -> None:
        """Write an HTML page about an evaluation: figures, plots, and the worst queries with their pictures.

        Raises:
            InvalidValue: its folder is not there.
        """
        write_text(page, html_report(result, self.files.of_sku))

    def _listing(self, queries: str | os.PathLike[str] | None) -> Listing:
        return self.checks.listing() if queries is None else list_manifest(Path(queries).absolute())

    def _losses(
        self, result: Evaluation, searcher: Searcher, once: Once, told: Callable[[int], None]
    ) -> dict[str, dict[str, Any]]:
        current = self.encoders.current
        agreement = current.bundle.manifest.document.get("agreement") if current.bundle else None
        done = 0

        def step() -> None:
            nonlocal done
            done += 1
            told(done)

        network = network_loss(once.runtime.precision, once.runtime.name, agreement)
        return {"network": network, **ranking_losses(result.known, searcher, once, current.plain, step=step)}
