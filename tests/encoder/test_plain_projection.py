"""The bundle's fixed projection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_search.encoder.plain_projection import PlainProjection
from edge_search.errors import BundleError


def test_round_trip_gives_unit_vectors(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = PlainProjection(rng.random(12).astype(np.float32), rng.random((12, 5)).astype(np.float32))
    made.save(tmp_path / "projection.npz")
    loaded = PlainProjection.load(tmp_path / "projection.npz", 12)
    vectors = loaded(rng.random((3, 12)).astype(np.float32))
    assert vectors.shape == (3, 5)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    with pytest.raises(BundleError, match="doesn't fit features of 13"):
        PlainProjection.load(tmp_path / "projection.npz", 13)


def test_damaged_and_infinite_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "projection.npz"
    file.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(BundleError, match="can't read the projection"):
        PlainProjection.load(file, 4)
    PlainProjection(np.full(4, np.nan, np.float32), np.ones((4, 2), np.float32)).save(file)
    with pytest.raises(BundleError, match="not finite"):
        PlainProjection.load(file, 4)
