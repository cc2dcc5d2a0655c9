"""Rooms: what a box is made of, each made when it is asked for."""

from __future__ import annotations

import threading
from pathlib import Path

from edge_search.appliance.adapting import Adapting
from edge_search.appliance.changelog import ChangeLog
from edge_search.appliance.checks import Checks
from edge_search.appliance.diagnosing import Diagnosing
from edge_search.appliance.encoders import Encoders
from edge_search.appliance.evaluating import Evaluating
from edge_search.appliance.followed import Followed
from edge_search.appliance.following import Following
from edge_search.appliance.insights import JournalInsights
from edge_search.appliance.installed import InstalledEncoder
from edge_search.appliance.journal import Journal
from edge_search.appliance.page import PhotoFiles
from edge_search.appliance.photos import own_photos
from edge_search.appliance.pictures import Pictures
from edge_search.appliance.pin import Pin
from edge_search.appliance.switching import Switching
from edge_search.appliance.tokens import Tokens
from edge_search.appliance.upkeep import Upkeep
from edge_search.appliance.watching import Watching
from edge_search.config import Settings
from edge_search.imaging.limits import Limits
from edge_search.index.builder import Builder
from edge_search.index.catalog_index import CatalogIndex
from edge_search.ingest.originals import Originals
from edge_search.search.searcher import Opener, Searcher
from edge_search.search.verdict import Thresholds
from edge_search.store.database import Database
from edge_search.store.home import Home
from edge_search.store.previews import Previews
from edge_search.sync.plan import HoldRule
from edge_search.sync.sync import Sync

__all__ = ["Rooms"]

# Where a bundle brings none: a cosine this high was right nearly always, this low nearly never.
_FALLBACK_VERDICT = {"match": 0.8, "maybe": 0.5}


class Rooms:
    """One home's parts, wired. `Box` adds what people do with them."""

    def __init__(self, home: Home, settings: Settings, database: Database, encoders: Encoders, opener: Opener) -> None:
        self.home = home
        self.settings = settings
        self.database = database
        self.encoders = encoders
        self._opener = opener
        self._index: CatalogIndex | None = None
        self._journal: Journal | None = None
        self._guard = threading.Lock()

    @property
    def upkeep(self) -> Upkeep:
        """Verify, repair, backup and the like."""
        return Upkeep(
            self.database,
            self.encoders,
            lambda: self.builder,
            self._previews(),
            self._limits(),
            snapshot_hours=self.settings.snapshot_hours,
            log_days=self.settings.log_days,
        )

    @property
    def photos(self) -> list[tuple[str, Path]]:
        """SKU and file of the catalog's own photos, at most 3,000; previews where the photos are gone."""
        return own_photos(self.database, self._previews())

    @property
    def changes(self) -> ChangeLog:
        """Every change, numbered."""
        return ChangeLog(self.database)

    @property
    def tokens(self) -> Tokens:
        """Who may do what over HTTP."""
        return Tokens(self.database)

    @property
    def pin(self) -> Pin:
        """The PIN that opens staff mode."""
        return Pin(self.database)

    @property
    def journal(self) -> Journal:
        """What was asked and answered over HTTP, and what people said about it."""
        with self._guard:
            if self._journal is None:
                keep = self.settings.keep_feedback_photos
                self._journal = Journal(self.database, days=self.settings.journal_days, keep_photos=keep)
            return self._journal

    @property
    def checks(self) -> Checks:
        """Held-out photos."""
        return Checks(self.database, self._limits(), self._opener)

    @property
    def evaluate(self) -> Evaluating:
        """Measure the box on photos whose SKU is known."""
        return Evaluating(self.database, self.encoders, self._searcher, self.checks, self._files(), self.upkeep)

    @property
    def diagnose(self) -> Diagnosing:
        """Look for the classic failures, on the catalog's own photos."""
        return Diagnosing(
            self.database, self.encoders, lambda: self.catalog_index, self._files(), self._limits(), self.upkeep
        )

    @property
    def insights(self) -> JournalInsights:
        """What the journal says about the catalog."""
        return JournalInsights(self.database, self.journal)

    @property
    def pictures(self) -> Pictures:
        """Previews by image."""
        return Pictures(self.database, self._previews(), self._limits(), self._opener)

    @property
    def catalog_index(self) -> CatalogIndex:
        """The index of this process, of the catalog's encoder at this moment."""
        return self._index_of(self.encoders.current)

    @property
    def switching(self) -> Switching:
        """Giving the catalog another encoder."""
        snapshots = self.settings.snapshot_hours > 0
        return Switching(self.database, self.encoders, self._originals(), snapshots=snapshots)

    @property
    def adapting(self) -> Adapting:
        """Fitting to the catalog."""
        return Adapting(self.database, self.encoders, self._originals(), self.settings)

    def _index_of(self, encoder: InstalledEncoder) -> CatalogIndex:
        with self._guard:
            if self._index is None or self._index.fingerprint != encoder.fingerprint:
                self._index = CatalogIndex(self.database, encoder.fingerprint, encoder.plain)
            return self._index

    @property
    def watching(self) -> Watching:
        """Pause, resume and look at the watcher of this home."""
        return Watching(self.database)

    @property
    def sources(self) -> Followed:
        """What is followed: states, rules, and deletions that wait for a yes."""
        return Followed(self.database, self.watching, self._following)

    def _following(self) -> Following:
        return Following(self.sync(), lambda: self.builder, self.upkeep)

    def sync(self) -> Sync:
        """Return what makes the store equal to a source."""
        return Sync(
            database=self.database,
            encoder=lambda: self.encoders.ingest,
            previews=self._previews(),
            limits=self._limits(),
            rule=HoldRule(self.settings.hold_share, self.settings.hold_products),
            workers=self.encoders.cores,
            local_bytes=self.settings.local_bytes,
        )

    @property
    def builder(self) -> Builder:
        """What publishes generations."""
        return Builder(self.database, self.catalog_index)

    def _searcher(self) -> Searcher:
        # One encoder's: a snapshot in which the catalog has another is not answered from.
        encoder = self.encoders.current
        verdict = {**_FALLBACK_VERDICT, **encoder.verdict}
        return Searcher(
            database=self.database,
            encoder=lambda: encoder.query,
            index=self._index_of(encoder),
            previews=self._previews(),
            limits=self._limits(),
            thresholds=Thresholds(verdict["match"], verdict["maybe"], verdict.get("margin", 0.0)),
            opener=self._opener,
            rerank=self.settings.rerank != "off",
        )

    def _originals(self) -> Originals:
        return Originals(self.database, self._previews(), self._limits())

    def _previews(self) -> Previews:
        return Previews(self.home, self.settings.previews, self.settings.preview_side_px)

    def _limits(self) -> Limits:
        return Limits(
            max_bytes=self.settings.max_photo_mb * 2**20,
            max_pixels=self.settings.max_photo_megapixels * 1_000_000,
        )

    def _files(self) -> PhotoFiles:
        return PhotoFiles(self.database, self._previews())
