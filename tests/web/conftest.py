"""A server on the fake encoder with three products."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from tests.conftest import make_photo
from tests.web.served import Served, serving

PRODUCTS = """sku,title,category,price,currency,stock,gtin,variant_group,size
tea-1,Green tea 20 bags,Tea,2.49,EUR,5,4006381333931,,
tea-2,Crème Earl Grey,Tea,3.19,EUR,0,036000291452,tea-grey,small
tea-3,Crème Earl Grey large,Tea,5.19,EUR,3,,tea-grey,large
"""


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings of the served box; a test module may override this fixture."""
    return {}


@pytest.fixture
def served(tmp_path: Path, settings: dict[str, Any]) -> Iterator[Served]:
    """Serve a catalog of three products, two of which are variants of one."""
    with _served(tmp_path, settings) as running:
        yield running


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the same to tests that change nothing."""
    with _served(tmp_path_factory.mktemp("shared"), {}) as running:
        yield running


@contextlib.contextmanager
def _served(folder: Path, settings: dict[str, Any]) -> Iterator[Served]:
    catalog = folder / "catalog"
    for number in (1, 2, 3):
        for view in range(2):
            make_photo(catalog / f"tea-{number}" / f"{view}.jpg", 10 * number + view)
    (catalog / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    with Box(folder / "home", encoder=FakeEncoder(), port=0, **settings) as box:
        box.index(catalog)
        with serving(box, make_photo, folder) as running:
            yield running
