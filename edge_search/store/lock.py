"""Locks of a home: files that one process holds at a time, whatever else it does."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Literal

from filelock import FileLock, Timeout

from edge_search.errors import StoreBusy, StoreError
from edge_search.store.home import Home

__all__ = ["LockName", "held", "waited_for"]

_log = logging.getLogger("edge_search")

LockName = Literal["writer", "sync", "build", "recover", "switch", "adapt", "watch", "media", "run"]


@contextlib.contextmanager
def held(home: Home, name: LockName, timeout_s: float) -> Iterator[None]:
    """Hold a lock; wait for it at most ``timeout_s``.

    Raises:
        StoreBusy: another process held it all that time.
    """
    lock = FileLock(home.lock(name), thread_local=False)
    started = time.monotonic()
    try:
        lock.acquire(timeout=timeout_s, poll_interval=0.005)
    except Timeout:
        waited = time.monotonic() - started
        raise StoreBusy(
            f"{home.root}: another process has held the {name} lock for over {waited:.0f} s; "
            "look for a hanging edge-search process, then try again"
        ) from None
    except OSError as error:
        raise StoreError(f"{home.lock(name)}: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def waited_for(home: Home, name: LockName) -> Iterator[None]:
    """Hold a lock, waiting as long as another process works, and saying so once."""
    lock = FileLock(home.lock(name), thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _log.warning("another edge-search process holds the %s lock of %s; waiting for it", name, home.root)
        lock.acquire(poll_interval=0.1)
    try:
        yield
    finally:
        lock.release()
