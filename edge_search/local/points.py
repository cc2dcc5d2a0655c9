"""Points: the details of one picture, as they are compared and as they are kept."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_search.errors import StoreDamaged
from edge_search.types import FloatArray

__all__ = ["BYTES_A_POINT", "GALLERY_BYTES", "WIDTH", "Descriptors", "Points", "capacity"]

Descriptors = NDArray[np.uint8]
WIDTH = 128
"""Numbers of a descriptor."""
_HEADER = struct.Struct("<4sHHHxx")
_MAGIC = b"ESL1"
BYTES_A_POINT = WIDTH + 6
"""Two 16-bit coordinates, size and angle in 8 bits each, the descriptor."""
GALLERY_BYTES = 16384
"""Kept of a catalog picture when nothing else is asked for: 122 points."""
_SIZE_STEPS = 32.0  # to the power of two: sizes are kept to 2 percent, up to 2 ** 8 pixels


@dataclass(frozen=True)
class Points:
    """Details of a picture, strongest first.

    ``places`` float32 (n, 2): x, y in pixels of the picture they were looked for in, which was ``width`` x
    ``height``; ``sizes`` float32 (n,) in pixels; ``angles`` float32 (n,) in radians; ``descriptors`` uint8 (n, 128):
    square roots of SIFT histograms whose sum is 1 (RootSIFT: Arandjelović and Zisserman, CVPR 2012), times 512.
    """

    width: int
    height: int
    places: FloatArray
    sizes: FloatArray
    angles: FloatArray
    descriptors: Descriptors

    def __len__(self) -> int:
        return len(self.places)

    def to_bytes(self, budget: int) -> bytes:
        """Return the strongest points that fit into ``budget`` bytes."""
        count = min(len(self), capacity(budget))
        extent = np.array([self.width, self.height], dtype=np.float32)
        places = np.clip(np.rint(self.places[:count] / extent * 65535), 0, 65535).astype("<u2")
        sizes = np.clip(np.rint(np.log2(np.maximum(self.sizes[:count], 1)) * _SIZE_STEPS), 0, 255).astype(np.uint8)
        angles = np.rint(self.angles[:count] * (256 / (2 * np.pi))).astype(np.int64) % 256
        parts = (places, sizes, angles.astype(np.uint8), self.descriptors[:count])
        return _HEADER.pack(_MAGIC, self.width, self.height, count) + b"".join(part.tobytes() for part in parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> Points:
        """Read what ``to_bytes`` wrote.

        Raises:
            StoreDamaged: the bytes are no points.
        """
        if len(data) < _HEADER.size or data[:4] != _MAGIC:
            raise StoreDamaged("stored local features can't be read; run 'edge-search repair'")
        _, width, height, count = _HEADER.unpack_from(data)
        if len(data) != _HEADER.size + count * BYTES_A_POINT:
            raise StoreDamaged("stored local features are cut off; run 'edge-search repair'")
        at = _HEADER.size
        places = np.frombuffer(data, "<u2", 2 * count, at).reshape(count, 2).astype(np.float32)
        at += 4 * count
        sizes = np.frombuffer(data, np.uint8, count, at).astype(np.float32)
        angles = np.frombuffer(data, np.uint8, count, at + count).astype(np.float32)
        descriptors = np.frombuffer(data, np.uint8, WIDTH * count, at + 2 * count).reshape(count, WIDTH)
        extent = np.array([width, height], dtype=np.float32)
        return cls(
            width,
            height,
            places / np.float32(65535) * extent,
            np.exp2(sizes / np.float32(_SIZE_STEPS)),
            angles * np.float32(2 * np.pi / 256),
            descriptors,
        )


def capacity(budget: int) -> int:
    """Return how many points fit into so many bytes."""
    return max(0, min(65535, (budget - _HEADER.size) // BYTES_A_POINT))
