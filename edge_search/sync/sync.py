"""One sync, end to end: plan, take what is new, then remove what is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edge_search.catalog.listing import Listing
from edge_search.encoder.encoder import Encoder
from edge_search.imaging.limits import Limits
from edge_search.local.points import GALLERY_BYTES
from edge_search.store import images, products, sources
from edge_search.store.database import Database, Tables
from edge_search.store.previews import Previews
from edge_search.store.sources import Source
from edge_search.sync.job import Job, ReadFile, Tools, read_listed
from edge_search.sync.plan import HoldRule, Outside, Plan, doubtful, make_plan
from edge_search.types import Held, IndexReport, Progress

__all__ = ["Sync"]


@dataclass
class Sync:
    """Makes the store equal to one source; touches only rows which that source owns."""

    database: Database
    encoder: Callable[[], Encoder]
    previews: Previews
    limits: Limits
    rule: HoldRule
    workers: int
    read: ReadFile = read_listed
    local_bytes: int = GALLERY_BYTES

    def run(
        self,
        listing: Listing,
        path: Path,
        *,
        yes: bool = False,
        doubt: str | None = None,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Sync ``listing``, read from the folder or manifest at ``path``, in one go; see `begin` and `Job`."""
        with self.database.exclusive("sync"):
            job = self.begin(listing, path, yes=yes, doubt=doubt)
            job.advance(progress)
            job.finish()
        return job.report()

    def begin(self, listing: Listing, path: Path, *, yes: bool = False, doubt: str | None = None, lost: int = 0) -> Job:
        """Plan what to do about a listing; the caller holds the ``sync`` lock while a job is made and worked on.

        Args:
            listing: the source as it is now, or a part of it.
            path: its absolute path; the source's name in the store.
            yes: also delete what would be held. What was confirmed before is deleted without.
            doubt: why this may be another folder than before. Nothing is taken or deleted then unless it is alike.
            lost: products that were lost by looking at parts since all was looked at.
        """
        with self.database.write() as tables:
            source = sources.enlist(tables, listing.kind, path)
        # With a yes, a table that is missing now was taken away on purpose.
        source = replace(source, has_table=source.has_table and not yes)
        with self.database.read() as tables:
            if listing.scope is None:
                rows = images.by_owner(tables, source.source_id)
                plan = self._whole(tables, listing, source, rows, lost)
            else:
                rows = []
                plan = self._part(tables, listing, source, lost)
        foreign = bool(doubt) and doubtful(listing, rows)
        held = Held(len(plan.gone), plan.lost, doubt or "") if foreign else plan.held
        if yes or _covered(held, source.confirmed):
            held, foreign = None, False
        if foreign:
            # Its photos are as wrong as the deletions.
            plan = replace(plan, take=(), gone=(), put={}, drop=(), forget=())
        return Job(self._tools(), listing, source, plan, held, foreign=foreign)

    def _whole(self, tables: Tables, listing: Listing, source: Source, rows: list[images.Image], lost: int) -> Plan:
        return make_plan(
            listing,
            rows,
            sources.skipped(tables, source),
            products.values_of(tables, source.source_id),
            self.rule,
            had_table=source.has_table,
            lost=lost,
        )

    def _part(self, tables: Tables, listing: Listing, source: Source, lost: int) -> Plan:
        owner, scope = source.source_id, listing.scope or ()
        rows = images.below(tables, owner, scope)
        inside = Counter(row.sku for row in rows)
        concerned = set(inside) | {file.sku for file in listing.files}
        elsewhere = {sku for sku in concerned if images.more_than(tables, owner, sku, inside[sku])}
        few = len(concerned) + lost <= self.rule.products  # then nothing can be held, whatever the source has
        return make_plan(
            listing,
            rows,
            sources.skipped_at(tables, source, scope),
            products.values_of(tables, owner, concerned),
            self.rule,
            had_table=source.has_table,
            lost=lost,
            outside=Outside(elsewhere, 0 if few else images.pictured(tables, owner)),
        )

    def _tools(self) -> Tools:
        return Tools(self.database, self.encoder, self.previews, self.limits, self.workers, self.read, self.local_bytes)


def _covered(held: Held | None, confirmed: Held | None) -> bool:
    """Return whether somebody said yes to this deletion, or to a larger one."""
    return (
        held is not None
        and confirmed is not None
        and held.products <= confirmed.products
        and held.images <= confirmed.images
    )
