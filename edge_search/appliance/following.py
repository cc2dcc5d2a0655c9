"""Following: bring sources into the store, one or all, then publish and tidy up."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edge_search.appliance.upkeep import Upkeep
from edge_search.catalog.folder import list_folder
from edge_search.catalog.manifest import list_manifest
from edge_search.catalog.rules import DEFAULT_RULES
from edge_search.errors import CatalogError, EncoderChanged, SourceMissing
from edge_search.index.builder import Builder
from edge_search.store import sources
from edge_search.store.sources import SourceKind
from edge_search.sync.sync import Sync
from edge_search.types import IndexReport, Progress
from edge_search.watch.marker import marker_doubt

__all__ = ["Following"]


@dataclass(frozen=True)
class Following:
    """Makes the store equal to its sources."""

    sync: Sync
    builder: Callable[[], Builder]
    upkeep: Upkeep

    def all(self, *, yes: bool, progress: Progress | None) -> IndexReport:
        """Sync every source that is followed; those that are there first, then a missing one is raised.

        Raises:
            CatalogError: there is no source yet.
            SourceMissing: one is not there now; nothing of it is deleted.
        """
        with self.sync.database.read() as tables:
            followed = sources.followed(tables)
        if not followed:
            raise CatalogError("no source is followed yet; name a folder: edge-search index FOLDER")
        reports: list[IndexReport] = []
        missing: list[SourceMissing] = []
        for source in followed:
            try:
                reports.append(self.one(source.kind, source.path, yes=yes, progress=progress))
            except SourceMissing as error:  # an unplugged stick keeps none of the others waiting
                missing.append(error)
        if missing:
            raise missing[0]
        return replace(
            reports[-1],
            **{
                name: sum(getattr(report, name) for report in reports)
                for name in ("added", "updated", "removed", "unchanged", "encoded", "seconds")
            },
            skipped=tuple(skipped for report in reports for skipped in report.skipped),
            warnings=tuple(warning for report in reports for warning in report.warnings),
            held=next((report.held for report in reports if report.held), None),
        )

    def one(self, kind: SourceKind, path: Path, *, yes: bool, progress: Progress | None) -> IndexReport:
        """Sync one source, publish a generation if that is worth it, keep the home's snapshot young."""
        with self.sync.database.exclusive("sync"):
            # Listed under the lock: what another process took since would seem gone.
            with self.sync.database.read() as tables:
                known = next((source for source in sources.listed(tables) if source.path == path), None)
            rules, marker = (known.rules, known.marker) if known else (DEFAULT_RULES, None)
            listing = list_folder(path, rules) if kind == "folder" else list_manifest(path)
            doubt = marker_doubt(path, marker) if kind == "folder" else None
            job = self.sync.begin(listing, path, yes=yes, doubt=doubt)
            job.advance(progress)
            job.finish()
        report = job.report()
        with contextlib.suppress(EncoderChanged):  # then a whole new generation was published just now
            self._publish()
        self.upkeep.after_index()
        return report

    def _publish(self) -> None:
        builder = self.builder()
        with self.sync.database.read() as tables:
            due = builder.due(tables)
        if due:
            builder.publish()
