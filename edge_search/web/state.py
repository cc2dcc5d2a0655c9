"""What the routes of one app share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from edge_search.appliance.box import Box
from edge_search.config import Settings
from edge_search.web.body import Intake
from edge_search.web.canary import Canary
from edge_search.web.door import Door
from edge_search.web.observer import Observer
from edge_search.web.workers import Workers

__all__ = ["Here", "State"]


@dataclass(frozen=True)
class State:
    """One app's box, settings and pools.

    ``searching`` answers queries, ``changing`` teaches, ``importing`` does what takes minutes, ``looking`` asks
    the canary, ``rendering`` makes lost previews again: none waits for another's queue.
    """

    box: Box
    settings: Settings
    intake: Intake
    searching: Workers
    changing: Workers
    importing: Workers
    looking: Workers
    rendering: Workers
    observer: Observer
    door: Door
    canary: Canary = field(default_factory=Canary)


async def _state(request: Request) -> State:  # not in a thread of its own, as a plain function would be
    state = request.app.state.edge_search
    assert isinstance(state, State)
    return state


Here = Annotated[State, Depends(_state)]
"""Give a route its app's state."""
