"""Which photos a fit looks at: bounded, the same every time, and enough to be tried with."""

from __future__ import annotations

import numpy as np
import pytest

from edge_search.fitting.gallery import Gallery
from edge_search.fitting.sample import sampled
from edge_search.fitting.split import splits


def portraits(count: int, photos_each: int = 1) -> list[tuple[int, str, str]]:
    return [(key, f"S{key // photos_each}", f"{key * 7919 % 1_000_003:064x}") for key in range(count)]


@pytest.mark.parametrize("count", [2, 100, 324, 1_201, 10_100, 25_000])
def test_single_pictures_can_be_tried_however_many_there_are(count: int) -> None:
    sample = sampled(portraits(count))
    assert len(sample.photos) == min(count, 10_000)
    assert len(sample.pictures) * sample.times <= 4_000
    assert len(sample.pictures) == min(len(sample.photos), 4_000 // sample.times)
    place = {digest: row for row, (_, _, digest) in enumerate(sample.photos)}
    origin = np.sort(np.repeat([place[digest] for digest in sample.pictures], sample.times))
    rng = np.random.default_rng(0)
    gallery = Gallery(
        rng.random((len(sample.photos), 4), np.float32),
        np.arange(len(sample.photos)),
        rng.random((len(origin), 4), np.float32),
        origin,
        np.zeros(len(sample.photos), bool),
    )
    (only,) = splits(gallery)
    assert only.kind == "simulated"
    assert len(only.queries) == len(sample.pictures)
    assert len(only.fitted.simulated) == len(sample.pictures) * (sample.times - 1) > 0


def test_whole_products_are_chosen_and_the_same_every_time() -> None:
    photos = portraits(24_000, photos_each=4)
    sample = sampled(photos)
    assert sample == sampled(photos)
    assert len(sample.photos) == 10_000
    chosen = {sku for _, sku, _ in sample.photos}
    assert len(chosen) == 2_500


def test_the_same_content_counts_once_a_product() -> None:
    sample = sampled([(1, "A", "a" * 64), (2, "A", "a" * 64), (3, "B", "a" * 64)])
    assert [(key, sku) for key, sku, _ in sample.photos] == [(1, "A"), (3, "B")]
    assert sample.pictures == ("a" * 64,)
