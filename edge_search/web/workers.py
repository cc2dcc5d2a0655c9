"""Workers: threads that do what takes time, with a queue that ends."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from edge_search.web.problem import Problem

__all__ = ["Workers"]

T = TypeVar("T")

_LEARNING = 0.2  # weight of the newest job in the mean duration that Retry-After is made of


class Workers:
    """``threads`` threads and at most ``queue`` jobs that wait for one; beyond that a job is refused at once.

    Each thread has an infer request of its own, for runtimes keep one a thread. One stream serves them all: of
    two streams, two requests at once got 5 percent more out of 2 cores, a single one 40 percent less.
    Called from the event loop, which never waits for a job itself.
    """

    def __init__(self, name: str, threads: int, queue: int) -> None:
        self.threads = threads
        self.queue = queue
        self.pending = 0
        self.refused = 0
        self._mean_s = 0.1
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, job: Callable[[], T]) -> T:
        """Return what ``job`` returns, run by the next free thread.

        Raises:
            Problem: 503, with the seconds after which it is worth trying again.
        """
        if self.pending >= self.threads + self.queue:
            self.refused += 1
            raise Problem(503, "the box is busy; try again in a moment", retry_after_s=self.wait_s)
        self.pending += 1
        future = self._pool.submit(self._timed, job)
        # Not when the caller goes away, but when the thread is free again.
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await asyncio.wrap_future(future)

    @property
    def wait_s(self) -> float:
        """Seconds until a full queue is worked off."""
        return math.ceil(self.queue / self.threads * self._mean_s)

    def close(self) -> None:
        """Finish what was begun and end the threads; what still waits is given up."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _timed(self, job: Callable[[], T]) -> T:
        started = time.perf_counter()
        try:
            return job()
        finally:
            self._mean_s += _LEARNING * (time.perf_counter() - started - self._mean_s)

    def _done(self) -> None:
        self.pending -= 1
