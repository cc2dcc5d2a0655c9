"""Quiet hours: the window of a day in which nothing is taken in."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

__all__ = ["QuietHours"]

_WINDOW = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-4]):([0-5]\d)")
_DAY = 24 * 60


@dataclass(frozen=True)
class QuietHours:
    """From one minute of the local day to another; over midnight where the end is the smaller one."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> QuietHours | None:
        """Read ``09:00-20:00``; None for an empty text. Raises ValueError for anything else."""
        if not text.strip():
            return None
        found = _WINDOW.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} is no window of a day; write it like 09:00-20:00")
        hour, minute, end_hour, end_minute = map(int, found.groups())
        window = cls(60 * hour + minute, 60 * end_hour + end_minute)
        if window.end > _DAY or window.start == window.end:
            raise ValueError(f"{text!r} is no window of a day; write it like 09:00-20:00")
        return window

    def left_s(self, wall: float) -> float:
        """Return how many seconds of the window are left at a time (seconds since 1970); 0 outside of it."""
        local = time.localtime(wall)
        second = 3600 * local.tm_hour + 60 * local.tm_min + local.tm_sec
        start, end, day = 60 * self.start, 60 * self.end, 60 * _DAY
        if start < end:
            return max(0, end - second) if second >= start else 0
        return end - second if second < end else end + day - second if second >= start else 0
