"""The fixed linear step that ships in a bundle and is used until a catalog has fitted its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_search.errors import BundleError

__all__ = ["PlainProjection"]


@dataclass(frozen=True)
class PlainProjection:
    """vector = normalise((feature - ``mean``) @ ``matrix``); float32 (D,) and (D, d)."""

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]

    @classmethod
    def load(cls, path: Path, dimension: int) -> PlainProjection:
        """Read ``projection.npz`` for features of ``dimension``; BundleError if it doesn't fit."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                mean, matrix = arrays["mean"], arrays["matrix"]
        except Exception as error:  # numpy and zipfile raise nearly anything on damaged bytes
            raise BundleError(f"can't read the projection {path}: {error}") from error
        shapes_fit = mean.shape == (dimension,) and matrix.ndim == 2 and matrix.shape[0] == dimension
        if not shapes_fit or mean.dtype != np.float32 or matrix.dtype != np.float32:
            raise BundleError(f"the projection {path} doesn't fit features of {dimension} numbers")
        if not (np.isfinite(mean).all() and np.isfinite(matrix).all()):
            raise BundleError(f"the projection {path} holds values that are not finite")
        return cls(mean, matrix)

    def save(self, path: Path) -> None:
        """Write the two arrays as ``.npz``."""
        np.savez(path, mean=self.mean, matrix=self.matrix)

    def __call__(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features float32 (n, D) -> vectors float32 (n, d) of length 1."""
        vectors = (features - self.mean) @ self.matrix
        norm = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norm, 1e-12), np.float32)
