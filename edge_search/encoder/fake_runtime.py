"""A runtime without a network, for tests: same interface, deterministic, similar pictures agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_search.encoder.encoder import Encoder
from edge_search.encoder.level import Level
from edge_search.encoder.plain_projection import PlainProjection
from edge_search.imaging.recipe import Recipe

__all__ = ["FakeEncoder", "FakeRuntime"]


class FakeRuntime:
    """Mean colour and edge strength of each cell of a grid: with 4 x 4 cells 64 numbers."""

    name = "fake"
    version = "1"
    precision = "fp32"
    threads = 1

    def __init__(self, grid: int = 4) -> None:
        self._grid = grid
        self.dimension = grid * grid * 4

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pixels uint8 (n, S, S, 3) -> float32 (n, dimension); S is a multiple of the grid."""
        pixels = batch.astype(np.float32) / 255 - 0.5
        edges = np.zeros(pixels.shape[:3], np.float32)
        edges[:, :, 1:] = np.abs(np.diff(pixels.mean(axis=3), axis=2))
        planes = np.concatenate([pixels, 4 * edges[..., None]], axis=3)
        n, side = planes.shape[:2]
        cell = side // self._grid
        cells = planes.reshape(n, self._grid, cell, self._grid, cell, 4).mean(axis=(2, 4))
        # the small constant keeps a plain mid-grey picture from being an empty feature
        return np.asarray(cells.reshape(n, -1) + 1e-3, np.float32)


class FakeEncoder(Encoder):
    """An `Encoder` on `FakeRuntime`: 64 numbers, pictures of 64 x 64 pixels, no file needed.

    Another ``fingerprint`` stands for another encoder; with another ``grid`` (2, 8, 16) its features differ, too.
    """

    def __init__(
        self,
        fingerprint: str = "fake000000000000",
        projection: PlainProjection | None = None,
        *,
        name: str = "fake",
        grid: int = 4,
    ) -> None:
        runtime = FakeRuntime(grid)
        super().__init__(
            name=name,
            fingerprint=fingerprint,
            recipe=Recipe(side=64, crop=1.0, interpolation="bilinear"),
            levels=(Level("grid", runtime.dimension),),
            runtime=runtime,
            projection=projection,
            verdict={"match": 0.9, "maybe": 0.6},
        )
