"""`/v1/session`: staff log in with the PIN or a token, and a browser keeps a cookie."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from edge_search.appliance.pin import Locked
from edge_search.appliance.tokens import Login
from edge_search.store.tokens import Role
from edge_search.web.documents import problems
from edge_search.web.problem import Problem
from edge_search.web.security import KIOSK_COOKIE, STAFF_COOKIE, Caller, caller_of
from edge_search.web.small_body import SmallBodyRoute
from edge_search.web.state import Here

__all__ = ["router"]

router = APIRouter(tags=["session"], route_class=SmallBodyRoute)

# A kiosk that may only ask stays logged in; its token can be revoked. Browsers keep no cookie over 400 days.
_KIOSK_MINUTES = 390 * 24 * 60.0


class _Credentials(BaseModel):
    """One of them."""

    model_config = {"json_schema_extra": {"examples": [{"pin": "274916"}, {"token": "edge_..."}]}}

    pin: str | None = Field(None, max_length=64)
    token: str | None = Field(None, max_length=256)


class _Opened(BaseModel):
    role: Role
    expires_at: str


class _Known(BaseModel):
    role: Role | None


@router.post("/v1/session", response_model=_Opened, responses=problems(401, 422, 429))
def log_in(request: Request, here: Here, credentials: _Credentials) -> JSONResponse:
    """Open a session with the PIN (role staff) or a token (its role); the cookie is not for scripts."""
    if (credentials.pin is None) == (credentials.token is None):
        raise Problem(422, "give either a pin or a token")
    login = _by_pin(here, credentials.pin) if credentials.pin is not None else _by_token(here, credentials.token or "")
    ends = datetime.fromtimestamp(login.expires_at, timezone.utc).isoformat(timespec="seconds")
    answer = JSONResponse({"role": login.role, "expires_at": ends})
    answer.set_cookie(
        KIOSK_COOKIE if login.role == "query" else STAFF_COOKIE,
        login.secret,
        expires=datetime.fromtimestamp(login.expires_at, timezone.utc),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.get("/v1/session", responses=problems(401))
def session(caller: Annotated[Caller, Depends(caller_of)]) -> _Known:
    """Say which role this browser or token has; null: nobody in particular."""
    return _Known(role=caller.role)


@router.delete("/v1/session", status_code=204)
def log_out(request: Request, here: Here) -> Response:
    """End the staff session of this browser, or else its kiosk session."""
    answer = Response(status_code=204)
    for name in (STAFF_COOKIE, KIOSK_COOKIE):
        secret = request.cookies.get(name)
        if secret:
            here.box.tokens.log_out(secret)
            answer.delete_cookie(name, httponly=True, samesite="strict", secure=request.url.scheme == "https")
            break
    return answer


def _by_pin(here: Here, pin: str) -> Login:
    try:
        right = here.box.pin.check(pin)
    except Locked as locked:
        raise Problem(429, "too many wrong PINs; wait, then try again", retry_after_s=locked.seconds) from None
    if not right:
        raise Problem(401, "this PIN is wrong" if here.box.pin else "no PIN is set; 'edge-search pin set' sets one")
    return here.box.tokens.log_in("staff", None, minutes=here.settings.session_minutes)


def _by_token(here: Here, secret: str) -> Login:
    token = here.box.tokens.check(secret)
    if token is None:
        raise Problem(401, "this token is unknown or revoked")
    minutes = _KIOSK_MINUTES if token.role == "query" else here.settings.session_minutes
    return here.box.tokens.log_in(token.role, token, minutes=minutes)
