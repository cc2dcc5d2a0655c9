"""Fixtures that every layer's tests share."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting, home or preference of the machine reaches a test."""
    for name in [name for name in os.environ if name.startswith("EDGE_SEARCH_") and name != "EDGE_SEARCH_GROCERY"]:
        monkeypatch.delenv(name)
    # Tables of tests are written and read at once; waiting for them to rest would take half a second each.
    monkeypatch.setattr("edge_search.catalog.text.REST_S", 0.005)
    monkeypatch.setenv("EDGE_SEARCH_HOME", str(tmp_path / "default-home"))


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A command run in this process adds handlers, to a stderr that is closed with its test."""
    log = logging.getLogger("edge_search")
    handlers, level, propagate = list(log.handlers), log.level, log.propagate
    yield
    log.handlers, log.propagate = handlers, propagate
    log.setLevel(level)
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout these tests belong to."""
    return REPOSITORY


@pytest.fixture(scope="session")
def grocery() -> Path:
    """Real photos with held-out queries, beside the checkout; not part of the repository."""
    folder = Path(os.environ.get("EDGE_SEARCH_GROCERY", REPOSITORY.parent / "shared" / "data" / "grocery"))
    if not (folder / "queries.csv").is_file():
        pytest.skip(f"the grocery photos are not at {folder}; EDGE_SEARCH_GROCERY names their folder")
    return folder


@pytest.fixture
def encoder() -> FakeEncoder:
    """An encoder without a network, for tests where it isn't the point."""
    return FakeEncoder()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder that can become a home."""
    return tmp_path / "home"


@pytest.fixture
def box(home: Path, encoder: FakeEncoder) -> Iterator[Box]:
    """An empty box on the fake encoder."""
    with Box(home, encoder=encoder) as opened:
        yield opened


@pytest.fixture
def photo() -> Callable[..., Path]:
    """Make photos: ``photo(path, seed)``; one seed gives one motif, seeds apart are far apart."""
    return make_photo


def make_photo(path: Path, seed: int, *, size: tuple[int, int] = (96, 96), quality: int = 90) -> Path:
    """Write a picture of random coloured blocks; the suffix of ``path`` gives the format."""
    draw_from = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(int(c) for c in draw_from.integers(0, 255, 3)))
    canvas = ImageDraw.Draw(image)
    for _ in range(12):
        x, y = draw_from.integers(0, size[0]), draw_from.integers(0, size[1])
        w, h = draw_from.integers(8, size[0] // 2 + 9, 2)
        canvas.rectangle(
            (int(x), int(y), int(x + w), int(y + h)), fill=tuple(int(c) for c in draw_from.integers(0, 255, 3))
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=quality)
    return path
