"""The sample: which photos of a catalog a fit looks at, and how many simulated ones of each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Sample", "sampled"]

# A fit on 10,000 photos takes minutes and some hundred MB; more photos say nearly the same.
_MOST_PHOTOS = 10_000
# Simulated photos in all, for few pictures and for many; about 30 ms each on two cores.
_SIMULATED = 1200
_MOST_SIMULATED = 4000
_MOST_TIMES = 6
# One is asked with in the trial, and the rest have to say how photos differ from their picture: with a single one
# a large catalog of single pictures could not be tried, so nothing was fitted to it.
_LEAST_TIMES = 3

Portrait = tuple[int, str, str]
"""Key, SKU and content hash of an image."""


@dataclass(frozen=True)
class Sample:
    """``photos``: by key. ``pictures``: content hashes to simulate ``times`` photos of."""

    photos: tuple[Portrait, ...]
    pictures: tuple[str, ...]
    times: int


def sampled(photos: Sequence[Portrait]) -> Sample:
    """Choose from ``photos`` (ascending by key): whole SKUs, the same ones every time, each content once a SKU."""
    once = {(sku, digest): (key, sku, digest) for key, sku, digest in reversed(photos)}
    sizes: dict[str, int] = {}
    for sku, _ in once:
        sizes[sku] = sizes.get(sku, 0) + 1
    kept: set[str] = set()
    room = _MOST_PHOTOS
    for sku in sorted(sizes, key=_mixed):
        if sizes[sku] <= room:
            kept.add(sku)
            room -= sizes[sku]
    chosen = sorted(photo for photo in once.values() if photo[1] in kept)
    pictures = sorted({digest for _, _, digest in chosen})  # hashes: their order is as good as chance
    times = max(_LEAST_TIMES, min(_MOST_TIMES, _SIMULATED // max(1, len(pictures))))
    return Sample(tuple(chosen), tuple(pictures[: _MOST_SIMULATED // times]), times)


def _mixed(sku: str) -> bytes:
    return hashlib.blake2b(sku.encode(), digest_size=8).digest()
