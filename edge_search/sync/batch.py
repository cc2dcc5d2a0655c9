"""Outcomes on their way into the store, some of them a transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from edge_search.catalog.listing import SourceFile, printable
from edge_search.encoder.encoder import Encoder
from edge_search.ingest.details import Detailing
from edge_search.ingest.pipeline import Outcome
from edge_search.store import catalog_encoder, features, images, products, sources
from edge_search.store.database import Database, Tables
from edge_search.store.images import Image
from edge_search.store.sources import SkippedFile, Source
from edge_search.sync.plan import Plan
from edge_search.types import Skipped

__all__ = ["Batch", "Counts"]

# Photos a transaction, and at most this long between two: one commit (an fsync) for many photos, and the
# writer lock is held for some milliseconds.
_BATCH = 64
_BATCH_SECONDS = 1.0


@dataclass
class Counts:
    """Photos by what a sync did with them."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    unsettled: list[bytes] = field(default_factory=list)
    """Files that may be taken soon: they still change, or their disk failed for once."""


class Batch:
    """Outcomes on their way into one short transaction."""

    def __init__(
        self,
        database: Database,
        encoder: Encoder,
        source: Source,
        plan: Plan,
        details: Detailing,
        *,
        lists_photos: bool,
    ) -> None:
        self._database = database
        self._encoder = encoder
        self._source = source
        self._details = details
        self._lists_photos = lists_photos
        self._waiting: list[Outcome[SourceFile]] = []
        self._since = time.monotonic()
        self._gone: dict[tuple[str, str], list[Image]] = {}
        for image in plan.gone:
            self._gone.setdefault((image.content_hash, image.sku), []).append(image)
        self.moved: set[int] = set()

    def add(self, outcome: Outcome[SourceFile], counts: Counts) -> list[str]:
        """Take one outcome in; returns the content hashes that were committed just now."""
        self._waiting.append(outcome)
        if len(self._waiting) >= _BATCH or time.monotonic() - self._since > _BATCH_SECONDS:
            return self.commit(counts)
        return []

    def commit(self, counts: Counts) -> list[str]:
        """Commit what waits; returns its content hashes.

        Raises:
            EncoderChanged: the catalog has another encoder by now; none of these was stored.
        """
        waiting, self._waiting, self._since = self._waiting, [], time.monotonic()
        good = [outcome for outcome in waiting if outcome.reason is None]
        bad = [outcome for outcome in waiting if outcome.reason is not None]
        if good:
            self._database.need_space()
        if waiting:
            with self._database.write() as tables:
                self._store(tables, good, counts)
                sources.skip(tables, self._source, (_skipped(outcome) for outcome in bad))
        counts.skipped += [Skipped(printable(outcome.item.path), outcome.reason or "") for outcome in bad]
        counts.unsettled += [outcome.item.path for outcome in bad if outcome.again]
        return [outcome.content_hash for outcome in good]

    def _store(self, tables: Tables, good: Sequence[Outcome[SourceFile]], counts: Counts) -> None:
        catalog_encoder.settle(tables, self._encoder.name, self._encoder.fingerprint)
        made = {outcome.content_hash: outcome.feature for outcome in good if outcome.feature is not None}
        features.put(tables, self._encoder.fingerprint, made)
        self._details.put(tables, [outcome.content_hash for outcome in good])
        for outcome in good:
            self._place(tables, outcome, counts)
        sources.forget_skipped(tables, self._source, [outcome.item.path for outcome in good])
        if self._lists_photos:
            listed = products.values_of(tables, self._source.source_id, [outcome.item.sku for outcome in good])
            new: dict[str, products.Values] = {
                outcome.item.sku: {} for outcome in good if outcome.item.sku not in listed
            }
            products.put_values(tables, self._source.source_id, new)

    def _place(self, tables: Tables, outcome: Outcome[SourceFile], counts: Counts) -> None:
        file = outcome.item
        stamp = file.size, file.mtime_ns, file.inode
        old = images.at(tables, self._source.source_id, file.path, file.sku)
        if old is not None and old.content_hash == outcome.content_hash:
            images.move(tables, old.image_id, file.path, *stamp)
            counts.unchanged += 1
            return
        left = self._gone.get((outcome.content_hash, file.sku))
        if old is None and left:
            image = left.pop()
            self.moved.add(image.image_id)
            images.move(tables, image.image_id, file.path, *stamp)
            counts.updated += 1
            return
        row = Image(
            0,
            file.sku,
            self._source.source_id,
            file.path,
            outcome.content_hash,
            *stamp,
            outcome.width,
            outcome.height,
        )
        images.add(tables, [row])
        if old is None:
            counts.added += 1
        else:
            counts.updated += 1


def _skipped(outcome: Outcome[SourceFile]) -> SkippedFile:
    file = outcome.item
    if outcome.again:  # no file has this stamp, so every look tries it again
        return SkippedFile(file.path, 0, 0, 0, outcome.reason or "")
    return SkippedFile(file.path, file.size, file.mtime_ns, file.inode, outcome.reason or "")
