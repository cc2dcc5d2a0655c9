"""Settling: paths on their way from a hint to being taken."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Settling", "Stamp"]

Stamp = tuple[int, int, int] | None
"""Size, mtime (ns) and inode; None for a path that is gone."""

# A file that went may be replaced in a moment, and a large deletion should be seen as one.
_GONE_FACTOR = 4
_LONGEST_LOOK_S = 10.0
_LONGEST_DELETING_S = 30.0
_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 300.0


@dataclass
class _Path:
    stamp: Stamp
    since: float
    look_at: float
    deleted: bool
    changes: int = 0


@dataclass
class Settling:
    """Files that may still be written; one is settled when its stamp rests for ``settle_s``.

    Pure: times come as arguments (seconds of a monotonic clock) and stamps from a function.
    """

    settle_s: float
    _paths: dict[bytes, _Path] = field(default_factory=dict)
    _heap: list[tuple[float, bytes]] = field(default_factory=list)
    _tries: dict[bytes, int] = field(default_factory=dict)
    _deleting: tuple[float, float] | None = None
    """When the first and the last path was deleted that are waited for together."""

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, path: bytes, stamp: Stamp, now: float, *, deleted: bool = False) -> None:
        """Begin to look at a path; a path that is known and still the same goes on resting."""
        known = self._paths.get(path)
        if known is not None and known.stamp == stamp:
            known.deleted &= deleted
            return
        wait = self.settle_s
        if deleted and stamp is None:
            wait *= _GONE_FACTOR
            going_on = self._deleting is not None and now - self._deleting[1] <= wait
            self._deleting = (self._deleting[0] if self._deleting and going_on else now), now
        changes = known.changes + 1 if known else 0
        self._put(path, _Path(stamp, now, now + wait, deleted, changes))

    def again(self, path: bytes, now: float) -> float:
        """Try a path again later that could not be read, and later each time; returns in how many seconds."""
        tries = self._tries[path] = self._tries.get(path, 0) + 1
        wait = min(_FIRST_RETRY_S * float(2 ** (tries - 1)), _LONGEST_RETRY_S)
        # No file has this stamp: it rests anew from then.
        self._put(path, _Path((-1, -1, -1), now + wait, now + wait, deleted=False))
        return wait

    def done(self, path: bytes) -> None:
        """Forget how often a path was tried."""
        self._tries.pop(path, None)

    def next_at(self) -> float | None:
        """Return when the next path is to be looked at."""
        while self._heap:
            at, path = self._heap[0]
            known = self._paths.get(path)
            if known is not None and known.look_at == at:
                return at
            heapq.heappop(self._heap)
        return None

    def settled(self, now: float, look: Callable[[bytes], Stamp], most: int) -> list[bytes]:
        """Look at the paths whose time has come; return, and drop, up to ``most`` that rest."""
        ready: list[bytes] = []
        while len(ready) < most and (at := self.next_at()) is not None and at <= now:
            _, path = heapq.heappop(self._heap)
            known = self._paths[path]
            stamp = look(path)
            if stamp is None and known.deleted and (later := self._others_go_too(now)) is not None:
                known.stamp = None
                self._put(path, known, at=later)
                continue
            if stamp == known.stamp:
                del self._paths[path]
                ready.append(path)
                continue
            # It still changes: look less often the longer it does.
            known.changes += 1
            wait = min(self.settle_s * float(1.5**known.changes), max(_LONGEST_LOOK_S, self.settle_s))
            if stamp is None:
                wait = self.settle_s * (_GONE_FACTOR if known.deleted else 1)
            known.stamp, known.since = stamp, now
            self._put(path, known, at=now + wait)
        return ready

    def _others_go_too(self, now: float) -> float | None:
        """Return when to look again while more is being deleted: a large deletion must be seen as one."""
        if self._deleting is None:
            return None
        first, last = self._deleting
        until = min(last + self.settle_s * _GONE_FACTOR, first + _LONGEST_DELETING_S)
        return until if until > now else None

    def clear(self) -> None:
        """Forget all paths: a look at everything is to come."""
        self._paths.clear()
        self._heap.clear()
        self._deleting = None

    def _put(self, path: bytes, state: _Path, at: float | None = None) -> None:
        state.look_at = state.look_at if at is None else at
        self._paths[path] = state
        heapq.heappush(self._heap, (state.look_at, path))
