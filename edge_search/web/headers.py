"""Headers: what every answer carries, and which requests are refused before any route sees them."""

from __future__ import annotations

import ipaddress
import logging
import re
import time
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_search.web.observer import Observer
from edge_search.web.problem import problem_response

__all__ = ["Gate", "hostname", "is_loopback", "same_origin"]

_log = logging.getLogger("edge_search")

_HOST = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::[0-9]{1,5})?")
_PORTS = {"http": ":80", "https": ":443"}
_SAFE = {"GET", "HEAD", "OPTIONS"}
# Nothing from outside, nothing inline, in nobody's frame; photos on the page are blobs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ALWAYS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


class Gate:
    """The outermost layer: Host allow-list, Origin of writes, and the headers of every answer, errors included.

    Against DNS rebinding a page elsewhere may make a browser ask this box under a name of its own: so names are
    allowed one by one. An address can't be rebound; where others than this machine may ask, each is allowed.
    """

    def __init__(self, app: ASGIApp, *, names: Iterable[str], addresses: bool, observer: Observer) -> None:
        self._app = app
        self._names = {name.lower().rstrip(".") for name in names}
        self._addresses = addresses
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0
        started = time.perf_counter()

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        try:
            if refusal is not None:
                await problem_response(*refusal)(scope, receive, marked)
            else:
                await self._app(scope, receive, marked)
        except Exception:
            # Logged where it became a 500; raised again it would only be logged twice.
            if not status:
                await problem_response(500, None)(scope, receive, marked)
        finally:
            self._note(scope, status, time.perf_counter() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's pattern: what somebody wrote into a path or query has no place in a log.
        route = getattr(scope.get("route"), "path", None) or "(no route)"
        _log.info("%s %s %d %.0f ms", scope["method"], route, status, seconds * 1e3)
        self._observer.request(scope["method"], route, status, seconds)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._allowed(hostname(hosts[0])):
            return 421, "this box doesn't go by that name; use its address, or add the name to allowed_hosts"
        origin = headers.get("origin")
        if scope["method"] not in _SAFE and origin is not None and not same_origin(origin, hosts[0], scope["scheme"]):
            return 403, "asked by a page from elsewhere; use the box's own page"
        return None

    def _allowed(self, name: str) -> bool:
        if name in self._names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self._addresses


def hostname(host: str) -> str:
    """Return the name or address in a Host header, lower case, without port and brackets; empty if it is neither."""
    found = _HOST.fullmatch(host.strip().lower())
    return (found["address"] or found["name"].rstrip(".")) if found else ""


def same_origin(origin: str, host: str, scheme: str) -> bool:
    """Return whether an Origin header names the server that a Host header names.

    ``https`` is taken for ``http`` too: a proxy before the box may end it.
    """
    return any(
        origin.lower().removesuffix(port) == f"{own}://{host.strip().lower().removesuffix(port)}"
        for own, port in {scheme: _PORTS.get(scheme, ""), "https": ":443"}.items()
    )


def is_loopback(host: str) -> bool:
    """Return whether an address (or ``localhost``) can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
