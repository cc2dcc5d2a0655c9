"""`/v1/images/{id}`: previews, by number and never by path."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from edge_search.web.documents import problems
from edge_search.web.problem import Problem
from edge_search.web.security import Caller, requires
from edge_search.web.state import Here

__all__ = ["router"]

router = APIRouter(tags=["images"])

ImageId = Annotated[int, Path(ge=1, lt=2**63)]
_KEEP = "private, max-age=3600"  # a number never names another photo


@router.get(
    "/v1/images/{image_id}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 304: {"description": "as you have it"}, **problems(401, 404)},
)
async def preview(
    request: Request, here: Here, image_id: ImageId, caller: Annotated[Caller, requires("read")]
) -> Response:
    """Give the preview of one photo. Photos that wait in the inbox are for staff only."""
    found = await run_in_threadpool(here.box.pictures.find, image_id)
    if found is None or not (found.shown or caller.may("staff")):
        raise Problem(404, f"there is no image {image_id}")
    headers = {"ETag": found.etag, "Cache-Control": _KEEP}
    if found.etag in {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers=headers)
    data = await run_in_threadpool(found.read)
    if data is None:
        raise Problem(404, f"image {image_id} has no preview; 'edge-search repair' makes it again from the photo")
    return Response(data, media_type=found.media_type, headers=headers)


@router.delete(
    "/v1/images/{image_id}", dependencies=[requires("staff")], status_code=204, responses=problems(401, 403, 404)
)
def hide(here: Here, image_id: ImageId) -> Response:
    """Hide one photo for good, also when its source brings it again."""
    here.box.remove_image(image_id)
    return Response(status_code=204)
