"""Grouping: ranked images -> ranked SKUs, never fewer than asked for when there are as many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from edge_search.fitting.strength import strength
from edge_search.index.protocol import VectorIndex
from edge_search.store import images, products
from edge_search.store.database import Tables
from edge_search.store.filters import Filter
from edge_search.types import FloatArray, KeyArray

__all__ = ["Group", "best_groups", "scored"]

# Images looked at for one product asked for: a SKU has some photos, and some keys are dead by now.
_IMAGES_A_HIT = 8
_FEWEST_IMAGES = 64
_GROWTH = 4
# With a filter, more candidates than this cost more than scoring just the images it leaves.
_FILTERED_IMAGES = 2000


@dataclass(frozen=True)
class Group:
    """One SKU: its most similar image, and its ``strength``, which the SKUs are ranked by."""

    sku: str
    image_id: int
    similarity: float
    strength: float


def best_groups(
    tables: Tables,
    index: VectorIndex,
    vector: FloatArray,
    k: int,
    chosen: Filter,
    *,
    exact: bool,
    variants: bool = False,
) -> list[Group]:
    """Return the ``k`` SKUs nearest to ``vector`` among those shown in this snapshot, best first.

    Fewer come back only when fewer exist. The index is asked for more and more candidates until k SKUs that
    are shown and chosen are among them, at last for all; where a filter leaves few, exactly the images that it
    leaves are scored instead. Then every candidate SKU is scored with all its images: one that the index left
    out may be its second best. With ``variants`` the SKUs of one ``variant_group`` count as one, and the best
    of them stands for it.
    """
    count = max(_FEWEST_IMAGES, _IMAGES_A_HIT * k)
    while True:
        keys, similarity = index.search(vector, count, exact=exact)
        candidates = _candidates(tables, keys, k, chosen, variants=variants)
        if _kinds(candidates) >= k or count >= len(index):
            break
        count = min(count * _GROWTH, len(index))
        if chosen and count > _FILTERED_IMAGES:
            keys = images.searchable(tables, where=chosen.sql, values=chosen.values)
            keys, similarity = index.score(vector, keys, len(keys))
            candidates = _candidates(tables, keys, k, chosen, variants=variants)
            break
    known = dict(zip(keys.tolist(), similarity.tolist(), strict=True))
    ranked = scored(tables, index, vector, list(candidates), known)
    best = {candidates[group.sku]: group for group in reversed(ranked)}
    return [group for group in ranked if best[candidates[group.sku]] is group][:k]


_Kind = tuple[str, str]
"""What counts as one product: a SKU, or a group of variants."""


def _kinds(candidates: Mapping[str, _Kind]) -> int:
    return len(set(candidates.values()))


def _candidates(tables: Tables, keys: KeyArray, k: int, chosen: Filter, *, variants: bool) -> dict[str, _Kind]:
    """Return SKUs of images ranked best first, each with its kind: at least k kinds, if there are as many."""
    found: dict[str, _Kind] = {}
    page = max(_FEWEST_IMAGES, _IMAGES_A_HIT * k)
    for start in range(0, len(keys), page):
        part = keys[start : start + page].tolist()
        skus = images.skus_of(tables, part, where=chosen.sql, values=chosen.values)
        fresh = [sku for sku in dict.fromkeys(skus[key] for key in part if key in skus) if sku not in found]
        groups = products.groups_of(tables, fresh) if variants else {}
        found.update({sku: ("group", groups[sku]) if sku in groups else ("sku", sku) for sku in fresh})
        if _kinds(found) >= k:
            break
    return found


def scored(
    tables: Tables,
    index: VectorIndex,
    vector: FloatArray,
    candidates: Sequence[str],
    known: Mapping[int, float] = MappingProxyType({}),
) -> list[Group]:
    """Return these SKUs, scored with all their images, best first; ``known`` are similarities by key."""
    owners = images.searchable_of(tables, candidates)
    found = {key: known[key] for key in owners if key in known}
    if len(found) < len(owners):
        left = np.asarray(sorted(owners.keys() - found.keys()), dtype=np.int64)
        keys, similarity = index.score(vector, left, len(left))
        found.update(zip(keys.tolist(), similarity.tolist(), strict=True))
    mine: dict[str, list[tuple[int, float]]] = {}
    # Of equal similarities the older photo comes first.
    for key, value in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        mine.setdefault(owners[key], []).append((key, value))
    groups = [Group(sku, *best[0], strength([value for _, value in best])) for sku, best in mine.items()]
    return sorted(groups, key=lambda group: (-group.strength, group.image_id))
