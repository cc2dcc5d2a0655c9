"""A shop of detailed pictures whose local features were fitted and published."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawn import detailed, seen
from PIL import Image

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.ingest.describing import Describing
from edge_search.ingest.local_fitting import LocalFitting, LocalReport
from edge_search.ingest.originals import Originals
from edge_search.store import generations
from edge_search.store.generations import Carried

CORNERS = [(150.0, 60.0), (400.0, 150.0), (330.0, 350.0), (90.0, 250.0)]
SKUS = 24


def fitting(box: Box, *, budget: int = 16384) -> LocalFitting:
    encoder, index = box.encoders.current, box.catalog_index
    with box.database.read() as tables:
        projection = index.projection(tables, index.generation(tables))
    originals = Originals(box.database, box._previews(), box._limits())
    return LocalFitting(
        box.database, encoder.ingest, projection, Describing(box.database, originals, 2, budget), index.local
    )


def carry(box: Box, vocabulary_id: int | None) -> None:
    """Publish the current generation with this vocabulary, as a fit of the catalog does."""
    with box.database.exclusive("build"), box.database.write() as tables:
        now = generations.current(tables)
        assert now is not None
        carried = Carried(now.carried.projection_id, now.carried.calibration, vocabulary_id)
        generations.publish(tables, now.fingerprint, carried, now.last_image_id, now.segments)


@pytest.fixture(scope="session")
def drawn_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    for number in range(SKUS):
        path = folder / f"S{number}" / "front.png"
        path.parent.mkdir()
        detailed(number).save(path)
    return folder


@pytest.fixture(scope="session")
def fitted_home(drawn_catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LocalReport]:
    home = tmp_path_factory.mktemp("fitted") / "home"
    with Box(home, encoder=FakeEncoder()) as box:
        box.index(drawn_catalog)
        box.builder.publish()
        report = fitting(box).fit()
        assert report.vocabulary_id is not None
        carry(box, report.vocabulary_id)
    return home, report


@pytest.fixture
def fitted(fitted_home: tuple[Path, LocalReport], tmp_path: Path) -> Iterator[Box]:
    home = tmp_path / "fitted"
    shutil.copytree(fitted_home[0], home)
    with Box(home, encoder=FakeEncoder()) as box:
        yield box


@pytest.fixture
def plain(drawn_catalog: Path, tmp_path: Path) -> Iterator[Box]:
    with Box(tmp_path / "plain", encoder=FakeEncoder()) as box:
        box.index(drawn_catalog)
        box.builder.publish()
        yield box


@pytest.fixture
def shot() -> Callable[[int], Image.Image]:
    """A photo of picture ``seed`` from an angle, on another ground."""
    return lambda seed: seen(detailed(seed), CORNERS, (440, 400))
