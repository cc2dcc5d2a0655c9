"""Details are kept within their budget and come back as they were."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from edge_search.errors import StoreDamaged
from edge_search.local.extractor import GALLERY_POINTS, GALLERY_SIDE, extract
from edge_search.local.points import BYTES_A_POINT, Points, capacity
from tests.local.drawn import detailed


@pytest.mark.parametrize("budget", [1024, 5000, 16384])
def test_the_strongest_points_fit_into_the_budget_and_come_back(budget: int) -> None:
    points = extract(detailed(1), GALLERY_SIDE, GALLERY_POINTS)
    data = points.to_bytes(budget)
    assert budget - BYTES_A_POINT < len(data) <= budget
    found = Points.from_bytes(data)
    count = capacity(budget)
    assert len(found) == count <= len(points)
    assert (found.width, found.height) == (points.width, points.height)
    assert np.array_equal(found.descriptors, points.descriptors[:count])
    assert np.abs(found.places - points.places[:count]).max() < 0.01
    assert np.abs(found.sizes / points.sizes[:count] - 1).max() < 0.02
    turned = (found.angles - points.angles[:count] + np.pi) % (2 * np.pi) - np.pi
    assert np.abs(turned).max() < 0.03


def test_extraction_is_the_same_every_time_and_strongest_first() -> None:
    one, two = (extract(detailed(3), GALLERY_SIDE, 100) for _ in range(2))
    assert one.to_bytes(16384) == two.to_bytes(16384)
    fewer = extract(detailed(3), GALLERY_SIDE, 100).to_bytes(2048)
    assert np.array_equal(Points.from_bytes(fewer).descriptors, one.descriptors[: capacity(2048)])


def test_a_picture_without_details_has_no_points() -> None:
    points = extract(Image.new("RGB", (64, 64), "white"), GALLERY_SIDE, 100)
    assert len(points) == 0
    assert len(Points.from_bytes(points.to_bytes(16384))) == 0


def test_a_tiny_picture_is_no_problem() -> None:
    assert len(extract(Image.new("RGB", (1, 1), "white"), GALLERY_SIDE, 100)) == 0


@pytest.mark.parametrize(
    "data", [b"", b"ESL1", b"XXXX" + bytes(100), extract(detailed(1), 300, 50).to_bytes(4096)[:-1]]
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(StoreDamaged, match="edge-search repair"):
        Points.from_bytes(data)
