"""Grouping: never fewer than k products when k exist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_search.fitting.projection import identity
from edge_search.index.builder import Builder
from edge_search.index.catalog_index import CatalogIndex
from edge_search.search.grouping import best_groups
from edge_search.store import features, images, products
from edge_search.store.database import Database
from edge_search.store.filters import parse_filter
from edge_search.store.home import prepare_home
from edge_search.store.images import Image
from edge_search.types import FloatArray

DIMENSION = 32


class Shelf:
    """A store of made-up features: one product after the other, each with some photos."""

    def __init__(self, home: Path) -> None:
        self.database = Database(prepare_home(home))
        self.index = CatalogIndex(self.database, "fp", identity(DIMENSION))

    def publish(self) -> None:
        Builder(self.database, self.index).publish()

    def stock(self, sku: str, vectors: FloatArray, **values: float) -> list[int]:
        hashes = [f"{sku} {number}" for number in range(len(vectors))]
        with self.database.write() as tables:
            features.put(tables, "fp", dict(zip(hashes, vectors, strict=True)))
            products.put_values(tables, 1, {sku: values})
            rows = [Image(0, sku, 1, h.encode(), h, 1, 1, 1, 64, 64) for h in hashes]
            return images.add(tables, rows)

    def best(self, vector: FloatArray, k: int, *conditions: str, exact: bool = False) -> list[str]:
        with self.database.read() as tables:
            view = self.index.view(tables)
            groups = best_groups(
                tables, view, view.projection(vector[None])[0], k, parse_filter(conditions), exact=exact
            )
        assert [g.strength for g in groups] == sorted((g.strength for g in groups), reverse=True)
        assert len({g.sku for g in groups}) == len(groups)
        return [group.sku for group in groups]


@pytest.fixture
def shelf(home: Path) -> Iterator[Shelf]:
    opened = Shelf(home)
    yield opened
    opened.database.close()


def near(centre: FloatArray, count: int, spread: float, seed: int) -> FloatArray:
    rows = centre + spread * np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture
def centre() -> FloatArray:
    return near(np.zeros(DIMENSION, np.float32), 1, 1, 0).reshape(DIMENSION)


@pytest.mark.parametrize("published", [True, False])
@pytest.mark.parametrize("exact", [True, False])
def test_one_sku_with_many_photos_crowds_nobody_out(
    shelf: Shelf, centre: FloatArray, published: bool, exact: bool
) -> None:
    shelf.stock("crowd", near(centre, 300, 0.01, 1))
    for number in range(9):
        shelf.stock(f"other{number}", near(centre, 1, 0.1 * (number + 1), number + 2))
    if published:
        shelf.publish()
    found = shelf.best(centre, 5, exact=exact)
    assert len(found) == 5
    assert found[0] == "crowd"
    assert len(shelf.best(centre, 50, exact=exact)) == 10


@pytest.mark.parametrize("published", [True, False])
def test_hidden_products_take_no_place(shelf: Shelf, centre: FloatArray, published: bool) -> None:
    for number in range(200):
        shelf.stock(f"p{number:03d}", near(centre, 2, 0.002 * number, number))
    if published:
        shelf.publish()
    with shelf.database.write() as tables:
        for number in range(190):
            products.entomb(tables, f"p{number:03d}")
    shown = [f"p{number}" for number in range(190, 200)]
    assert sorted(shelf.best(centre, 10)) == shown
    assert sorted(shelf.best(centre, 50)) == shown
    assert len(shelf.best(centre, 3)) == 3


def test_dead_keys_of_the_index_take_no_place(shelf: Shelf, centre: FloatArray) -> None:
    dead = [shelf.stock(f"dead{n}", near(centre, 5, 0.01, n)) for n in range(100)]
    shelf.stock("far", near(-centre, 1, 0.01, 999))
    shelf.publish()
    with shelf.database.write() as tables:
        for keys in dead:
            images.remove(tables, keys)
    assert shelf.best(centre, 5) == ["far"]


@pytest.mark.parametrize("published", [True, False])
def test_filter_that_leaves_few_products_finds_them_all(shelf: Shelf, centre: FloatArray, published: bool) -> None:
    for number in range(300):
        shelf.stock(f"p{number:03d}", near(centre, 3, 0.01, number), price=float(number))
    for name in ("far1", "far2", "far3"):
        shelf.stock(name, near(-centre, 4, 0.5, 7), price=1000.0)
    if published:
        shelf.publish()
    shelf.stock("tail", near(-centre, 1, 0.5, 8), price=1000.0)
    assert sorted(shelf.best(centre, 10, "price>=1000")) == ["far1", "far2", "far3", "tail"]
    assert len(shelf.best(centre, 2, "price>=1000")) == 2
    assert shelf.best(centre, 5, "price<0") == []
    assert shelf.best(centre, 5, "price=7 and sku~p") == ["p007"]


def test_filtered_answer_is_the_unfiltered_one_without_the_others(shelf: Shelf, centre: FloatArray) -> None:
    for number in range(120):
        shelf.stock(f"p{number:03d}", near(centre, 2, 0.3, number), price=float(number % 3))
    shelf.publish()
    for seed in range(10):
        query = near(centre, 1, 0.5, 1000 + seed)[0]
        ranked = shelf.best(query, 120, exact=True)
        wanted = [sku for sku in ranked if int(sku[1:]) % 3 == 1]
        assert shelf.best(query, 10, "price=1") == wanted[:10]
        assert shelf.best(query, 10) == ranked[:10]
