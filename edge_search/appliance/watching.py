"""Watching: the watcher of a home as other processes see it and steer it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from edge_search.config import Settings
from edge_search.encoder.cores import available_cores
from edge_search.errors import InvalidValue
from edge_search.store.database import Database
from edge_search.watch.pause import Pause
from edge_search.watch.report import WatchReport

__all__ = ["WatchState", "Watching", "watch_cores"]

_LONGEST_MINUTES = 366 * 24 * 60


@dataclass(frozen=True)
class WatchState:
    """``state``: running, paused, quiet or stopped; ``until``: when a pause or the quiet hours end (UTC, ISO 8601)."""

    state: str
    until: str | None
    backlog: int
    eta_seconds: float | None


@dataclass(frozen=True)
class Watching:
    """Pause, resume and look at the watcher; `Box` carries it as ``box.watching``."""

    database: Database

    def pause(self, minutes: float | None = None) -> None:
        """Take nothing in for some minutes, or until `resume`; a watcher that is started meanwhile heeds it too.

        Raises:
            InvalidValue: minutes not above 0 and at most a year.
        """
        if minutes is not None and not 0 < minutes <= _LONGEST_MINUTES:
            raise InvalidValue(f"pause for {minutes} minutes: give a number above 0 and up to {_LONGEST_MINUTES}")
        with self.database.write() as tables:
            Pause.begin(tables, time.time(), None if minutes is None else 60 * minutes)

    def resume(self) -> None:
        """End the pause."""
        with self.database.write() as tables:
            Pause.end(tables)

    def state(self) -> WatchState:
        """Return what the watcher does now."""
        report = self.report()
        return WatchState(report.state, report.until, report.backlog, report.eta_seconds)

    def report(self) -> WatchReport:
        """Return all that the watcher says of itself; a pause, or its end, counts before the watcher has seen it."""
        report = WatchReport.read(self.database.home.root)
        if report.state == "stopped":
            return report
        with self.database.read() as tables:
            pause = Pause.read(tables)
        if pause is not None and pause.left_s(time.time()) != 0:
            return replace(report, state="paused", until=pause.until)
        return replace(report, state="running", until=None) if report.state == "paused" else report

    @property
    def running(self) -> bool:
        """Whether a watcher runs."""
        return WatchReport.read(self.database.home.root).state != "stopped"


def watch_cores(settings: Settings) -> int:
    """Return how many cores the watcher may use: the others are for searches."""
    return settings.watch_cores or max(1, (settings.threads or available_cores()) // 2)
