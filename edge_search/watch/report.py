"""The report: what the watcher does just now, in a file of the home that any process may read.

It is disposable and often written, so it is no part of the store: a commit costs an fsync.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from edge_search.errors import EdgeSearchError
from edge_search.store.durable import atomic_file

__all__ = ["WatchReport", "process_start"]

_NAME = "watch.json"


@dataclass(frozen=True)
class WatchReport:
    """``state``: running, paused, quiet, stopped. ``since``, ``until``: UTC, ISO 8601. ``backlog``: photos to look at.

    ``problems`` need somebody's attention; ``last_error`` is what went wrong last, perhaps over since. ``restarts``
    counts how often dead threads of watchdog were replaced.
    """

    state: str
    pid: int = 0
    started: int = 0
    since: str | None = None
    until: str | None = None
    backlog: int = 0
    eta_seconds: float | None = None
    last_error: str | None = None
    restarts: int = 0
    problems: tuple[str, ...] = ()

    def write(self, home: Path) -> None:
        """Put it into ``home``; a full disk keeps the old one."""
        text = json.dumps(asdict(self), ensure_ascii=False)
        with contextlib.suppress(EdgeSearchError):
            atomic_file(home / _NAME, lambda temp: temp.write_text(text, encoding="utf-8"), durable=False)

    @classmethod
    def read(cls, home: Path, started: Callable[[int], int] | None = None) -> WatchReport:
        """Return the report of the watcher that runs, or that none does."""
        try:
            said: dict[str, Any] = json.loads((home / _NAME).read_text(encoding="utf-8"))
            known = {field.name for field in fields(cls)}
            report = cls(**{k: v for k, v in said.items() if k in known} | {"problems": tuple(said["problems"])})
        except (OSError, ValueError, TypeError, KeyError):
            return cls("stopped")
        if report.state != "stopped" and (started or process_start)(report.pid) == report.started:
            return report
        return cls("stopped", last_error=report.last_error)


def process_start(pid: int) -> int:
    """Return when a process started, in the kernel's ticks; -1 when there is none. A number may be used again."""
    try:
        # The name in brackets may hold blanks and brackets itself.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        pass
    try:
        os.kill(pid, 0)
    except (OSError, OverflowError):
        return -1
    return 0
