"""Problems: every error as `application/problem+json` (RFC 9457), by one table."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from edge_search.errors import (
    CatalogError,
    EdgeSearchError,
    InvalidValue,
    NoSpace,
    NotFound,
    PhotoError,
    PhotoTooLarge,
    PhotoUnsupported,
    SourceMissing,
    StoreBusy,
)

__all__ = ["Problem", "ProblemDocument", "add_problem_handlers", "problem_response"]

_log = logging.getLogger("edge_search")

MEDIA_TYPE = "application/problem+json"

# The first kind that fits counts.
_STATUS: tuple[tuple[type[EdgeSearchError], int], ...] = (
    (PhotoTooLarge, 413),
    (PhotoUnsupported, 415),
    (PhotoError, 422),
    (InvalidValue, 422),
    (NotFound, 404),
    (SourceMissing, 409),
    (CatalogError, 409),
    (NoSpace, 507),
    (StoreBusy, 503),
    # What is wrong with encoder, store or settings is the owner's business: logged, and not told to the caller.
    (EdgeSearchError, 500),
)
_RETRY_AFTER_S = {StoreBusy: 2}


class ProblemDocument(BaseModel):
    """What an error answer says."""

    type: str = Field("about:blank", description="always about:blank: the status says which problem it is")
    title: str = Field(examples=["Unsupported Media Type"])
    status: int = Field(examples=[415])
    detail: str | None = Field(None, examples=["not an image, or a format that can't be read here; send a JPEG"])


class Problem(Exception):
    """An answer that is an error, raised anywhere below a route."""

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        retry_after_s: float | None = None,
        headers: Mapping[str, str] | None = None,
    ):
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))


def problem_response(status: int, detail: str | None, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return one problem as a response."""
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        body["detail"] = detail
    return JSONResponse(body, status, headers=headers, media_type=MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of ``app`` as a problem."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return problem_response(error.status, error.detail, error.headers)

    async def known(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, EdgeSearchError)
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        if status == 500:
            _log.error("%s %s: %s", request.method, _route(request), error)
            return problem_response(status, None)
        wait = next((seconds for kind, seconds in _RETRY_AFTER_S.items() if isinstance(error, kind)), None)
        return problem_response(status, " ".join(str(error).split()), {"Retry-After": str(wait)} if wait else None)

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return problem_response(422, "; ".join(_explained(item) for item in error.errors()))

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        phrase = HTTPStatus(error.status_code).phrase
        detail = error.detail if error.detail != phrase else None
        return problem_response(error.status_code, detail, error.headers)

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        # Neither the text of an exception nor its place is for strangers.
        _log.error("%s %s: unexpected %s", request.method, _route(request), type(error).__name__, exc_info=error)
        return problem_response(500, None)

    app.add_exception_handler(Problem, ours)
    app.add_exception_handler(EdgeSearchError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)


def _route(request: Request) -> str:
    """Return the route's pattern: a path or query that somebody made up has no place in a log."""
    return str(getattr(request.scope.get("route"), "path", "(no route)"))


def _explained(item: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in item["loc"] if part not in {"query", "path", "body", "header"})
    return f"{where}: {item['msg'][:1].lower()}{item['msg'][1:]}" if where else str(item["msg"])
