"""Portraits: the photos of the catalog that a fit looks at, read page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge_search.fitting.gallery import Gallery, Numbers
from edge_search.fitting.sample import Portrait, Sample, sampled
from edge_search.store import features, images, simulations
from edge_search.store.database import Database
from edge_search.types import FloatArray

__all__ = ["Portraits"]

_PAGE = 500


@dataclass(frozen=True)
class Portraits:
    """Searchable photos and their features by one encoder (``fingerprint``, ``dimension`` numbers)."""

    database: Database
    fingerprint: str
    dimension: int

    def sample(self) -> Sample:
        """Choose the photos to fit to."""
        found: list[Portrait] = []
        while True:
            with self.database.read() as tables:
                page = images.portrayed(tables, after=found[-1][0] if found else 0)
            if not page:
                return sampled(found)
            found += page

    def gallery(self, sample: Sample, pause: Callable[[], None] = lambda: None) -> tuple[Gallery, Numbers]:
        """Read features of the sample's photos, and of what was simulated of them; returns them and the photos' keys.

        No snapshot is held for long; a photo that is gone by now is left out. ``pause`` is called between pages,
        and may raise to stop.

        Raises:
            StoreDamaged: a stored feature is not what was stored.
        """
        names = {sku: number for number, sku in enumerate(sorted({sku for _, sku, _ in sample.photos}))}
        pictures = set(sample.pictures)
        rows: list[FloatArray] = [np.empty((0, self.dimension), np.float32)]
        made = [np.empty((0, self.dimension), np.float32)]
        keys: list[int] = []
        skus: list[int] = []
        origin: list[int] = []
        cut_out: list[bool] = []
        for start in range(0, len(sample.photos), _PAGE):
            pause()
            page = sample.photos[start : start + _PAGE]
            with self.database.read() as tables:
                there = images.skus_of(tables, [key for key, _, _ in page])
                page = tuple(one for one in page if there.get(one[0]) == one[1])
                if page:
                    rows.append(features.of_keys(tables, self.fingerprint, [key for key, _, _ in page]))
                for key, sku, digest in page:
                    of = simulations.of if digest in pictures else None
                    found = of(tables, self.fingerprint, digest, sample.times) if of else None
                    if found is not None:
                        made.append(found.features)
                        origin += [len(skus)] * len(found.features)
                    cut_out.append(found is not None and found.cut_out)
                    skus.append(names[sku])
                    keys.append(key)
        gallery = Gallery(
            np.concatenate(rows),
            np.asarray(skus, np.int64),
            np.concatenate(made),
            np.asarray(origin, np.int64),
            np.asarray(cut_out, bool),
        )
        return gallery, np.asarray(keys, np.int64)
