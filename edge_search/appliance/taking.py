"""Taking: what followers found is brought into the store, a piece at a time."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge_search.catalog.folder import list_part
from edge_search.catalog.folder_table import TABLE_NAMES, FolderTable, read_folder_table
from edge_search.catalog.listing import Listing, SourceFile
from edge_search.errors import CatalogError, PhotoUnsettled, StoreBusy
from edge_search.imaging.limits import Limits
from edge_search.store import changes, sources
from edge_search.store.lock import held
from edge_search.sync.job import Job, read_listed
from edge_search.sync.sync import Sync
from edge_search.watch.call import Call
from edge_search.watch.clock import Clock
from edge_search.watch.follower import Follower
from edge_search.watch.hints import is_table
from edge_search.watch.marker import leave_marker

if TYPE_CHECKING:
    from edge_search.appliance.box import Box

__all__ = ["Taking"]

_log = logging.getLogger("edge_search")

_AT_ONCE = 500
# Another process that indexes holds this lock for long; a photo more or less can wait for it.
_LOCK_S = 0.2
_LEAST_S = 1.0
_READ_S = 60.0
_PASSING = 2  # a table that is being saved is no trouble yet
_MARKER_S = 2.0


@dataclass
class _Scan:
    """A look at everything of one source: a job that rests until ``ready_at``, then goes on in one or more steps.

    ``alone``: nobody else worked on the source's rows since it was listed. Else what came meanwhile would seem gone.
    """

    follower: Follower
    job: Job
    listing: Listing
    alone: tuple[object, ...]
    ready_at: float
    steps: int = 0


@dataclass
class Taking:
    """``urgent`` asks a long step to end, ``alive`` is called after each photo."""

    box: Box
    clock: Clock
    urgent: Callable[[], bool]
    alive: Callable[[], None]
    halted: Callable[[], bool]
    _scans: dict[int, _Scan] = field(default_factory=dict)
    _tables: dict[Path, tuple[object, FolderTable]] = field(default_factory=dict)
    _since: dict[int, tuple[object, ...]] = field(default_factory=dict)
    _rate: float = 0.0

    @property
    def left(self) -> int:
        """Photos that the scans in work have to take still."""
        return sum(scan.job.left for scan in self._scans.values())

    def eta_s(self, backlog: int) -> float | None:
        """Return in how many seconds ``backlog`` will be done, None while nobody can tell."""
        return None if not backlog or not self._rate else float(round(backlog / self._rate))

    def next_at(self) -> float | None:
        """Return when the next scan in work may go on."""
        return min((scan.ready_at for scan in self._scans.values()), default=None)

    def drop(self, follower: Follower) -> None:
        """Give up a scan that is in work: what it took stays."""
        if self._scans.pop(follower.source.source_id, None) is not None:
            follower.pace.dropped()

    def take_settled(self, follower: Follower) -> bool:
        """Take the paths that rest now; returns whether there were any."""
        paths = follower.settled(_AT_ONCE)
        if not paths:
            return False
        source = follower.source
        if any(map(is_table, paths)):
            follower.scan("its product table changed")
        if not follower.same_root():
            follower.scan("its root changed")
            return True
        try:
            part = list_part(source.path, paths, source.rules, self._table)
        except CatalogError as error:  # it vanished just now, or its table can't be read
            follower.scan(str(error))
            return True
        if part is None:
            follower.scan("a change that only a look at everything can tell")
            return True
        listing, folders = part
        follower.expand(folders)
        self._take_part(follower, listing)
        return True

    def _take_part(self, follower: Follower, listing: Listing) -> None:
        try:
            with held(self.box.home, "sync", _LOCK_S):
                job = self._sync(follower).begin(listing, follower.source.path, lost=follower.lost)
                whole = self._advance(job, self.halted)
                whole = whole and job.held is None
                if whole:
                    job.finish()
        except BaseException:
            follower.scan("an error came between")
            raise
        follower.parts += 1
        now = self.clock.monotonic()
        for path in job.waiting:
            follower.settling.add(path, follower.stamp(path), now)
        self._again(follower, job)
        if job.held is not None:
            follower.scan("a large deletion")
        if whole:
            follower.lost += job.plan.lost
            self._say(follower, job)

    def list_all(self, follower: Follower) -> None:
        """Begin to look at everything of a source."""
        self._since[follower.source.source_id] = self._touched(follower)
        follower.list_all()

    def scan(self, follower: Follower) -> bool:
        """Go on with the look at everything of a source; returns whether there was anything to do."""
        number = follower.source.source_id
        try:
            if follower.call is not None and follower.call.done:
                self._listed(follower, follower.call)
                follower.call = None
                return True
            scan = self._scans.get(number)
            if scan is None or self.clock.monotonic() < scan.ready_at:
                return False
            self._step(scan)
        except StoreBusy:
            raise  # another process works on it: the same step is tried again
        except BaseException:
            follower.call = None
            self._scans.pop(number, None)
            follower.pace.failed()
            raise
        return True

    def _listed(self, follower: Follower, call: Call[tuple[Listing, str | None]]) -> None:
        source = follower.source
        try:
            listing, doubt = call.result()
        except (CatalogError, OSError) as error:
            wait = follower.pace.failed()
            _log.warning("%s; looking again in %.0f s", error, wait)
            if follower.pace.failures > _PASSING:
                follower.trusted = False
                with self.box.database.write() as tables:
                    sources.note_state(tables, source.source_id, "offline", str(error))
            return
        with held(self.box.home, "sync", _LOCK_S):
            job = self._sync(follower).begin(listing, source.path, doubt=doubt, lost=follower.lost)
        # Whatever still has its stamp when it is read then has rested: nothing half-written is taken.
        wait = follower.settling.settle_s if job.left else 0.0
        alone = self._since.pop(source.source_id)
        self._scans[source.source_id] = _Scan(follower, job, listing, alone, self.clock.monotonic() + wait)
        if job.left:
            with self.box.database.write() as tables:
                sources.note_state(tables, source.source_id, "scanning", f"{job.left} photos to look at")

    def _step(self, scan: _Scan) -> None:
        follower, job, began = scan.follower, scan.job, self.clock.monotonic()

        def stop() -> bool:
            return self.halted() or (self.clock.monotonic() - began >= _LEAST_S and self.urgent())

        with held(self.box.home, "sync", _LOCK_S):
            alone = not scan.steps and self._alone(scan)
            scan.steps += 1
            if not self._advance(job, stop):
                return
            if alone:
                job.finish()
        del self._scans[follower.source.source_id]
        self._again(follower, job)
        follower.pace.done()
        if not alone:
            follower.scan("what came in the meantime")
            return
        if job.held is None:
            follower.lost = 0
        follower.trusted = job.state != "offline"
        self._say(follower, job)
        if job.held is not None and follower.source.held != job.held:
            _log.warning(
                "%s: nothing is deleted: %s; if that is right: edge-search sync confirm %d",
                follower.name,
                job.held.reason,
                follower.source.source_id,
            )
        if follower.trusted and job.held is None and scan.listing.files and scan.listing.kind == "folder":
            self._mark(follower)

    def _touched(self, follower: Follower) -> tuple[object, ...]:
        with self.box.database.read() as tables:
            source = sources.get(tables, follower.source.source_id)
            return follower.parts, source and source.last_scan, changes.head(tables)

    def _alone(self, scan: _Scan) -> bool:
        *before, head = scan.alone
        *now, _ = self._touched(scan.follower)
        assert isinstance(head, int)
        with self.box.database.read() as tables:
            return before == now and not changes.touched(tables, scan.follower.source.source_id, after=head)

    def _mark(self, follower: Follower) -> None:
        """Leave the marker, or see that it is there; a share may hang."""
        source = follower.source
        call = Call(lambda: leave_marker(source.path, source.marker or None), self.clock.monotonic())
        if call.wait(_MARKER_S) and (marker := call.result()) != source.marker:
            with self.box.database.write() as tables:
                sources.change(tables, source.source_id, marker=marker)
            follower.source = replace(follower.source, marker=marker)

    def _advance(self, job: Job, stop: Callable[[], bool]) -> bool:
        began, before = self.clock.monotonic(), job.left
        whole = job.advance(lambda _done, _total: self.alive(), stop)
        spent, taken = self.clock.monotonic() - began, before - job.left
        if taken >= 8 and spent > 0:  # one photo says little about the next thousand
            rate = taken / spent
            self._rate = rate if not self._rate else 0.7 * self._rate + 0.3 * rate
        return whole

    def _again(self, follower: Follower, job: Job) -> None:
        """Try later what could not be read just now; what was read need not be remembered."""
        unsettled = set(job.counts.unsettled)
        now = self.clock.monotonic()
        for file in job.plan.take:
            if file.path not in unsettled:
                follower.settling.done(file.path)
        for path in unsettled:
            if follower.stamp(path) is not None:
                follower.settling.again(path, now)

    def _say(self, follower: Follower, job: Job) -> None:
        counts = job.counts
        if counts.added or counts.updated or counts.removed:
            text = "%s: %d added, %d updated, %d removed"
            _log.info(text, follower.name, counts.added, counts.updated, counts.removed)

    def _sync(self, follower: Follower) -> Sync:
        sync = self.box.sync()
        if follower.remote:
            sync.read = self._read_remote
        return sync

    def _read_remote(self, root: bytes, file: SourceFile, limits: Limits) -> bytes:
        """Read from a share that may hang: then this photo is tried again later, and the others wait no longer."""
        call = Call(lambda: read_listed(root, file, limits), self.clock.monotonic())
        if not call.wait(_READ_S):
            name = os.fsdecode(file.path).encode("utf-8", "backslashreplace").decode()
            raise PhotoUnsettled(f"{name}: no answer within {_READ_S:.0f} s; check the share's server and network")
        return call.result()

    def _table(self, root: Path) -> FolderTable:
        """Return a source's product table, read again only when its file changed: it may have 10,000 rows."""
        stamp = []
        for name in TABLE_NAMES:
            try:
                status = (root / name).stat()
                stamp.append((name, status.st_size, status.st_mtime_ns, status.st_ino))
            except OSError:
                continue
        known = self._tables.get(root)
        if known is None or known[0] != stamp:
            known = self._tables[root] = stamp, read_folder_table(root)
        return known[1]
