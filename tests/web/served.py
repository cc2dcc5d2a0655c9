"""A real server on a free port, in a thread of the test."""

from __future__ import annotations

import contextlib
import io
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI

from edge_search.appliance.box import Box
from edge_search.web.app import create_app
from edge_search.web.serving import bound, server

MakePhoto = Callable[..., Path]
Data = bytes  # `bytes` is a method of what follows
Parameter = str | int | float | bool | None
_TLS = ssl.create_default_context()  # each client would read the machine's certificates again


@dataclass
class Served:
    """A running server: its box, its app, and clients of every kind."""

    box: Box
    app: FastAPI
    url: str
    photo: MakePhoto
    folder: Path

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=30, verify=_TLS)
        self.tokens = {
            role: self.box.tokens.create(f"{role} token", role) for role in ("query", "metrics", "staff", "admin")
        }

        self.open_app = create_app(self.box, self.box.settings.model_copy(update={"host": "0.0.0.0"}))

    def bearer(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}

    def bytes(self, seed: int, **more: object) -> Data:
        return self.photo(self.folder / f"{seed}.jpg", seed, **more).read_bytes()

    def search(self, data: Data, **query: Parameter) -> httpx.Response:
        return self.client.post("/v1/search", content=data, params=query, headers={"Content-Type": "image/jpeg"})

    def remote(self, address: str = "192.0.2.7") -> httpx.AsyncClient:
        """Return a client on another machine, of the same box where it listens to others too."""
        transport = httpx.ASGITransport(app=self.open_app, client=(address, 40000))
        return httpx.AsyncClient(transport=transport, base_url="http://192.0.2.1:8620")


@contextlib.contextmanager
def serving(box: Box, photo: MakePhoto, folder: Path) -> Iterator[Served]:
    app = create_app(box, box.settings)
    listener = bound(box.settings)
    running = server(app, box.settings)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    until = time.monotonic() + 30
    while not running.started and time.monotonic() < until:
        time.sleep(0.01)
    served = Served(box, app, f"http://127.0.0.1:{listener.getsockname()[1]}", photo, folder)
    try:
        yield served
    finally:
        served.client.close()
        for name in ("searching", "changing", "importing", "looking", "rendering"):
            getattr(served.open_app.state.edge_search, name).close()
        running.should_exit = True
        thread.join(30)
        listener.close()
        assert not thread.is_alive()


def png(width: int = 64, height: int = 64) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 40, 90)).save(buffer, "PNG")
    return buffer.getvalue()
