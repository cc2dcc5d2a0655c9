"""Neighbours: the vectors of the catalog's photos, and what lies nearest to each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from edge_search.evaluation.lookalikes import Near
from edge_search.index.catalog_index import CatalogIndex
from edge_search.index.view import View
from edge_search.store import features, images
from edge_search.store.database import Database, Tables
from edge_search.types import FloatArray

__all__ = ["nearest_others", "vectors_of"]

_PAGE = 200  # photos a snapshot: a reader must not hold the log for long
_FEW, _MANY = 16, 256


def vectors_of(database: Database, index: CatalogIndex, keys: Sequence[int]) -> tuple[list[int], FloatArray]:
    """Return the vectors float32 (n, d) of photos as they are searched, and their keys: those still there."""
    there: list[int] = []
    parts: list[FloatArray] = []
    for start in range(0, len(keys), _PAGE):
        with database.read() as tables:
            view = index.view(tables)
            for key in keys[start : start + _PAGE]:
                feature = features.of_keys(tables, index.fingerprint, [key])
                if len(feature):
                    there.append(key)
                    parts.append(view.projection(feature))
    return there, np.concatenate(parts) if parts else np.empty((0, 0), dtype=np.float32)


def nearest_others(
    database: Database, index: CatalogIndex, owners: Mapping[int, str], *, step: Callable[[], None] = lambda: None
) -> list[Near]:
    """Return for each photo (key -> SKU) the nearest photo of another SKU, as the index finds it.

    ``step`` is called after each photo.
    """
    found = []
    keys = list(owners)
    for start in range(0, len(keys), _PAGE):
        with database.read() as tables:
            view = index.view(tables)
            for key in keys[start : start + _PAGE]:
                feature = features.of_keys(tables, index.fingerprint, [key])
                near = _nearest(tables, view, view.projection(feature)[0], key, owners[key]) if len(feature) else None
                found += [] if near is None else [near]
                step()
    return found


def _nearest(tables: Tables, view: View, vector: FloatArray, key: int, sku: str) -> Near | None:
    for count in (_FEW, _MANY):
        keys, similarity = view.search(vector, min(count, len(view)))
        skus = images.skus_of(tables, keys.tolist())
        ranked = [
            (int(other), skus[other], float(cosine))
            for other, cosine in zip(keys.tolist(), similarity.tolist(), strict=True)
            if other != key and other in skus
        ]
        for place, (other, name, cosine) in enumerate(ranked):
            if name != sku:
                return Near(key, sku, other, name, cosine, crossed=place == 0)
    return None
