"""A folder of products, and what a photo finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge_search.appliance.box import Box

Photos = Callable[..., Path]


@pytest.fixture
def stick(tmp_path: Path, photo: Photos) -> Path:
    """Three SKUs of two photos."""
    for number, sku in enumerate(("tea", "oats", "milk")):
        for shot in (1, 2):
            photo(tmp_path / "stick" / sku / f"{shot}.jpg", 10 * number + shot)
    return tmp_path / "stick"


def nearest(box: Box, shot: Path | bytes) -> list[str]:
    return sorted(hit.sku for hit in box.search(shot, 50).hits if hit.similarity > 0.9999)
