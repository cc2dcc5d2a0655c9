"""Projections: the linear step from an encoder's feature to the vector in the index."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from edge_search.errors import StoreDamaged
from edge_search.types import FloatArray

__all__ = ["Projection", "identity"]


@dataclass(frozen=True)
class Projection:
    """``vector = normalise((feature - mean) @ matrix)``; without a matrix only the normalising is left.

    ``mean`` is float32 (D,), ``matrix`` float32 (D, d); ``kind`` says how it was made (``plain``, ``pca`` ...).
    """

    kind: str
    dimension: int
    mean: FloatArray | None = None
    matrix: FloatArray | None = None

    def __call__(self, features: FloatArray) -> FloatArray:
        """Return unit vectors float32 (n, d) of features float32 (n, D)."""
        vectors = features
        if self.mean is not None:
            vectors = vectors - self.mean
        if self.matrix is not None:
            vectors = vectors @ self.matrix
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.ascontiguousarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)

    def to_bytes(self) -> bytes:
        """Return mean and matrix as an ``.npz`` (empty bytes for the identity)."""
        if self.mean is None and self.matrix is None:
            return b""
        buffer = io.BytesIO()
        arrays = {name: getattr(self, name) for name in ("mean", "matrix") if getattr(self, name) is not None}
        np.savez(buffer, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, kind: str, dimension: int, data: bytes) -> Projection:
        """Read what ``to_bytes`` wrote.

        Raises:
            StoreDamaged: the bytes are not a projection.
        """
        if not data:
            return cls(kind, dimension)
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                found = {name: arrays[name].astype(np.float32) for name in arrays.files}
        except Exception as error:  # numpy and zipfile raise nearly anything on damaged bytes
            raise StoreDamaged(f"a {kind} projection can't be read ({error}); restore a backup") from error
        return cls(kind, dimension, found.get("mean"), found.get("matrix"))


def identity(dimension: int) -> Projection:
    """Return the projection that changes nothing."""
    return Projection("plain", dimension)
