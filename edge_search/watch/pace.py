"""The pace: when a source is looked at as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_search.watch.clock import Clock

__all__ = ["Pace"]

_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 300.0
# A look that takes a minute isn't begun every half a minute.
_SHARE = 5


@dataclass
class Pace:
    """``usual_s`` between two scans, ``often_s`` where no events come; after an error sooner, then ever later."""

    clock: Clock
    usual_s: float
    often_s: float
    often: bool = False
    failures: int = 0
    running: bool = False
    _asked: bool = False
    _next_at: float = field(init=False)
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._next_at = self._began = self.clock.monotonic()

    @property
    def next_at(self) -> float | None:
        """When the next scan is due, None while one runs."""
        if self.running:
            return None
        # What failed just now is not tried again at once, whoever asks.
        return self._began if self._asked and not self.failures else self._next_at

    def due(self) -> bool:
        """Return whether the time has come."""
        return self.next_at is not None and self.clock.monotonic() >= self.next_at

    def hurry(self) -> bool:
        """Ask for a scan as soon as possible, after the one that runs; returns whether none was asked for yet."""
        news = not self._asked
        self._asked = True
        return news

    def soon(self, seconds: float) -> None:
        """Let the next scan come within some seconds, or right after the one that runs."""
        self._asked |= self.running
        if not self.failures:
            self._next_at = min(self._next_at, self.clock.monotonic() + seconds)

    def begin(self) -> None:
        """Note that a scan begins."""
        self._began = self.clock.monotonic()
        self.running, self._asked = True, False

    def done(self) -> None:
        """Note that it ended well."""
        now = self.clock.monotonic()
        period = min(self.often_s, self.usual_s) if self.often else self.usual_s
        self.running, self.failures = False, 0
        self._next_at = now + max(period, _SHARE * (now - self._began))

    def failed(self) -> float:
        """Note that it failed; returns in how many seconds it is tried again."""
        wait = min(_FIRST_RETRY_S * float(2**self.failures), _LONGEST_RETRY_S)
        self.failures += 1
        self.running = False
        self._next_at = self.clock.monotonic() + wait
        return wait

    def dropped(self) -> None:
        """Note that it came to no end: its source went offline. What went wrong before says nothing of the next."""
        self.running, self.failures = False, 0
