"""Workers: threads that do what takes time, with a queue that ends."""

from __future__ import annotations

import asyncio
import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from edge_search.web.problem import Problem

__all__ = ["Workers", "search_workers"]

T = TypeVar("T")

_LEARNING = 0.2  # weight of the newest job in the mean duration that Retry-After is made of
_GRACE_S = 10.0


def search_workers(wanted: int, cores: int) -> int:
    """Return how many threads search: ``wanted`` (the setting), or (0) one a core and one more.

    One of them always waits for its photo to be decoded, in another process. 16 clients on 2 cores: 40 photos a second
    with three, 36 with two, the cores being busy 1.8 and 1.6 of 2 seconds.
    """
    return wanted or cores + 1


class Workers:
    """``threads`` threads and at most ``room`` jobs that wait for one; beyond that a job is refused at once.

    Each thread has infer requests of its own, for runtimes keep them so. The threads are daemons: one that hangs in a
    file system must not keep the process from ending.
    """

    def __init__(self, name: str, threads: int, room: int) -> None:
        self.name = name
        self.threads = threads
        self.room = room
        self.pending = 0
        self.refused = 0
        self._mean_s = 0.1
        self._jobs: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._started: list[threading.Thread] = []

    async def run(self, job: Callable[[], T]) -> T:
        """Return what ``job`` returns, run by the next free thread; called from the event loop.

        A caller that goes away takes its job out of the queue, if it hasn't begun.

        Raises:
            Problem: 503, with the seconds after which it is worth trying again.
        """
        if self.pending >= self.threads + self.room:
            self.refused += 1
            raise Problem(503, "the box is busy; try again in a moment", retry_after_s=self.wait_s)
        self.pending += 1
        loop = asyncio.get_running_loop()
        future: Future[T] = Future()
        future.add_done_callback(lambda _: self._release(loop))
        self._jobs.put((future, job))
        if len(self._started) < self.threads:
            self._start()
        return await asyncio.wrap_future(future)

    @property
    def wait_s(self) -> float:
        """Seconds until a full queue is worked off."""
        return math.ceil((self.threads + self.room) / self.threads * self._mean_s)

    def close(self) -> None:
        """Let the threads finish what they are at, but wait only so long for them; what still waits is given up."""
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._jobs.get_nowait()
                if item is not None:
                    item[0].cancel()
        for _ in self._started:
            self._jobs.put(None)
        until = time.monotonic() + _GRACE_S
        for thread in self._started:
            thread.join(max(0.0, until - time.monotonic()))

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name=f"{self.name}-{len(self._started)}", daemon=True)
        self._started.append(thread)
        thread.start()

    def _work(self) -> None:
        while (item := self._jobs.get()) is not None:
            future, job = item
            if not future.set_running_or_notify_cancel():
                continue
            started = time.perf_counter()
            try:
                future.set_result(job())
            except BaseException as error:
                future.set_exception(error)
            self._mean_s += _LEARNING * (time.perf_counter() - started - self._mean_s)
            # Nothing of a job, such as its photo, stays here until the next one comes.
            del item, future, job

    def _release(self, loop: asyncio.AbstractEventLoop) -> None:
        # From whichever thread ended the job; the count belongs to the loop.
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(self._one_less)

    def _one_less(self) -> None:
        self.pending -= 1
