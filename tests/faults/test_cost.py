"""What adding ten products costs: the same whether 2,000 or 200,000 photos are there already."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_search.appliance.box import Box
from edge_search.encoder.encoder import Encoder
from edge_search.encoder.fake_runtime import FakeRuntime
from edge_search.encoder.level import Level
from edge_search.imaging.recipe import Recipe
from edge_search.index import hnsw
from edge_search.store import features, images, products
from edge_search.store.images import Image
from tests.faults.driver import FULL, draw, report

_DIMENSION = 256
_PAGE = 1000
_PHOTOS_A_PRODUCT = 4

pytestmark = pytest.mark.skipif(not FULL, reason="takes minutes; 'make faults' does it")


class _WideRuntime(FakeRuntime):
    """The fake's 64 numbers and their products with fixed signs: 256 in all."""

    dimension = _DIMENSION
    _signs = np.random.default_rng(0).choice(np.array([-1, 1], dtype=np.float32), (_DIMENSION // 64, 64))

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows = super().run(batch)
        return np.concatenate([rows * signs for signs in self._signs], axis=1)


def _encoder() -> Encoder:
    return Encoder(
        name="wide",
        fingerprint="wide000000000000",
        recipe=Recipe(side=64, crop=1.0, interpolation="bilinear"),
        levels=(Level("grid", _DIMENSION),),
        runtime=_WideRuntime(),
        projection=None,
        verdict={"match": 0.9, "maybe": 0.6},
    )


def _load(box: Box, count: int) -> None:
    """Fill a home with synthetic features, as a loader script would."""
    box.encoders.settle()
    chance = np.random.default_rng(1)
    for first in range(0, count, _PAGE):
        vectors = chance.standard_normal((_PAGE, _DIMENSION)).astype(np.float32)
        hashes = [f"{number:064x}" for number in range(first, first + _PAGE)]
        skus = [f"L{number // _PHOTOS_A_PRODUCT}" for number in range(first, first + _PAGE)]
        with box.database.write() as tables:
            features.put(tables, box.encoders.fingerprint, dict(zip(hashes, vectors, strict=True)))
            products.put_values(tables, 1, {sku: {} for sku in dict.fromkeys(skus)})
            images.add(
                tables,
                [
                    Image(0, sku, 1, digest.encode(), digest, 1, 1, 1, 64, 64)
                    for sku, digest in zip(skus, hashes, strict=True)
                ],
            )
    box.compact()


@pytest.fixture(autouse=True)
def _quick_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    # How well the graph is built makes no difference to what adding costs, but minutes to the loading.
    monkeypatch.setattr(hnsw, "_EXPANSION_ADD", 16)
    monkeypatch.setattr(hnsw, "_unreachable", lambda index, keys, codes: np.empty(0, dtype=np.int64))


def test_adding_does_not_grow_with_the_catalog(tmp_path: Path) -> None:
    seconds: dict[int, float] = {}
    for count in (2_000, 200_000):
        with Box(tmp_path / str(count), encoder=_encoder(), previews=False) as box:
            with box.database.write() as tables:
                tables.execute("INSERT INTO sources (kind, path) VALUES ('folder', ?)", [bytes(tmp_path / "gone")])
            started = time.monotonic()
            _load(box, count)
            loading = time.monotonic() - started
            box.search(draw(0))
            runs, finding = [], []
            for turn in range(15):
                started = time.monotonic()
                for seed in range(turn * 10, turn * 10 + 10):
                    box.add(f"T{seed}", draw(seed), price=seed)
                runs.append(time.monotonic() - started)
                started = time.monotonic()
                for seed in range(turn * 10, turn * 10 + 10):
                    assert box.search(draw(seed), k=1).hits[0].sku == f"T{seed}"
                finding.append(time.monotonic() - started)
            seconds[count] = statistics.median(runs)
            report(
                f"among {count} photos: adding 10 products {seconds[count] * 1e3:.0f} ms, finding all of them "
                f"{statistics.median(finding) * 1e3:.0f} ms (loaded in {loading:.0f} s)"
            )
    ratio = seconds[200_000] / seconds[2_000]
    report(f"200,000 photos cost {ratio:.2f} times what 2,000 cost")
    # The promise is 1.5 times and 1 s; on a busy machine the figures waver.
    assert ratio < 3
    assert seconds[200_000] < 5
