"""A shop of detailed pictures whose local features were fitted and published."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.ingest.local_fitting import LocalReport
from tests.local.drawn import detailed, seen
from tests.local.shop import CORNERS, SKUS, carry, fitting


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
