"""`POST /v1/search`: a photo in, the products out."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from edge_search.imaging.crop import parse_crop
from edge_search.types import Answer
from edge_search.web.documents import PHOTO_BODY, AnswerDocument, hit_document, problems
from edge_search.web.security import requires
from edge_search.web.state import Here

__all__ = ["router"]

router = APIRouter(tags=["search"])


class _Options(BaseModel):
    """What `edge-search search` takes, as query parameters."""

    k: int | None = Field(None, ge=1, le=1000, description="products to name; default: the setting `hits`")
    category: list[str] = Field([], description="only this category; repeat for several", examples=[["Drinks"]])
    where: list[str] = Field([], description="a condition; repeat: all must hold", examples=[["price<20", "stock>0"]])
    crop: str | None = Field(None, description="x,y,w,h: pixels, or fractions up to 1", examples=["0.2,0.2,0.6,0.6"])
    exact: bool = Field(False, description="compare with every photo instead of asking the index")
    rerank: bool = Field(True, description="compare details too, where that helps this catalog")
    variants: Literal["group"] | None = Field(None, description="group: SKUs of one variant_group are one hit")


@router.post(
    "/v1/search",
    dependencies=[requires("read")],
    response_model=AnswerDocument,
    responses=problems(400, 401, 413, 415, 422, 429, 503),
    openapi_extra=PHOTO_BODY,
)
async def search(
    request: Request,
    here: Here,
    asked: Annotated[_Options, Query()],
) -> JSONResponse:
    """Name the products on a photo. Nothing of the photo is kept."""
    part = parse_crop(asked.crop) if asked.crop is not None else None
    async with here.intake.upload(request) as upload:
        received = time.perf_counter()

        def job() -> tuple[Answer, float]:
            waited = time.perf_counter() - received
            answer = here.box.search(
                upload.photos[0],
                asked.k,
                category=asked.category,
                where=asked.where,
                crop=part,
                exact=asked.exact,
                variants=asked.variants == "group",
                files=False,
                rerank=asked.rerank,
            )
            return answer, waited

        answer, waited = await here.searching.run(job)
    here.box.journal.record(answer)
    here.observer.answer(answer, upload.seconds, waited)
    return JSONResponse(_document(answer), headers={"Server-Timing": _server_timing(answer, upload.seconds, waited)})


def _document(answer: Answer) -> dict[str, Any]:
    document = answer.to_dict()
    document["hits"] = [hit_document(hit) for hit in document["hits"]]
    return document


def _server_timing(answer: Answer, receive_s: float, wait_s: float) -> str:
    ms = answer.timings_ms
    own = {"receive": receive_s * 1e3, "wait": wait_s * 1e3}
    stages = {**own, "decode": ms.decode, "encode": ms.encode, "search": ms.search, "rerank": ms.rerank}
    return ", ".join(f"{name};dur={value:.2f}" for name, value in stages.items())
