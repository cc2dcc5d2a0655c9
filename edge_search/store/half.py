"""Halves: features as float16 bytes with a checksum, for SQLite has none."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import numpy as np

from edge_search.errors import EncoderError, StoreDamaged
from edge_search.types import FloatArray

__all__ = ["packed", "unpacked"]

_LARGEST = float(np.finfo(np.float16).max)


def packed(feature: FloatArray, of: str) -> tuple[bytes, int]:
    """Return a feature (float32 (D,)) as float16 bytes, and their CRC-32.

    Raises:
        EncoderError: it is not finite as float16. A single such row would ruin the recall of the whole index.
    """
    if not np.abs(feature).max(initial=0) <= _LARGEST:
        raise EncoderError(f"photo {of[:12]}: its feature is not finite; run 'edge-search model verify'")
    data = feature.astype("<f2").tobytes()
    return data, zlib.crc32(data)


def unpacked(rows: Iterable[tuple[object, bytes, int]]) -> FloatArray:
    """Return rows of (name, bytes, CRC-32) as float32 (n, D); there must be one at least.

    Raises:
        StoreDamaged: bytes are not what was stored: noise inside a row would come back as another feature.
    """
    found = []
    for name, data, crc32 in rows:
        if zlib.crc32(data) != crc32:
            raise StoreDamaged(f"the feature of photo {name} is damaged; run 'edge-search repair'")
        found.append(np.frombuffer(data, dtype="<f2"))
    return np.stack(found).astype(np.float32)
