"""`/healthz`, `/readyz`: is the process there, and would a question be answered."""

from __future__ import annotations

import asyncio
import logging
import time

from fastapi import APIRouter

from edge_search.errors import EdgeSearchError
from edge_search.web.documents import problems
from edge_search.web.problem import Problem
from edge_search.web.state import Here, State

__all__ = ["look", "router"]

_log = logging.getLogger("edge_search")

router = APIRouter(tags=["health"])

_KEPT_S = 5.0
_PATIENCE_S = 10.0


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses=problems(503))
async def readyz(here: Here) -> dict[str, str]:
    """Search with a canary photo and compare counts (kept for 5 seconds)."""
    reason = await look(here)
    if reason is not None:
        raise Problem(503, reason, retry_after_s=_KEPT_S)
    return {"status": "ready"}


async def look(state: State) -> str | None:
    """Return why no question would be answered now, None when it would; asks the canary every few seconds only.

    Asked once when the server starts, it loads network and index, so that the first shopper doesn't wait for them.
    """
    canary = state.canary
    async with canary.looking:
        if time.monotonic() >= canary.until:
            canary.reason = await _look(state)
            canary.until = time.monotonic() + _KEPT_S
        return canary.reason


async def _look(here: State) -> str | None:
    try:
        found = await asyncio.wait_for(here.looking.run(here.box.readiness.problems), _PATIENCE_S)
    except asyncio.TimeoutError:
        return "the canary waits for an answer"
    except (EdgeSearchError, Problem) as error:
        # The reason may name paths: it is for the log.
        _log.error("not ready: %s", error)
        return "the canary got no answer; the log says why"
    for reason in found:
        _log.error("not ready: %s", reason)
    return "; ".join(found) or None
