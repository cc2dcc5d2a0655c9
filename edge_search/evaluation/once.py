"""An encoder that looks at each query once, however often that is ranked."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from edge_search.encoder.encoder import Encoder
from edge_search.types import FloatArray

__all__ = ["Once"]


class Once(Encoder):
    """Encodes as ``encoder`` does and keeps the features; those of a query that is asked again come from there.

    A search may encode several pictures of a query (crops), in one order: its calls are kept by their number. For
    one thread. Takes 4 bytes a number of a feature, some 6 MB for 1,000 queries of the shipped encoder.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(
            name=encoder.name,
            fingerprint=encoder.fingerprint,
            recipe=encoder.recipe,
            levels=encoder.levels,
            runtime=encoder.runtime,
            projection=encoder.projection,
            verdict=encoder.verdict,
        )
        self._encoder = encoder
        self._kept: dict[str, list[FloatArray]] = {}
        self._query = ""
        self._calls = 0

    def begin(self, query: str) -> None:
        """Say which query the next pictures are of, by any name that is its own."""
        self._query, self._calls = query, 0

    def encode(self, images: Sequence[Image.Image]) -> FloatArray:
        """Return the features float32 (n, dimension) of pictures, from the network or from the last time."""
        kept = self._kept.setdefault(self._query, [])
        self._calls += 1
        if self._calls > len(kept) or len(kept[self._calls - 1]) != len(images):
            kept[self._calls - 1 :] = [self._encoder.encode(images)]
        return kept[self._calls - 1]

    def feature(self, query: str) -> FloatArray:
        """Return the first feature float32 (dimension,) of a query that was asked; KeyError for another."""
        first: FloatArray = self._kept[query][0][0]
        return first
