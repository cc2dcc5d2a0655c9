"""Projections."""

from __future__ import annotations

import numpy as np
import pytest

from edge_search.errors import StoreDamaged
from edge_search.fitting.projection import Projection, identity


def fitted() -> Projection:
    draw = np.random.default_rng(0)
    return Projection("pca", 5, draw.normal(size=12).astype(np.float32), draw.normal(size=(12, 5)).astype(np.float32))


def rows() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.random.default_rng(1).normal(size=(7, 12)).astype(np.float32)


def test_projection_survives_its_bytes() -> None:
    again = Projection.from_bytes("pca", 5, fitted().to_bytes())
    assert np.array_equal(again(rows()), fitted()(rows()))
    assert identity(12).to_bytes() == b""
    assert Projection.from_bytes("plain", 12, b"") == identity(12)


def test_vectors_are_float32_of_length_one() -> None:
    for projection in (fitted(), identity(12)):
        vectors = projection(rows())
        assert vectors.dtype == np.float32
        assert vectors.shape == (7, projection.dimension)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_identity_keeps_the_direction() -> None:
    features = rows()
    assert np.allclose(identity(12)(features) * np.linalg.norm(features, axis=1, keepdims=True), features, atol=1e-5)


def test_empty_feature_gives_no_nan() -> None:
    assert identity(3)(np.zeros((1, 3), np.float32)).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("damage", ["junk", "cut", "flipped"])
def test_projection_that_cannot_be_read_is_named(damage: str) -> None:
    whole = fitted().to_bytes()
    flipped = bytearray(whole)
    flipped[whole.index(b"mean.npy") + 150] ^= 1
    data = {"junk": b"junk", "cut": whole[:-50], "flipped": bytes(flipped)}[damage]
    with pytest.raises(StoreDamaged, match=r"^a pca projection [^\n]*restore a backup$"):
        Projection.from_bytes("pca", 5, data)
