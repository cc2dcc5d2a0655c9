"""The seam between what happens and who counts it."""

from __future__ import annotations

from typing import Protocol

from edge_search.types import Answer

__all__ = ["Observer", "Unobserved"]


class Observer(Protocol):
    """Told of every request and every answer, on the event loop: it must not wait for anything."""

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note a request; ``route`` is the route's pattern, so that its values stay out of every record."""
        ...

    def answer(self, answer: Answer, receive_s: float, wait_s: float) -> None:
        """Note an answer, how long its photo took to arrive and how long it waited for a worker."""
        ...


class Unobserved:
    """Nobody counts."""

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Do nothing."""

    def answer(self, answer: Answer, receive_s: float, wait_s: float) -> None:
        """Do nothing."""
