"""A call in a thread of its own, whose end nobody has to wait for: a dead mount answers nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Call"]

T = TypeVar("T")


class Call(Generic[T]):
    """Runs ``work`` at once in a daemon thread; ``wake`` is called when it is done."""

    def __init__(self, work: Callable[[], T], started: float, wake: Callable[[], None] | None = None) -> None:
        self.started = started
        self._done = threading.Event()
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._wake = wake
        self._thread = threading.Thread(target=self._run, args=(work,), name="edge-search-call", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it returned or raised."""
        return self._done.is_set()

    def result(self) -> T:
        """Return what the work returned, or raise what it raised; only when done."""
        if self._error is not None:
            raise self._error
        return self._results[0]

    def wait(self, seconds: float) -> bool:
        """Wait for its end, at most this long; returns whether it is done."""
        return self._done.wait(seconds)

    def _run(self, work: Callable[[], T]) -> None:
        try:
            self._results.append(work())
        except BaseException as error:  # raised again by who asks for the result
            self._error = error
        self._done.set()
        if self._wake is not None:
            self._wake()
