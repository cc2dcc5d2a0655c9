"""Priority: searches come first, ingest takes what is left."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["lower_priority"]

_NICE = 10


def lower_priority() -> None:
    """Make this process nice, and batch work for the scheduler.

    To be called before threads are started: they inherit it.
    The kernel's input/output priority follows nice (6 of 7 for 10), as long as nobody set it apart.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, 0, max(_NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    with contextlib.suppress(OSError):
        # Linux shares the CPU between sessions first (autogroup): nice alone says nothing to a server in another one.
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text(str(_NICE))
    with contextlib.suppress(OSError, AttributeError):
        # A batch thread that wakes up never interrupts one that searches.
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
