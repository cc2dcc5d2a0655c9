"""Pause: a note in the store that the watcher takes nothing in for a while."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone

from edge_search.store import meta
from edge_search.store.database import Tables

__all__ = ["Pause"]

_KEY = "watch_pause"


@dataclass(frozen=True)
class Pause:
    """``seconds`` from ``at`` (seconds since 1970), None: until somebody resumes. ``name`` tells two notes apart."""

    name: str
    at: float
    seconds: float | None

    @classmethod
    def begin(cls, tables: Tables, at: float, seconds: float | None) -> Pause:
        """Note a pause; one that is there is replaced."""
        pause = cls(secrets.token_hex(4), at, seconds)
        meta.put(tables, _KEY, json.dumps(asdict(pause)))
        return pause

    @classmethod
    def read(cls, tables: Tables) -> Pause | None:
        """Return the pause that was noted."""
        text = meta.get(tables, _KEY)
        return cls(**json.loads(text)) if text else None

    @staticmethod
    def end(tables: Tables) -> None:
        """Take the note away."""
        meta.put(tables, _KEY, "")

    def left_s(self, wall: float) -> float | None:
        """Return how long it lasts from now on; never longer than it was asked for, whatever the clock says."""
        if self.seconds is None:
            return None
        return min(max(0.0, self.at + self.seconds - wall), self.seconds)

    @property
    def until(self) -> str | None:
        """When it ends: UTC, ISO 8601."""
        if self.seconds is None:
            return None
        ends = datetime.fromtimestamp(self.at, timezone.utc) + timedelta(seconds=self.seconds)
        return ends.isoformat(timespec="seconds")
