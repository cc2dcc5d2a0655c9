"""What staff sees of the box: its state, its inbox, its sources, and how following them goes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from edge_search.web.documents import image_url, problems
from edge_search.web.face import face, plain
from edge_search.web.security import requires
from edge_search.web.small_body import SmallBodyRoute
from edge_search.web.state import Here

__all__ = ["router"]

router = APIRouter(
    tags=["staff"],
    dependencies=[requires("staff")],
    route_class=SmallBodyRoute,
    responses=problems(401, 403, 501),
)


class _Pause(BaseModel):
    """How long to pause; null: until it is resumed."""

    model_config = {"json_schema_extra": {"examples": [{"minutes": 30}]}}

    minutes: float | None = Field(None, gt=0, le=7 * 24 * 60)


@router.get("/v1/status")
def status(here: Here) -> dict[str, Any]:
    """Say how the box stands: counts, sources, skipped files, and the state of following them."""
    watching = getattr(here.box, "watching", None)
    return {**plain(here.box.status()), "watch": plain(watching.state()) if watching is not None else None}


@router.get("/v1/inbox")
def inbox(here: Here) -> dict[str, Any]:
    """List photos of SKUs that no table lists; shoppers never see them."""
    return {
        "items": [
            {
                "sku": item.sku,
                "images": [{"image_id": image_id, "image": image_url(image_id)} for image_id in item.image_ids],
                "reason": item.reason,
            }
            for item in face(here, "inbox")()
        ]
    }


@router.get("/v1/sources")
def sources(here: Here) -> dict[str, Any]:
    """List the folders and manifests that are followed."""
    return {"sources": plain(face(here, "sources").listed())}


@router.post("/v1/sources/{source_id}/confirm", responses=problems(404, 409))
async def confirm(here: Here, source_id: int = Path(ge=1, lt=2**63)) -> dict[str, bool]:
    """Confirm a mass deletion that is held."""
    await here.importing.run(lambda: face(here, "sources").confirm(source_id))
    return {"confirmed": True}


@router.get("/v1/watch")
def watch(here: Here) -> dict[str, Any]:
    """Say how following the sources goes."""
    return _watch(here)


@router.post("/v1/watch/pause")
def pause(here: Here, body: _Pause) -> dict[str, Any]:
    """Take no photos for a while."""
    face(here, "watching").pause(body.minutes)
    return _watch(here)


@router.post("/v1/watch/resume")
def resume(here: Here) -> dict[str, Any]:
    """Take photos again."""
    face(here, "watching").resume()
    return _watch(here)


def _watch(here: Here) -> dict[str, Any]:
    state: dict[str, Any] = plain(face(here, "watching").state())
    return state
