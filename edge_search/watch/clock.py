"""The clocks: one that only measures, for all waiting, and the one on the wall, which may be set at any time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Clock", "JumpGauge", "SystemClock"]

# NTP corrects small errors; nobody looks at all photos again for that.
_JUMP_S = 60.0


class Clock(Protocol):
    """What time it is, in two ways."""

    def monotonic(self) -> float:
        """Return seconds since some start; never goes back."""
        ...

    def wall(self) -> float:
        """Return seconds since 1970, as the machine believes."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """Return seconds since some start; never goes back."""
        return time.monotonic()

    def wall(self) -> float:
        """Return seconds since 1970, as the machine believes."""
        return time.time()


@dataclass
class JumpGauge:
    """Tells when the wall clock was set, or the machine slept: both clocks went apart."""

    clock: Clock
    _apart: float = field(init=False)

    def __post_init__(self) -> None:
        self._apart = self.clock.wall() - self.clock.monotonic()

    def jumped(self) -> float:
        """Return by how many seconds the wall clock jumped since the last call; 0 for less than a minute."""
        apart = self.clock.wall() - self.clock.monotonic()
        jump, self._apart = apart - self._apart, apart
        return jump if abs(jump) >= _JUMP_S else 0.0
