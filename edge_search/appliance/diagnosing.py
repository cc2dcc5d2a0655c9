"""Diagnosing: the classic failures of a visual search, tried on the catalog's own photos."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as Photograph

from edge_search.appliance.encoders import Encoders
from edge_search.appliance.page import PhotoFiles, write_text
from edge_search.appliance.recovering import recovering
from edge_search.appliance.upkeep import Upkeep
from edge_search.encoder.encoder import Encoder
from edge_search.errors import CatalogError, InvalidValue, PhotoError
from edge_search.evaluation.advice import advice_csv
from edge_search.evaluation.collapse import category_figures
from edge_search.evaluation.diagnosis import Diagnosis, try_photos
from edge_search.evaluation.diagnosis_report import diagnosis_page
from edge_search.evaluation.lookalikes import look_alikes
from edge_search.evaluation.neighbours import nearest_others, vectors_of
from edge_search.evaluation.sample import Shot, Tried, draw_keys
from edge_search.imaging.decode import open_photo
from edge_search.imaging.limits import Limits
from edge_search.index.catalog_index import CatalogIndex
from edge_search.search.grouping import best_groups
from edge_search.store import images, products
from edge_search.store.database import Database
from edge_search.store.filters import Filter
from edge_search.types import FloatArray, Progress

__all__ = ["Diagnosing"]

_LOOKED_AT = 2000  # photos whose neighbours are looked for: some seconds
_LONG_SIDE = 640


@dataclass(frozen=True)
class Diagnosing:
    """`box.diagnose`: call it; `report` and `csv` write what was found. Needs no queries."""

    database: Database
    encoders: Encoders
    index: Callable[[], CatalogIndex]
    files: PhotoFiles
    limits: Limits
    upkeep: Upkeep

    @recovering
    def __call__(self, *, photos: int = 200, seed: int = 0, progress: Progress | None = None) -> Diagnosis:
        """Try background, colour and categories on a sample, and look for products that look alike.

        Ranked by vectors alone. About 0.15 s a photo on two cores; the same sample and seed give the same figures.
        Changes nothing.

        Args:
            photos: how many to try things on, of as many SKUs as can be.
            seed: of the sample and the backgrounds.
            progress: called with photos done and all there are to do.

        Raises:
            InvalidValue: fewer than one photo.
            CatalogError: the catalog shows none.
        """
        if photos < 1:
            raise InvalidValue(f"photos = {photos}: try at least one")
        index, encoder = self.index(), self.encoders.query
        tried, looked = draw_keys(self.database, photos, seed=seed), draw_keys(self.database, _LOOKED_AT, seed=seed)
        if not tried:
            raise CatalogError("the catalog shows no photo yet; index a folder first: edge-search index FOLDER")
        done, total = 0, len(tried) + len(looked)

        def step() -> None:
            nonlocal done
            done += 1
            if progress is not None:
                progress(done, total)

        if progress is not None:
            progress(0, total)
        named = _Named(self.database, index, encoder)
        swapped, recoloured = try_photos(self._photos(tried), named.look, named.name, seed=seed, step=step)
        near = nearest_others(self.database, index, looked, step=step)
        keys, vectors = vectors_of(self.database, index, list(looked))
        with self.database.read() as tables:
            rows = products.get(tables, {*looked.values(), *(one.other for one in near)})
            size = images.count_searchable(tables), products.count(tables)
            kind = index.view(tables).projection.kind
        skus = [looked[key] for key in keys]
        return Diagnosis(
            swapped=tuple(swapped),
            recoloured=tuple(recoloured),
            categories=category_figures(vectors, skus, rows),
            pairs=tuple(look_alikes(near, rows)),
            sure_above=_own_similarity(vectors, skus, [one.own for one in swapped]),
            images=size[0],
            products=size[1],
            encoder=f"{encoder.name}@{encoder.fingerprint}",
            projection=kind,
            unreadable=len(tried) - len(swapped),
        )

    def report(self, result: Diagnosis, page: str | os.PathLike[str]) -> None:
        """Write an HTML page with pictures; InvalidValue when its folder is not there."""
        write_text(page, diagnosis_page(result, self.files.of_image))

    def csv(self, result: Diagnosis, path: str | os.PathLike[str]) -> None:
        """Write the findings as ``sku,problem,action``; InvalidValue when its folder is not there."""
        write_text(path, advice_csv(result.findings))

    def _photos(self, keys: dict[int, str]) -> list[Callable[[], Tried | None]]:
        def reader(key: int, sku: str) -> Callable[[], Tried | None]:
            def read() -> Tried | None:
                file = self.files.of_image(key)
                if file is None:
                    return None
                try:
                    picture = open_photo(file, self.limits)
                except PhotoError:
                    return None
                picture.thumbnail((_LONG_SIDE, _LONG_SIDE), reducing_gap=2.0)
                return Tried(Shot(key, sku, file), picture)

            return read

        return [reader(key, sku) for key, sku in keys.items()]


@dataclass(frozen=True)
class _Named:
    database: Database
    index: CatalogIndex
    encoder: Encoder

    def look(self, pictures: Sequence[Photograph.Image]) -> FloatArray:
        feature = self.encoder.encode(pictures)
        with self.database.read() as tables:
            return self.index.view(tables).projection(feature)

    def name(self, vector: FloatArray) -> str | None:
        with self.database.read() as tables:
            groups = best_groups(tables, self.index.view(tables), vector, 1, Filter(), exact=False)
        return groups[0].sku if groups else None


def _own_similarity(vectors: FloatArray, skus: Sequence[str], swapped: Sequence[float]) -> float:
    """Return how near two photos of one product usually are: median cosine; else of a photo on two backgrounds."""
    names = np.asarray(skus)
    same = (names[:, None] == names) & ~np.eye(len(names), dtype=bool)
    if same.sum() >= 2 * len(names) * 0.1:
        return float(np.median((vectors @ vectors.T)[same]))
    return float(np.median(swapped)) if swapped else 1.0
