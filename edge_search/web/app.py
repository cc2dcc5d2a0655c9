"""The app: one box over HTTP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from edge_search import __version__
from edge_search.appliance.box import Box
from edge_search.config import Settings
from edge_search.web import (
    feedback,
    health,
    images,
    kiosk,
    media,
    metrics,
    products,
    search,
    session,
    staff,
    teaching,
)
from edge_search.web.body import Intake
from edge_search.web.door import Door
from edge_search.web.headers import Gate, is_loopback
from edge_search.web.meters import Meters, Standing
from edge_search.web.observer import Observer
from edge_search.web.page import add_page
from edge_search.web.problem import add_problem_handlers
from edge_search.web.state import State
from edge_search.web.workers import Workers, search_workers

__all__ = ["create_app"]

# Photos in memory at a time, all requests together: the queue may be long, but of small photos.
_ROOM_PHOTOS = 4
_ROOM_BYTES = 128 * 2**20


class _App(FastAPI):
    """FastAPI inside the gate: the gate is outside even of what answers unexpected errors."""

    def build_middleware_stack(self) -> ASGIApp:
        state: State = self.state.edge_search
        settings = state.settings
        names = {"localhost", *(name.strip() for name in settings.allowed_hosts.split(",") if name.strip())}
        everywhere = not is_loopback(settings.host)
        if everywhere:
            own = socket.gethostname()
            names |= {settings.host, own, f"{own}.local"}
        return Gate(super().build_middleware_stack(), names=names, addresses=everywhere, observer=state.observer)


def create_app(box: Box, settings: Settings, *, observer: Observer | None = None) -> FastAPI:
    """Return the app that answers for ``box``. It closes its own pools at the end, not the box."""
    meters = Meters()
    state = State(
        box=box,
        settings=settings,
        intake=Intake(settings.max_photo_mb * 2**20, max(_ROOM_BYTES, _ROOM_PHOTOS * settings.max_photo_mb * 2**20)),
        searching=Workers("search", search_workers(settings.search_workers, box.encoders.cores), settings.search_queue),
        changing=Workers("change", 1, 16),
        importing=Workers("import", 1, 4),
        looking=Workers("canary", 1, 1),
        rendering=Workers("render", 1, 16),
        observer=observer or meters,
        door=Door(settings.max_connections, settings.max_connections_each),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        warming = asyncio.create_task(health.look(state))
        yield
        warming.cancel()
        for workers in (state.searching, state.changing, state.importing, state.looking, state.rendering):
            workers.close()

    app = _App(
        title="edge-search",
        version=__version__,
        description="Offline visual product search: a photo in, the product out.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.edge_search = state
    app.state.meters = meters
    meters.watch(Standing(state))
    add_problem_handlers(app)
    for room in (search, feedback, products, images, teaching, kiosk, session, staff, media, health, metrics):
        app.include_router(room.router)
    add_page(app)
    return app
