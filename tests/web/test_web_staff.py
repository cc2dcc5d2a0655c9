"""Staff routes over parts of the box that other builds may lack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.errors import NotFound
from tests.web.served import Served


@dataclass(frozen=True)
class Item:
    sku: str
    image_ids: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class Medium:
    media_id: str
    label: str
    path: Path


@dataclass(frozen=True)
class Report:
    path: Path
    new: tuple[dict[str, str], ...]
    unchanged: int
    taken: int | None


class Media:
    def __init__(self) -> None:
        self.asked: list[tuple[str, Path]] = []

    def found(self) -> tuple[Medium, ...]:
        return (Medium("usb-1", "STICK", Path("/media/STICK")),)

    def preview(self, path: Path) -> Report:
        self.asked.append(("preview", path))
        return Report(path, ({"path": "a.jpg", "sku": "a"},), 3, None)

    def take(self, path: Path) -> Report:
        self.asked.append(("take", path))
        return Report(path, (), 4, 1)


@dataclass(frozen=True)
class State:
    state: str
    until: datetime | None
    backlog: int
    eta_seconds: float | None


class Watching:
    def __init__(self) -> None:
        self.now = State("running", None, 7, 3.5)

    def state(self) -> State:
        return self.now

    def pause(self, minutes: float | None) -> None:
        until = None if minutes is None else datetime(2030, 1, 1, tzinfo=timezone.utc)
        self.now = State("paused", until, 7, None)

    def resume(self) -> None:
        self.now = State("running", None, 7, 3.5)


class Sources:
    def __init__(self) -> None:
        self.confirmed: list[int] = []

    def listed(self) -> tuple[Medium, ...]:
        return (Medium("1", "folder", Path("/srv/catalog")),)

    def confirm(self, source_id: int) -> None:
        if source_id != 1:
            raise NotFound(f"source {source_id}: there is none")
        self.confirmed.append(source_id)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    found = {"media": Media(), "watching": Watching(), "sources": Sources()}
    for name, part in found.items():
        monkeypatch.setattr(Box, name, part, raising=False)
    monkeypatch.setattr(Box, "inbox", lambda _: (Item("new-1", (5, 6), "no table lists it"),), raising=False)
    return dict(found)


def test_the_inbox_names_pictures_by_number(served: Served, parts: dict[str, object]) -> None:
    answer = served.client.get("/v1/inbox", headers=served.bearer("staff")).json()
    pictures = [{"image_id": 5, "image": "/v1/images/5"}, {"image_id": 6, "image": "/v1/images/6"}]
    assert answer == {"items": [{"sku": "new-1", "images": pictures, "reason": "no table lists it"}]}


def test_a_stick_is_named_by_its_number_and_nothing_else_is_read(served: Served, parts: dict[str, object]) -> None:
    staff = served.bearer("staff")
    media = parts["media"]
    assert isinstance(media, Media)
    found = served.client.get("/v1/media", headers=staff).json()
    assert found == {"media": [{"media_id": "usb-1", "label": "STICK", "path": "/media/STICK"}]}
    preview = served.client.post("/v1/media/usb-1/preview", headers=staff).json()
    assert preview == {"path": "/media/STICK", "new": [{"path": "a.jpg", "sku": "a"}], "unchanged": 3, "taken": None}
    assert served.client.post("/v1/media/usb-1/import", headers=staff).json()["taken"] == 1
    assert media.asked == [("preview", Path("/media/STICK")), ("take", Path("/media/STICK"))]
    for evil in ("usb-2", "%2Fetc", "..%2F..%2Fetc", "STICK"):
        assert served.client.post(f"/v1/media/{evil}/import", headers=staff).status_code == 404
    assert len(media.asked) == 2


def test_following_is_paused_and_resumed(served: Served, parts: dict[str, object]) -> None:
    staff = served.bearer("staff")
    running = {"state": "running", "until": None, "backlog": 7, "eta_seconds": 3.5}
    assert served.client.get("/v1/watch", headers=staff).json() == running
    paused = served.client.post("/v1/watch/pause", json={"minutes": 30}, headers=staff).json()
    assert (paused["state"], paused["until"]) == ("paused", "2030-01-01T00:00:00+00:00")
    assert served.client.post("/v1/watch/pause", json={"minutes": None}, headers=staff).json()["until"] is None
    assert served.client.post("/v1/watch/resume", headers=staff).json() == running
    for minutes in (0, -1, "x", 1e9):
        assert served.client.post("/v1/watch/pause", json={"minutes": minutes}, headers=staff).status_code == 422


def test_a_mass_deletion_is_confirmed(served: Served, parts: dict[str, object]) -> None:
    staff = served.bearer("staff")
    sources = parts["sources"]
    assert isinstance(sources, Sources)
    assert served.client.get("/v1/sources", headers=staff).json()["sources"][0]["path"] == "/srv/catalog"
    assert served.client.post("/v1/sources/1/confirm", headers=staff).json() == {"confirmed": True}
    assert served.client.post("/v1/sources/2/confirm", headers=staff).status_code == 404
    assert sources.confirmed == [1]


def test_the_status_is_told(served: Served) -> None:
    status = served.client.get("/v1/status", headers=served.bearer("staff")).json()
    assert (status["products"], status["images"], status["watch"]["state"]) == (3, 6, "stopped")
    assert status["sources"][0]["images"] == 6


@pytest.mark.parametrize("call", ["GET /v1/media", "GET /v1/watch", "GET /v1/sources", "GET /v1/inbox"])
def test_what_a_build_lacks_says_so(served: Served, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("media", "watching", "sources", "inbox"):
        monkeypatch.setattr(Box, name, None, raising=False)
    method, path = call.split()
    answer = served.client.request(method, path, headers=served.bearer("staff"))
    assert (answer.status_code, answer.json()["detail"]) == (501, "not available in this build")
