"""How a home stands."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass
from typing import Any

from edge_search import __version__
from edge_search.appliance.pending import Pending, read_pending
from edge_search.catalog.listing import printable
from edge_search.index.catalog_index import CatalogIndex
from edge_search.maintenance.recover import RESCAN_DUE
from edge_search.store import generations, images, meta, products, sources
from edge_search.store.database import Database
from edge_search.types import Skipped

__all__ = ["SourceStatus", "Status", "read_status"]


@dataclass(frozen=True)
class SourceStatus:
    """One followed folder or manifest."""

    path: str
    kind: str
    state: str
    last_scan: str | None
    images: int


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
    sources: tuple[SourceStatus, ...]
    backlog: int
    skipped: tuple[Skipped, ...]
    free_bytes: int
    degraded: tuple[str, ...]
    switch: Pending | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the status as plain JSON types."""
        return asdict(self)


def read_status(database: Database, index: CatalogIndex, encoder: str) -> Status:
    """Read the status from one snapshot; loads no network."""
    with database.read() as tables:
        generation = generations.current(tables)
        tail, masked = generations.backlog(tables, generation)
        view = index.view(tables)
        followed = tuple(
            SourceStatus(
                printable(str(source.path)),
                source.kind,
                source.state if os.path.exists(source.path) else "offline",  # noqa: PTH110 (Path.exists raises on a broken share)
                source.last_scan,
                images.count(tables, source.source_id),
            )
            for source in sources.listed(tables)
        )
        degraded = [f"{source.path}: {source.state}" for source in followed if source.state in {"offline", "held"}]
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
            backlog=0,
            skipped=tuple(Skipped(printable(bad.path), bad.reason) for bad in sources.skipped(tables)),
            free_bytes=shutil.disk_usage(database.home.root).free,
            degraded=tuple(degraded),
            switch=switch,
        )
