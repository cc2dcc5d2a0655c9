"""`POST /v1/feedback`: what people say about an answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError

from edge_search.web.documents import problems
from edge_search.web.problem import Problem
from edge_search.web.security import Caller, requires
from edge_search.web.small_body import SMALL_BODY_BYTES
from edge_search.web.state import Here

__all__ = ["router"]

router = APIRouter(tags=["search"])


class _Feedback(BaseModel):
    """The right SKU, or null: none of those shown."""

    model_config = {"json_schema_extra": {"examples": [{"query_id": "b1946ac92492d2347c6235b4d2611184", "sku": None}]}}

    query_id: str = Field(max_length=64)
    sku: str | None = Field(None, max_length=256)


class _Recorded(BaseModel):
    recorded: bool


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _Feedback.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "query_id": {"type": "string"},
                        "sku": {"type": "string"},
                        "photo": {"type": "string", "format": "binary"},
                    },
                    "required": ["query_id"],
                }
            },
        },
    }
}


@router.post("/v1/feedback", responses=problems(400, 401, 403, 404, 413, 422), openapi_extra=_BODY)
async def feedback(request: Request, here: Here, caller: Annotated[Caller, requires("read")]) -> _Recorded:
    """Say that none of the products was right (anybody), or which one was (staff).

    A photo that comes along is kept only where the owner set `keep_feedback_photos`; else it is dropped unread.
    """
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        async with here.intake.upload(request, photo="photo", least=0) as upload:
            said = _parsed({"query_id": upload.fields.get("query_id", ""), "sku": upload.fields.get("sku") or None})
            return await _record(here, caller, said, upload.photos[0] if upload.photos else None)
    return await _record(here, caller, _parsed(await here.intake.small(request, SMALL_BODY_BYTES)), None)


async def _record(here: Here, caller: Caller, said: _Feedback, photo: bytes | None) -> _Recorded:
    if said.sku is not None and not caller.may("staff"):
        raise Problem(
            401 if caller.role is None else 403, "only staff may say which product it was; log in with PIN or token"
        )
    kept = photo if here.settings.keep_feedback_photos else None

    def job() -> None:
        if kept is not None:
            here.box.decoded(kept)  # nothing but photos gets to the disk
        here.box.journal.feedback(said.query_id, said.sku, role=caller.role or "shopper", photo=kept)

    await here.changing.run(job)
    return _Recorded(recorded=True)


def _parsed(body: object) -> _Feedback:
    try:
        return _Feedback.model_validate_json(body) if isinstance(body, bytes) else _Feedback.model_validate(body)
    except ValidationError as error:
        item = error.errors()[0]
        raise Problem(422, f"{'.'.join(map(str, item['loc'])) or 'body'}: {item['msg'].lower()}") from None
