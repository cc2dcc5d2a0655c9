"""Teaching a product by photos, and saving photos to check with."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from edge_search.web.documents import PHOTO_BODY, PHOTOS_BODY, problems
from edge_search.web.security import requires
from edge_search.web.state import Here

__all__ = ["router"]

router = APIRouter(tags=["staff"], dependencies=[requires("staff")])

_MOST_PHOTOS = 5


class _Taught(BaseModel):
    image_ids: list[int]


class _Checked(BaseModel):
    check_id: int


class _Checks(BaseModel):
    checks: int
    skus: int


_TEACH = {
    **PHOTOS_BODY,
    "parameters": [
        {
            "in": "query",
            "name": "values",
            "description": "values of the product, such as title=Oat drink&price=1.89; any other name is an attribute",
            "schema": {"type": "object", "additionalProperties": {"type": "string"}},
            "style": "form",
            "explode": True,
        }
    ],
}


@router.post(
    "/v1/products/{sku}/images",
    status_code=201,
    responses=problems(400, 401, 403, 413, 415, 422, 503, 507),
    openapi_extra=_TEACH,
)
async def teach(request: Request, here: Here, sku: str) -> _Taught:
    """Teach 1 to 5 photos of a product; it is found by them the moment this is answered."""
    values: dict[str, Any] = dict(request.query_params)
    async with here.intake.upload(request, most=_MOST_PHOTOS) as upload:
        values |= upload.fields
        keys = await here.changing.run(lambda: here.box.add(sku, upload.photos, **values))
    return _Taught(image_ids=keys)


@router.post(
    "/v1/checks",
    status_code=201,
    responses=problems(400, 401, 403, 404, 413, 415, 422, 503, 507),
    openapi_extra=PHOTO_BODY,
)
async def check(request: Request, here: Here, sku: str = Query(max_length=256)) -> _Checked:
    """Save a photo with its right SKU to measure with; it never teaches."""
    async with here.intake.upload(request) as upload:
        return _Checked(check_id=await here.changing.run(lambda: here.box.checks.add(sku, upload.photos[0])))


@router.get("/v1/checks", responses=problems(401, 403))
def checks(here: Here) -> _Checks:
    """Count the photos to measure with."""
    number, skus = here.box.checks.counts()
    return _Checks(checks=number, skus=skus)
