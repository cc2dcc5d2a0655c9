"""`/v1/media`: photos and tables on a stick, looked at before they are taken."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from edge_search.web.documents import problems
from edge_search.web.face import face, plain
from edge_search.web.problem import Problem
from edge_search.web.security import requires
from edge_search.web.state import Here

__all__ = ["router"]

router = APIRouter(tags=["staff"], dependencies=[requires("staff")], responses=problems(401, 403, 501))


@router.get("/v1/media")
async def found(here: Here) -> dict[str, Any]:
    """List the removable media that are plugged in."""
    return {"media": plain(await here.importing.run(lambda: face(here, "media").found()))}


@router.post("/v1/media/{media_id}/preview", responses=problems(404, 503))
async def preview(here: Here, media_id: str) -> dict[str, Any]:
    """Say what would be taken from it; changes nothing."""
    return await _report(here, media_id, "preview")


@router.post("/v1/media/{media_id}/import", responses=problems(404, 503, 507))
async def take(here: Here, media_id: str) -> dict[str, Any]:
    """Take what is on it."""
    return await _report(here, media_id, "take")


async def _report(here: Here, media_id: str, method: str) -> dict[str, Any]:
    def job() -> Any:
        media = face(here, "media")
        # Only what was found by itself: no caller names a path.
        path = next((medium.path for medium in media.found() if medium.media_id == media_id), None)
        if path is None:
            raise Problem(404, "this medium is not plugged in any more")
        return getattr(media, method)(path)

    report: dict[str, Any] = plain(await here.importing.run(job))
    return report
