"""The watcher: keeps the store equal to all its sources, for years, in one thread that never waits for a disk."""

from __future__ import annotations

import logging
import os
import signal
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from edge_search.appliance.chores import Chores
from edge_search.appliance.taking import Taking
from edge_search.errors import EdgeSearchError, SettingsError, StoreBusy, StoreDamaged
from edge_search.store import sources
from edge_search.store.lock import held
from edge_search.store.sources import Source
from edge_search.watch.clock import Clock, JumpGauge, SystemClock
from edge_search.watch.follower import Follower
from edge_search.watch.notify import notify, watchdog_s
from edge_search.watch.pace import Pace
from edge_search.watch.pause import Pause
from edge_search.watch.quiet import QuietHours
from edge_search.watch.report import WatchReport, process_start

if TYPE_CHECKING:
    from edge_search.appliance.box import Box

__all__ = ["Watcher"]

_log = logging.getLogger("edge_search")

_CHECK_S = 2.0  # an unplugged stick is noticed within 10 s, a dead thread within one period
_CONTROL_S = 0.5
_REPORT_S = 2.0
_LONGEST_WAIT_S = 60.0
_STOP_S = 2.0


@dataclass
class Watcher:
    """Follows all sources of one box; ``run`` returns after ``stop``."""

    box: Box
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self.followers: dict[int, Follower] = {}
        self._news = threading.Event()
        self._stopping = False
        self._rescan = False
        self._taking = Taking(self.box, self.clock, self._urgent, self._alive, self._halted)
        self._chores = Chores(self.box, self.clock, self._news.set)
        self._gauge = JumpGauge(self.clock)
        try:
            self._quiet = QuietHours.parse(self.box.settings.quiet_hours)
        except ValueError as error:
            raise SettingsError(f"quiet_hours = {error}") from None
        self._pause: Pause | None = None
        self._pause_ends: float | None = None
        self._control_at = self._check_at = self._report_at = self._alive_at = 0.0
        self._alive_every = watchdog_s()
        self._last_error: str | None = None
        self._failures = 0
        self._patience_until = 0.0
        self._reported: WatchReport | None = None
        self._since = _utc(self.clock.wall())

    def stop(self) -> None:
        """End soon: what was begun is committed. May be called by a signal handler or another thread."""
        self._stopping = True
        self._news.set()

    def rescan(self) -> None:
        """Look at everything soon."""
        self._rescan = True
        self._news.set()

    def handle_signals(self) -> None:
        """Let SIGTERM and SIGINT stop it, and SIGHUP make it look at everything."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        signal.signal(signal.SIGHUP, lambda *_: self.rescan())

    def run(self) -> None:
        """Watch until ``stop``.

        Raises:
            StoreBusy: another watcher runs at this home.
            EncoderError: no feature can be computed.
        """
        report = WatchReport.read(self.box.home.root)
        try:
            with held(self.box.home, "watch", 0):
                self._run()
        except StoreBusy:
            if self._reported is not None:
                raise
            raise StoreBusy(
                f"{self.box.home.root} is watched already by process {report.pid or '?'}; stop that first"
            ) from None

    def _run(self) -> None:
        self.box.encoders.settle()
        _ = self.box.encoders.ingest  # the first photo must not wait for the network to load
        self._control()
        self._tell(force=True)
        notify("READY=1", "STATUS=watching")
        _log.info("watching %d sources", len(self.followers))
        try:
            while not self._stopping:
                self._news.clear()
                try:
                    worked = self._turn()
                except StoreBusy:
                    worked = False  # another process indexes; what is to be done stays to be done
                    self._patience_until = self.clock.monotonic() + _CONTROL_S
                except Exception as error:
                    worked = False
                    self._failed(error)
                if not worked and not self._stopping:
                    self._news.wait(self._idle_s())
        finally:
            notify("STOPPING=1")
            for follower in self.followers.values():
                follower.rest()
            self._chores.end()
            if not self._chores.wait(_STOP_S):
                _log.warning("stopped while a generation was built; the next start builds it anew")
            self._report("stopped").write(self.box.home.root)
            _log.info("stopped")

    def _turn(self) -> bool:
        """Do what is due, at most one piece of work; returns whether there may be more at once."""
        now = self.clock.monotonic()
        if now >= self._control_at:
            self._control_at = now + _CONTROL_S
            self._control()
        if now >= self._check_at or self._rescan:
            self._check_at = now + _CHECK_S
            self._check()
        for follower in self.followers.values():
            follower.absorb()
        self._alive()
        worked = False
        if self._state() == "running" and now >= self._patience_until:
            worked = self._work()
            self._failures = 0
        self._tell()
        return worked

    def _work(self) -> bool:
        """Do one piece of work, the most urgent first: what changed, what is new, then looks at everything."""
        there = [follower for follower in self.followers.values() if follower.offline is None]
        for follower in there:
            if self._taking.take_settled(follower):
                self._chores.soon()
                return True
        for follower in there:
            if follower.scan_due():
                self._taking.list_all(follower)
        for follower in sorted(there, key=lambda each: each.source.last_scan is not None):
            if self._taking.scan(follower):
                self._chores.soon()
                return True
        self._chores.begin(idle=not self.backlog())
        return False

    def _control(self) -> None:
        """Read what other processes want: sources, rules, a yes, a pause."""
        with self.box.database.read() as tables:
            wanted = {source.source_id: source for source in sources.followed(tables)}
            pause = Pause.read(tables)
        for number in self.followers.keys() - wanted.keys():
            _log.info("%s is not followed any more", self.followers[number].name)
            self._taking.drop(self.followers[number])
            self.followers.pop(number).rest()
        for number, source in wanted.items():
            if number not in self.followers:
                self.followers[number] = self._follower(source)
                self._check_at = 0.0
            else:
                self._update(self.followers[number], source)
        if pause != self._pause:
            self._pause = pause
            left = pause.left_s(self.clock.wall()) if pause else 0
            self._pause_ends = None if left is None else self.clock.monotonic() + left

    def _update(self, follower: Follower, source: Source) -> None:
        before, follower.source = follower.source, source
        if source.confirmed != before.confirmed and source.confirmed is not None:
            follower.scan("its deletion was confirmed")
        if source.rules != before.rules:
            follower.pace.usual_s = self._usual_s(source)
            follower.rest()
            follower.scan("its rules changed")

    def _follower(self, source: Source) -> Follower:
        settings = self.box.settings
        pace = Pace(self.clock, self._usual_s(source), settings.poll_seconds)
        return Follower(source, self.clock, pace, settle_s=settings.settle_s, wake=self._news.set)

    def _usual_s(self, source: Source) -> float:
        return 60 * (source.rules.scan_minutes or self.box.settings.scan_minutes)

    def _check(self) -> None:
        """Look at roots, threads and clocks; note in the store what went offline or came back."""
        jump = self._gauge.jumped()
        for follower in self.followers.values():
            was = follower.offline
            follower.check()
            if jump:
                follower.scan(f"the clock jumped by {jump:.0f} s")
            if self._rescan:
                follower.scan("asked by SIGHUP")
            if follower.offline != was or (follower.offline is not None and follower.source.state != "offline"):
                self._note(follower)
        self._rescan = False

    def _note(self, follower: Follower) -> None:
        """Write offline into the store; online is written by the scan that proves it."""
        if follower.offline is None:
            return
        self._taking.drop(follower)
        with self.box.database.write() as tables:
            sources.note_state(tables, follower.source.source_id, "offline", follower.offline)

    def _state(self) -> str:
        if self._pause is not None and (self._pause_ends is None or self.clock.monotonic() < self._pause_ends):
            return "paused"
        return "quiet" if self._quiet and self._quiet.left_s(self.clock.wall()) else "running"

    def _urgent(self) -> bool:
        """Return whether a long piece of work should stop: something waits that must not."""
        if self._news.is_set():
            return True
        now = self.clock.monotonic()
        times = [follower.settling.next_at() for follower in self.followers.values() if follower.trusted]
        return now >= self._check_at or any(time is not None and time <= now for time in times)

    def _halted(self) -> bool:
        """Return whether nothing more is to be taken, however little there is."""
        return self._stopping

    def backlog(self) -> int:
        """Return how many photos wait to be looked at."""
        return self._taking.left + sum(len(follower.settling) for follower in self.followers.values())

    def _idle_s(self) -> float:
        now = self.clock.monotonic()
        times = [self._control_at, self._check_at, self._patience_until if self._patience_until > now else None]
        if self._state() == "running" and now >= self._patience_until:
            times += [follower.next_at() for follower in self.followers.values() if follower.offline is None]
            times += [self._taking.next_at(), None if self._chores.busy else self._chores.next_at()]
        due = min((time for time in times if time is not None), default=now + _LONGEST_WAIT_S)
        return min(max(due - now, 0.01), _LONGEST_WAIT_S)

    def _failed(self, error: Exception) -> None:
        """Say what went wrong, wait, and go on: everything is looked at again."""
        text = f"{type(error).__name__}: {error}" if not isinstance(error, EdgeSearchError) else str(error)
        wait = min(2.0**self._failures, 300.0)
        self._failures += 1
        self._last_error = f"{_utc(self.clock.wall())} {text}"
        _log.error("%s; trying again in %.0f s", text, wait, exc_info=not isinstance(error, EdgeSearchError))
        self._patience_until = self.clock.monotonic() + wait
        for follower in self.followers.values():
            self._taking.drop(follower)
            follower.scan("an error came between")
        if isinstance(error, StoreDamaged):
            try:
                self.box.upkeep.repair()
            except EdgeSearchError as worse:
                _log.error("the store can't be repaired: %s", worse)

    def _alive(self) -> None:
        now = self.clock.monotonic()
        if self._alive_every is not None and now >= self._alive_at:
            self._alive_at = now + self._alive_every / 2
            notify("WATCHDOG=1")

    def _tell(self, *, force: bool = False) -> None:
        """Write the report when it says something new, at most every two seconds unless the state changed."""
        now = self.clock.monotonic()
        report = self._report(self._state())
        before = self._reported
        waits = before is not None and report.state == before.state and now < self._report_at
        if not force and (report == before or waits):
            return
        self._report_at = now + _REPORT_S
        self._reported = report
        report.write(self.box.home.root)
        notify(f"STATUS={report.state}, {report.backlog} photos to look at")

    def _report(self, state: str) -> WatchReport:
        before = self._reported
        if before is None or state != before.state:
            self._since = _utc(self.clock.wall())
        until = None
        if state == "paused" and self._pause is not None:
            until = self._pause.until
        elif state == "quiet" and self._quiet is not None:
            until = _utc(int(self.clock.wall()) + self._quiet.left_s(self.clock.wall()))
        backlog = self.backlog()
        problems = [f"{follower.name}: {follower.limited}" for follower in self.followers.values() if follower.limited]
        return WatchReport(
            state=state,
            pid=os.getpid(),
            started=process_start(os.getpid()),
            since=self._since,
            until=until,
            backlog=backlog,
            eta_seconds=self._taking.eta_s(backlog),
            last_error=self._last_error,
            restarts=sum(follower.restarts for follower in self.followers.values()),
            problems=tuple(problems),
        )


def _utc(wall: float) -> str:
    return datetime.fromtimestamp(wall, timezone.utc).isoformat(timespec="seconds")
