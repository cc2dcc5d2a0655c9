"""Details that lie alike are counted, and say where."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from edge_search.local.extractor import GALLERY_SIDE, QUERY_POINTS, QUERY_SIDE, extract
from edge_search.local.geometry import agreement
from tests.local.drawn import detailed, seen

PHOTO = (440, 440)


@pytest.mark.parametrize(
    "corners",
    [
        [(60, 90), (330, 70), (340, 300), (50, 310)],
        [(150, 60), (400, 150), (330, 350), (90, 250)],
        [(380, 300), (120, 330), (100, 120), (370, 90)],  # upside down
    ],
)
def test_the_region_is_where_a_known_homography_puts_the_picture(corners: list[tuple[float, float]]) -> None:
    picture = extract(detailed(1), GALLERY_SIDE, 120)
    photo = extract(seen(detailed(1), corners, PHOTO), QUERY_SIDE, QUERY_POINTS)
    found = agreement(photo, picture)
    assert found.points >= 30
    x, y, width, height = found.region
    low, high = np.array(corners).min(axis=0) / PHOTO, np.array(corners).max(axis=0) / PHOTO
    slack = 0.02
    assert low[0] - slack <= x
    assert low[1] - slack <= y
    assert x + width <= high[0] + slack
    assert y + height <= high[1] + slack
    assert width * height > 0.5 * float(np.prod(high - low))


def test_other_pictures_agree_by_chance_in_few_points() -> None:
    photo = extract(seen(detailed(1), [(60, 90), (330, 70), (340, 300), (50, 310)], PHOTO), QUERY_SIDE, QUERY_POINTS)
    others = [agreement(photo, extract(detailed(seed), GALLERY_SIDE, 120)).points for seed in range(2, 14)]
    assert max(others) < 10


def test_a_mirrored_picture_is_not_the_same_thing() -> None:
    picture = extract(detailed(5), GALLERY_SIDE, 120)
    mirrored = detailed(5).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert agreement(extract(mirrored, QUERY_SIDE, QUERY_POINTS), picture).points < 10


def test_nothing_to_compare_is_no_agreement() -> None:
    nothing = extract(Image.new("RGB", (50, 50)), GALLERY_SIDE, 120)
    some = extract(detailed(1), GALLERY_SIDE, 120)
    assert agreement(nothing, some).points == agreement(some, nothing).points == 0


def test_the_same_pictures_always_agree_alike() -> None:
    photo, picture = extract(detailed(1), QUERY_SIDE, 400), extract(detailed(1), GALLERY_SIDE, 120)
    assert len({agreement(photo, picture) for _ in range(3)}) == 1
