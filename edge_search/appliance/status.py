"""How a home stands."""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from typing import Any

from edge_search import __version__
from edge_search.appliance.followed import SourceState
from edge_search.appliance.pending import Pending, read_pending
from edge_search.catalog.listing import printable
from edge_search.index.catalog_index import CatalogIndex
from edge_search.maintenance.recover import RESCAN_DUE
from edge_search.store import generations, images, meta, products, sources
from edge_search.store.database import Database
from edge_search.types import Skipped
from edge_search.watch.report import WatchReport

__all__ = ["Status", "read_status"]


@dataclass(frozen=True)
class Status:
    """Counts and states of a home; ``degraded`` lists what needs somebody's attention."""

    version: str
    home: str
    products: int
    images: int
    inbox: int
    generation: int
    tail: int
    masked: int
    encoder: str
    projection: str
    catalog_digest: str
    sources: tuple[SourceState, ...]
    backlog: int
    watch: WatchReport
    skipped: tuple[Skipped, ...]
    warnings: tuple[Skipped, ...]
    free_bytes: int
    degraded: tuple[str, ...]
    switch: Pending | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the status as plain JSON types."""
        return asdict(self)


def read_status(
    database: Database, index: CatalogIndex, encoder: str, watch: WatchReport, followed: tuple[SourceState, ...]
) -> Status:
    """Read the status from one snapshot; loads no network."""
    with database.read() as tables:
        generation = generations.current(tables)
        tail, masked = generations.backlog(tables, generation)
        view = index.view(tables)
        degraded = [_trouble(source) for source in followed if source.state in {"offline", "held"} or source.held]
        degraded += watch.problems
        if meta.get(tables, RESCAN_DUE) == "1":
            degraded.append(
                "the database was recovered from a snapshot; run 'edge-search index' to read the sources again"
            )
        if view.degraded:
            degraded.append("index: a file is lost or damaged; run 'edge-search compact'")
        switch = read_pending(tables)
        if switch is not None and switch.problem is not None:
            degraded.append(f"the switch to {switch.to} stands still: {switch.problem}")
        return Status(
            version=__version__,
            home=printable(str(database.home.root)),
            products=products.count(tables),
            images=images.count_searchable(tables),
            inbox=sum(products.inbox(tables).values()),
            generation=generation.generation_id if generation else 0,
            tail=tail,
            masked=masked,
            encoder=encoder,
            projection=view.projection.kind,
            catalog_digest=meta.catalog_digest(tables),
            sources=followed,
            backlog=watch.backlog,
            watch=watch,
            skipped=tuple(Skipped(printable(bad.path), bad.reason) for bad in sources.skipped(tables)),
            warnings=tuple(Skipped(printable(path), reason) for path, reason in sources.warnings(tables)),
            free_bytes=shutil.disk_usage(database.home.root).free,
            degraded=tuple(degraded),
            switch=switch,
        )


def _trouble(source: SourceState) -> str:
    text = f"{source.path}: {source.state}" + (f", {source.detail}" if source.detail else "")
    if source.held:
        text += f"; if {source.held.products} products are to be deleted: edge-search sync confirm {source.source_id}"
    return text
