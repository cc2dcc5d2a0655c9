"""Security: who asks, and what they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from edge_search.store.sessions import Session
from edge_search.store.tokens import Role
from edge_search.web.headers import is_loopback, same_origin
from edge_search.web.problem import Problem
from edge_search.web.state import Here, State

__all__ = ["KIOSK_COOKIE", "STAFF_COOKIE", "Caller", "Needs", "caller_of", "requires"]

STAFF_COOKIE = "edge_search_staff"
KIOSK_COOKIE = "edge_search_kiosk"
"""Apart, so that a kiosk may still ask when staff has logged out of it."""
_SAFE = {"GET", "HEAD"}
_ASK = {"WWW-Authenticate": "Bearer"}

Right = Literal["read", "metrics", "staff", "admin"]
_RIGHTS: dict[Role, frozenset[Right]] = {
    "query": frozenset({"read"}),
    "metrics": frozenset({"metrics"}),
    "staff": frozenset({"read", "staff"}),
    "admin": frozenset({"read", "metrics", "staff", "admin"}),
}
_ON_THIS_MACHINE: frozenset[Right] = frozenset({"read", "metrics"})
Needs = Right
"""What a route asks for: ``read`` is search and products; ``staff`` changes things; ``admin`` deletes."""


@dataclass(frozen=True)
class Caller:
    """Who asks: a role (None: nobody in particular, on this machine), and whether a cookie says so."""

    role: Role | None
    rights: frozenset[Right]
    by_cookie: bool = False

    def may(self, right: Right) -> bool:
        """Return whether this caller has a right."""
        return right in self.rights


async def caller_of(request: Request, state: Here) -> Caller:
    """Return who asks.

    Raises:
        Problem: 401 a token that is not (or no longer) one.
    """
    bearer = _bearer(request)
    if bearer is not None:
        token = await run_in_threadpool(state.box.tokens.check, bearer)
        if token is None:
            raise Problem(401, "this token is unknown or revoked", headers=_ASK)
        await run_in_threadpool(state.box.tokens.note_use, token)
        return Caller(token.role, _RIGHTS[token.role])
    secrets = [secret for name in (STAFF_COOKIE, KIOSK_COOKIE) if (secret := request.cookies.get(name))]
    sessions = await run_in_threadpool(_sessions, state, secrets) if secrets else []
    if not sessions:
        return Caller(None, _local(request))
    rights = _local(request).union(*(_RIGHTS[session.role] for session in sessions))
    return Caller(sessions[0].role, rights, by_cookie=True)


def _sessions(state: State, secrets: list[str]) -> list[Session]:
    found = [state.box.tokens.session(secret) for secret in secrets]
    return [session for session in found if session is not None]


def requires(right: Needs) -> Any:
    """Return the dependency of a route that only those with a right may ask.

    A cookie is sent by the browser whoever makes it ask, so a change by cookie also needs the page's own Origin.
    """

    async def checked(request: Request, caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if not caller.may(right):
            raise _refused(caller, right)
        if caller.by_cookie and request.method not in _SAFE:
            _own_page(request)
        return caller

    return Depends(checked)


def _refused(caller: Caller, right: Right) -> Problem:
    if caller.role is None:
        return Problem(401, "log in, or send Authorization: Bearer TOKEN", headers=_ASK)
    return Problem(403, f"a token of role {caller.role} may not do this ({right} needed)")


def _bearer(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, secret = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Problem(401, "only Authorization: Bearer TOKEN is understood", headers=_ASK)
    return secret.strip()


def _own_page(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin is None or not same_origin(origin, request.headers.get("host", ""), request.url.scheme):
        raise Problem(403, "a change by cookie must come from the box's own page (Origin header)")


def _local(request: Request) -> frozenset[Right]:
    """Return what is open to whoever sits at this machine: both ends of the connection are loopback."""
    client, server = request.client, request.scope.get("server")
    here = client is not None and server is not None and is_loopback(client.host) and is_loopback(server[0])
    return _ON_THIS_MACHINE if here else frozenset()
