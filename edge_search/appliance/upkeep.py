"""Upkeep of one home: verify, repair, recover, backup, compact."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_search.appliance.encoders import Encoders
from edge_search.appliance.removal import sweep_removed
from edge_search.appliance.steady import steady
from edge_search.errors import EncoderChanged, EncoderError, NoSpace, StoreDamaged
from edge_search.imaging.limits import Limits
from edge_search.index.builder import Builder
from edge_search.index.segment import segment_problem
from edge_search.index.word_file import words_problems
from edge_search.ingest.teach import Teacher
from edge_search.maintenance.backup import Written, write_backup
from edge_search.maintenance.damage import Damage
from edge_search.maintenance.recover import RESCAN_DUE, keep_snapshot, recover
from edge_search.maintenance.repair import Repair
from edge_search.maintenance.verify import verify
from edge_search.store import catalog_encoder, changes, features, generations, local_features, meta, vocabularies
from edge_search.store.database import Database
from edge_search.store.durable import sweep
from edge_search.store.previews import Previews

__all__ = ["Upkeep"]

_log = logging.getLogger("edge_search")

_SCRUBBED = "scrubbed_at"
_SCRUB_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Upkeep:
    """What keeps a home healthy; `Box` carries it as ``box.upkeep``."""

    database: Database
    encoders: Encoders
    builder: Callable[[], Builder]
    previews: Previews
    limits: Limits
    snapshot_hours: float
    log_days: float

    @steady
    def verify(self) -> list[Damage]:
        """Return everything that is not as it should be; see `maintenance.verify`."""
        try:
            fingerprint = self.encoders.fingerprint  # asks the store too
        except StoreDamaged as error:
            return [Damage("database", self.database.home.database.name, str(error))]
        return list(verify(self.database, self.previews, fingerprint))

    @steady
    def repair(self) -> tuple[list[Damage], list[Damage]]:
        """Mend what can be mended; returns (mended, left).

        A damaged database is replaced by the last snapshot first; the sources are read by the next index.
        """
        damaged = [damage for damage in self.verify() if damage.kind == "database"]
        if damaged:
            recover(self.database.home)
        self.adopt()
        mended, left = self._repair().run()
        return [*damaged, *mended], left

    def backup(self, target: Path) -> Written:
        """Write a backup file; see `maintenance.backup`."""
        return write_backup(self.database, target)

    def compact(self) -> int:
        """Build the index anew as one piece; drop what killed writers left and features that nobody needs.

        Those are of photos that no product shows, and of encoders that are neither in use nor pending.

        Returns the generation.
        """
        self.tidy()
        return steady(lambda: self.builder().publish(anew=True))()

    def tidy(self) -> None:
        """Drop features nobody shows and what killed writers left."""
        sweep(self.database.home.root)
        sweep_removed(self.database.home)
        with self.database.exclusive("sync"):
            after: str | None = ""
            while after is not None:
                with self.database.write() as tables:
                    after = features.collect(tables, catalog_encoder.wanted(tables), after=after)[1]
            after = ""
            while after is not None:
                with self.database.write() as tables:
                    after = local_features.collect(tables, after=after)[1]
            with self.database.write() as tables:
                vocabularies.collect(tables)

    def rescan_due(self) -> bool:
        """Return whether the sources must be read again since a recovery."""
        with self.database.read() as tables:
            return meta.get(tables, RESCAN_DUE) == "1"

    def adopt(self) -> None:
        """After a recovery, take in the photos that were taught since the snapshot."""
        if not self.rescan_due():
            return
        try:
            self._repair().adopt_taught()
        except (EncoderError, NoSpace) as error:
            _log.warning("photos taught since the last snapshot are missing until 'edge-search repair': %s", error)

    def after_index(self) -> None:
        """Note that the sources were read, and keep the home's own snapshot young."""
        if self.rescan_due():
            with self.database.write() as tables:
                meta.put(tables, RESCAN_DUE, "0")
        self._prune()
        self._scrub()
        if self.snapshot_hours:
            keep_snapshot(self.database, older_than_s=self.snapshot_hours * 3600)

    def _prune(self) -> None:
        """Forget changes older than the setting, some at a time."""
        while True:
            with self.database.write() as tables:
                if not changes.prune(tables, days=self.log_days):
                    return

    def _scrub(self) -> None:
        """Hash the index files once a day: rot behind an unchanged stamp is found before it answers for long."""
        with self.database.read() as tables:
            last = float(meta.get(tables, _SCRUBBED) or 0)
            generation = generations.current(tables)
        if 0 <= time.time() - last < _SCRUB_SECONDS or generation is None:
            return
        problems = [segment_problem(self.database.home.index, row) for row in generation.segments]
        with self.database.read() as tables, contextlib.suppress(StoreDamaged):
            problems += [problem for _, problem in words_problems(tables, self.database.home.index)]
        with self.database.write() as tables:
            meta.put(tables, _SCRUBBED, str(time.time()))
        for problem in filter(None, problems):
            _log.warning("index: %s; it is built anew", problem)
        if any(problems):
            with contextlib.suppress(EncoderChanged):  # then a whole new generation was published just now
                self.builder().publish(anew=True)

    def _repair(self) -> Repair:
        encoder = self.encoders.query
        teacher = Teacher(self.database, encoder, self.previews, self.limits)
        return Repair(self.database, encoder, self.builder(), self.previews, self.limits, teacher)
