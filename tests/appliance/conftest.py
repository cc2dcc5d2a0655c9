"""A shop with two encoders to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_search.appliance.box import Box
from tests.appliance.encoders import NEW, OLD, Open


@pytest.fixture
def opened(home: Path) -> Iterator[Open]:
    """Open boxes of one home that have both encoders; all are closed at the end."""
    boxes: list[Box] = []

    def _opened(root: Path = home, **settings: Any) -> Box:
        boxes.append(Box(root, encoder=[OLD, NEW], threads=1, **settings))
        return boxes[-1]

    yield _opened
    for box in boxes:
        box.close()


@pytest.fixture
def shop(tmp_path: Path, photo: Callable[..., Path]) -> Path:
    """A folder of 12 SKUs with a photo each."""
    for number in range(12):
        photo(tmp_path / "shop" / f"sku{number:02d}" / "1.png", number, size=(64, 64))
    return tmp_path / "shop"
