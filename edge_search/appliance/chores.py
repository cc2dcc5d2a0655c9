"""Chores: building generations and upkeep, in a thread beside the watcher's own."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge_search.errors import EncoderChanged
from edge_search.watch.call import Call
from edge_search.watch.clock import Clock

if TYPE_CHECKING:
    from edge_search.appliance.box import Box

__all__ = ["Chores"]

_log = logging.getLogger("edge_search")

_BUILD_EVERY_S = 5.0
_UPKEEP_EVERY_S = 3600.0
_TIDY_EVERY_S = 24 * 3600.0
_ADAPT_EVERY_S = 60.0


@dataclass
class Chores:
    """One chore at a time: a build takes seconds and must not keep a new photo waiting."""

    box: Box
    clock: Clock
    wake: Callable[[], None]
    _call: Call[None] | None = None
    _build_at: float = field(init=False)
    _upkeep_at: float = field(init=False)
    _tidy_at: float = field(init=False)
    _adapt_at: float = field(init=False)
    _ending: bool = False

    def __post_init__(self) -> None:
        self._build_at = now = self.clock.monotonic()
        self._upkeep_at, self._tidy_at = now + 60, now + 3600
        self._adapt_at = now

    @property
    def busy(self) -> bool:
        """Whether a chore is being done."""
        return self._call is not None and not self._call.done

    def next_at(self) -> float:
        """Return when the next one may be due."""
        return min(self._build_at, self._upkeep_at, self._tidy_at, self._adapt_at)

    def begin(self, *, idle: bool) -> None:
        """Begin what is due; what needs quiet only when the watcher is ``idle``. Raises what the last chore raised."""
        if self._call is not None:
            if not self._call.done:
                return
            call, self._call = self._call, None
            call.result()
        now = self.clock.monotonic()
        if now >= self._build_at:
            self._build_at = now + _BUILD_EVERY_S
            if self._due():
                self._start(self._build)
                return
        if not idle:
            return
        switching = getattr(self.box, "switching", None)
        if switching is not None and switching.pending():
            self._start(lambda: switching.run(None, stop=lambda: self._ending))
        elif now >= self._adapt_at:
            self._adapt_at = now + _ADAPT_EVERY_S
            if self.box.adapting.due():
                self._start(self._adapt)
        elif now >= self._upkeep_at:
            self._upkeep_at = now + _UPKEEP_EVERY_S
            self._start(self.box.upkeep.after_index)
        elif now >= self._tidy_at:
            self._tidy_at = now + _TIDY_EVERY_S
            self._start(self.box.upkeep.tidy)

    def end(self) -> None:
        """Let a long chore come to an end: what it did so far is kept, and it goes on after the next start."""
        self._ending = True

    def soon(self) -> None:
        """Look for a generation to build now: many photos were taken."""
        self._build_at = min(self._build_at, self.clock.monotonic())

    def wait(self, seconds: float) -> bool:
        """Wait for the chore that is being done; returns whether none is any more."""
        return self._call is None or self._call.wait(seconds)

    def _due(self) -> bool:
        with self.box.database.read() as tables:
            return self.box.builder.due(tables)

    def _build(self) -> None:
        number = self.box.builder.publish()
        _log.info("generation %d is published", number)

    def _adapt(self) -> None:
        with contextlib.suppress(EncoderChanged):  # then the next one is fitted to the new features
            found = self.box.adapting.run(stop=lambda: self._ending)
            if found is not None:
                _log.info("generation %d is fitted to the catalog: %s", found["generation"], found["reason"])

    def _start(self, work: Callable[[], object]) -> None:
        def run() -> None:
            work()

        self._call = Call(run, self.clock.monotonic(), self.wake)
