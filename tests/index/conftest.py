"""Vectors that lie in clusters, as those of products do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray


def clustered(count: int, dimension: int, *, clusters: int = 200, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors (count, dimension) around random centres."""
    draw = np.random.default_rng(seed)
    centres = draw.normal(size=(clusters, dimension))
    rows = centres[draw.integers(clusters, size=count)] + 0.7 * draw.normal(size=(count, dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.fixture(scope="session")
def many() -> NDArray[np.float32]:
    """5,000 clustered unit vectors of 256 numbers."""
    return clustered(5_000, 256)
