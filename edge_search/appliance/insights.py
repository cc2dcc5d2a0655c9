"""Insights of this box: its journal, counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from edge_search.appliance.journal import Journal
from edge_search.appliance.page import write_text
from edge_search.evaluation.advice import advice_csv
from edge_search.evaluation.insights import Insights
from edge_search.evaluation.tally import gather
from edge_search.store import journal, products
from edge_search.store.database import Database
from edge_search.store.journal import Asked

__all__ = ["JournalInsights"]


@dataclass(frozen=True)
class JournalInsights:
    """`box.insights`: call it; `csv` writes what to do."""

    database: Database
    journal: Journal

    def __call__(self) -> Insights:
        """Count what was asked over HTTP and what people said about the answers, as long as the journal keeps it.

        Reads page by page: the journal may have a million rows, and goes on growing meanwhile.
        """
        self.journal.flush()
        shown: dict[str, str | None] = {}
        after = ""
        while True:
            with self.database.read() as tables:
                page = products.page(tables, after=after, category=None, limit=5000)
                shown.update({**dict.fromkeys(page), **products.groups_of(tables, page)})
            if not page:
                break
            after = page[-1]
        with self.database.read() as tables:
            said = journal.said(tables)
        return gather(self._queries(), said, shown)

    def csv(self, result: Insights, path: str | os.PathLike[str]) -> None:
        """Write the findings as ``sku,problem,action``; InvalidValue when its folder is not there."""
        write_text(path, advice_csv(result.findings))

    def _queries(self) -> Iterator[Asked]:
        after = 0
        while True:
            with self.database.read() as tables:
                page = journal.asked(tables, after=after)
            if not page:
                return
            yield from page
            after = page[-1].row
