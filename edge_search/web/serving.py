"""Serving: uvicorn on one socket, ended gracefully."""

from __future__ import annotations

import contextlib
import errno
import signal
import socket
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from edge_search.appliance.box import Box
from edge_search.config import Settings
from edge_search.errors import SettingsError
from edge_search.watch.notify import notify, watchdog_s
from edge_search.web.app import create_app
from edge_search.web.headers import is_loopback
from edge_search.web.patience import KEEP_ALIVE_S, patient

__all__ = ["bound", "serve", "server"]

_BACKLOG = 128
_GRACE_S = 10  # requests that are being answered when the end is asked for may take so long


def serve(box: Box, *, announce: Callable[[str], None]) -> None:
    """Answer for ``box`` until SIGINT or SIGTERM; requests that are being answered then are finished.

    ``announce`` gets what the operator should read: where the box answers, and the first token once.

    Raises:
        SettingsError: the address, the certificate, or an address for others without any token.
    """
    settings = box.settings
    running = server(create_app(box, settings), settings)
    first = box.tokens.create_first() if is_loopback(settings.host) else None
    if not is_loopback(settings.host) and not box.tokens.any():
        raise SettingsError(
            f"host {settings.host} can be reached by others, and there is no token yet; "
            "make one first: edge-search token create NAME --role query"
        )
    listener = bound(settings)
    host, port = listener.getsockname()[:2]
    scheme = "https" if settings.tls_cert else "http"
    said = [f"edge-search: answering at {scheme}://{f'[{host}]' if ':' in host else host}:{port} (Ctrl+C ends it)"]
    if first is not None:
        said += [
            f"edge-search: first token (role admin), shown only now: {first}",
            "edge-search: 'edge-search token create NAME --role staff' makes more, 'token revoke' ends one",
        ]
    running.when_started = lambda: announce("\n".join(said))
    with listener:
        running.run(sockets=[listener])


def bound(settings: Settings) -> socket.socket:
    """Return a socket that listens at the settings' address.

    Raises:
        SettingsError: the address is not this machine's, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named, for asyncio takes away Nagle's delay only where it reads TCP: without, an answer took 40 ms more.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # A restart needn't wait for connections of the last one to be forgotten.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsError(f"can't listen at {settings.host}:{settings.port}: {_advice(error)}") from None
    listener.set_inheritable(False)
    return listener


def server(app: FastAPI, settings: Settings, **more: Any) -> _Server:
    """Return the server for ``app``; ``more`` goes to `uvicorn.Config`.

    Raises:
        SettingsError: a certificate without its key, or files that can't be used.
    """
    tls = _tls(settings)
    config = uvicorn.Config(
        app,
        loop="edge_search.web.patience:PatientLoop",
        http=patient(app.state.edge_search.door),
        timeout_keep_alive=KEEP_ALIVE_S,
        ws="none",
        lifespan="on",
        # Own words instead: an access log would hold what people typed into addresses.
        log_config=None,
        access_log=False,
        log_level="error",
        server_header=False,
        # Who asks is who is connected: a header that says otherwise is anybody's.
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE_S,
        **{**tls, **more},
    )
    try:
        config.load()
    except OSError as error:
        raise SettingsError(
            f"tls_cert {settings.tls_cert} and tls_key: {error}; give a PEM certificate and its key"
        ) from None
    return _Server(config)


class _Server(uvicorn.Server):
    """Tells systemd how it is; ends at SIGINT or SIGTERM and returns.

    uvicorn would raise the signal again, and nothing would be closed. ``when_started`` is called when it answers,
    and its end can be asked for.
    """

    when_started: Callable[[], None] | None = None

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._alive_every = watchdog_s()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if self.should_exit:
            return
        notify("READY=1", "STATUS=answering")
        if self.when_started is not None:
            self.when_started()

    async def on_tick(self, counter: int) -> bool:
        """Say ten times a second at most that the event loop lives."""
        # Ten times a second, by the event loop: a word of life from here says that requests are looked at.
        if self._alive_every is not None and counter % max(1, int(10 * self._alive_every)) == 0:
            notify("WATCHDOG=1")
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, and say so."""
        notify("STOPPING=1")
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Let SIGINT and SIGTERM ask for the end while the block runs."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _tls(settings: Settings) -> dict[str, str]:
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise SettingsError("tls_cert and tls_key go together: give both, or neither")
    for path in filter(None, (settings.tls_cert, settings.tls_key)):
        if not Path(path).is_file():
            raise SettingsError(f"{path}: there is no such file; tls_cert and tls_key name PEM files")
    return {"ssl_certfile": settings.tls_cert, "ssl_keyfile": settings.tls_key} if settings.tls_cert else {}


def _advice(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; end the other program (is edge-search running already?), or choose another --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address; choose another --host"
    if error.errno == errno.EACCES:
        return "ports under 1024 need rights this user hasn't; choose another --port"
    return error.strerror or str(error)
