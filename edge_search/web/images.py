"""`/v1/images/{id}`: previews, by number and never by path."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from edge_search.appliance.pictures import Picture
from edge_search.store.images import Image
from edge_search.web.documents import problems
from edge_search.web.problem import Problem
from edge_search.web.security import Caller, requires
from edge_search.web.state import Here, State

__all__ = ["router"]

router = APIRouter(tags=["images"])

ImageId = Annotated[int, Path(ge=1, lt=2**63)]
_KEEP = "private, max-age=3600"  # a number never names another photo
_PATIENCE_S = 5.0


@router.get(
    "/v1/images/{image_id}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 304: {"description": "as you have it"}, **problems(401, 404)},
)
async def preview(
    request: Request, here: Here, image_id: ImageId, caller: Annotated[Caller, requires("read")]
) -> Response:
    """Give the preview of one photo. Photos that wait in the inbox are for staff only."""
    pictures = here.box.pictures
    row = await run_in_threadpool(pictures.row, image_id)
    if row is None or not (row[1] or caller.may("staff")):
        raise Problem(404, f"there is no image {image_id}")
    known = request.headers.get("if-none-match", "")
    picture = await run_in_threadpool(pictures.kept, row[0], known)
    if picture is None:
        picture = await _rendered(here, row[0])
    headers = {"ETag": picture.etag, "Cache-Control": _KEEP}
    if picture.etag in known:
        return Response(status_code=304, headers=headers)
    return Response(picture.data, media_type="image/jpeg", headers=headers)


async def _rendered(here: State, image: Image) -> Picture:
    pictures = here.box.pictures
    try:
        made = await asyncio.wait_for(here.rendering.run(lambda: pictures.rendered(image)), _PATIENCE_S)
    except asyncio.TimeoutError:
        raise Problem(503, "the photo's source doesn't answer", retry_after_s=30) from None
    if made is None:
        raise Problem(404, f"image {image.image_id}: its preview and its photo are gone")
    return made


@router.delete(
    "/v1/images/{image_id}", dependencies=[requires("staff")], status_code=204, responses=problems(401, 403, 404)
)
def hide(here: Here, image_id: ImageId) -> Response:
    """Hide one photo for good, also when its source brings it again."""
    here.box.remove_image(image_id)
    return Response(status_code=204)
