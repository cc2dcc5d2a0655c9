"""Work that stands behind all other work of the machine."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["nicely"]

T = TypeVar("T")

_NICE = 10
_LAST_WORK_S = 10


def nicely(work: Callable[[], T], interrupted: threading.Event | None = None) -> T:
    """Return what ``work`` returns, or raise what it raises; it runs in a thread of low priority.

    Linux keeps a priority for each thread, and threads that one starts (pools, runtimes) inherit it: so the
    caller's own threads stay as quick as they were. ``interrupted`` is set when the caller is (Ctrl-C): then the
    work has some seconds to end by itself.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, max(_NICE, os.getpriority(os.PRIO_PROCESS, 0)))
        try:
            results.append(work())
        except BaseException as error:  # raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="edge-search-nicely", daemon=True)
    thread.start()
    try:
        thread.join()
    except BaseException:
        if interrupted is not None:
            interrupted.set()
            thread.join(_LAST_WORK_S)
        raise
    if errors:
        raise errors[0]
    return results[0]
