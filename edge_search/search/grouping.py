"""Grouping: ranked images -> ranked SKUs, never fewer than asked for when there are as many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_search.index.protocol import VectorIndex
from edge_search.store import images
from edge_search.store.database import Tables
from edge_search.store.filters import Filter
from edge_search.types import FloatArray, KeyArray

__all__ = ["Group", "best_groups"]

# Images looked at for one product asked for: a SKU has some photos, and some keys are dead by now.
_IMAGES_A_HIT = 8
_FEWEST_IMAGES = 64
_GROWTH = 4


@dataclass(frozen=True)
class Group:
    """One SKU, by its most similar image."""

    sku: str
    image_id: int
    similarity: float


def best_groups(
    tables: Tables, index: VectorIndex, vector: FloatArray, k: int, chosen: Filter, *, exact: bool
) -> list[Group]:
    """Return the ``k`` SKUs nearest to ``vector`` among those shown in this snapshot, best first.

    Fewer come back only when fewer exist. Without a filter the index is asked for more and more candidates
    until k live SKUs are among them, at last for all; with one, exactly the images it leaves are scored.
    """
    if chosen:
        keys = images.searchable(tables, where=chosen.sql, values=chosen.values)
        ranked, similarity = index.score(vector, keys, len(keys))
        return _grouped_in_pages(tables, ranked, similarity, k)
    count = max(_FEWEST_IMAGES, _IMAGES_A_HIT * k)
    while True:
        ranked, similarity = index.search(vector, count, exact=exact)
        groups = _grouped(ranked, similarity, images.skus_of(tables, ranked.tolist()))
        if len(groups) >= k or count >= len(index):
            return groups[:k]
        count = min(count * _GROWTH, len(index))


def _grouped_in_pages(tables: Tables, keys: KeyArray, similarity: FloatArray, k: int) -> list[Group]:
    found: dict[str, Group] = {}
    page = max(_FEWEST_IMAGES, _IMAGES_A_HIT * k)
    for start in range(0, len(keys), page):
        part = slice(start, start + page)
        for group in _grouped(keys[part], similarity[part], images.skus_of(tables, keys[part].tolist())):
            found.setdefault(group.sku, group)
        if len(found) >= k:
            break
    return list(found.values())[:k]


def _grouped(keys: KeyArray, similarity: FloatArray, skus: Mapping[int, str]) -> list[Group]:
    found: dict[str, Group] = {}
    for key, value in zip(keys.tolist(), similarity.tolist(), strict=True):
        sku = skus.get(key)
        if sku is not None and sku not in found:
            found[sku] = Group(sku, key, value)
    return list(found.values())
