"""Encoding photos of the store again, with another encoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from edge_search.encoder.encoder import Encoder
from edge_search.errors import PhotoError
from edge_search.imaging.decode import decode
from edge_search.ingest.originals import Origin, Originals, Place
from edge_search.ingest.workers import worker_pool
from edge_search.types import FloatArray

__all__ = ["Reencoded", "Reencoder"]


@dataclass(frozen=True)
class Reencoded:
    """A content with its feature (float32 (D,)) and where its pixels came from; None: they are nowhere."""

    content_hash: str
    feature: FloatArray | None = None
    origin: Origin | None = None


@dataclass(frozen=True)
class Reencoder:
    """Decodes and encodes contents on some threads; each takes the best place whose photo can be used."""

    encoder: Encoder
    originals: Originals
    pool: ThreadPoolExecutor

    @classmethod
    @contextmanager
    def started(cls, encoder: Encoder, originals: Originals, workers: int) -> Iterator[Reencoder]:
        """Give one with ``workers`` threads; they are as nice as the thread that starts them."""
        with worker_pool(workers, "reencode") as pool:
            yield cls(encoder, originals, pool)

    def encode(self, digests: Sequence[str]) -> list[Reencoded]:
        """Encode contents, in order; those that can't be found or decoded anywhere come without a feature.

        Raises:
            EncoderError: the encoder fails, whatever the photo.
        """
        places = self.originals.places(digests)
        return list(self.pool.map(lambda digest: self._encoded(digest, places[digest]), digests))

    def _encoded(self, digest: str, places: Sequence[Place]) -> Reencoded:
        for place, data in self.originals.photos(digest, places):
            try:
                image = decode(data, self.originals.limits)
            except PhotoError:
                continue
            feature = np.asarray(self.encoder.encode([image])[0], dtype=np.float32)
            return Reencoded(digest, feature, place.origin)
        return Reencoded(digest)
