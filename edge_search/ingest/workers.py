"""Workers: threads that read, decode and encode photos, and give way to every search."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor

__all__ = ["worker_pool"]


def worker_pool(count: int, name: str, *, hurry: bool = False) -> ThreadPoolExecutor:
    """Return a pool of so many threads (at least one); in a process of batch work (`watch`) they become idle work.

    Being nice is not enough: beside an ingest at nice 10 or 19 a search's p95 was 1.6 to 1.9 times its idle value,
    for a thread of the network that waits for the other one's layer gives its core away. Beside workers that are idle
    work it was 1.1 to 1.2 times, and the ingest no slower. ``hurry``: not so, for a few photos that somebody waits for;
    on a machine whose cores are all busy idle work gets next to nothing. For that reason only threads that hold no lock
    of the store may be idle work, and the runtime's own threads are not.
    """
    step = None if hurry else _step_behind
    return ThreadPoolExecutor(max(1, count), thread_name_prefix=name, initializer=step)


def _step_behind() -> None:
    with contextlib.suppress(OSError, AttributeError):
        if os.sched_getscheduler(0) == os.SCHED_BATCH:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
