"""Category collapse: are the products of a category told apart at all?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge_search.types import FloatArray

__all__ = ["category_figures", "silhouette"]


def category_figures(vectors: FloatArray, skus: Sequence[str], rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return how far photos lie apart: of one product, of one category, of different categories.

    Distances are 1 - cosine of vectors as they are searched. ``own``: mean distance of two photos of one product;
    ``within``: of two products of one category; ``between``: of products of different categories. ``spread`` is
    within / between: 0 when all products of a category fall on one point (collapse), 1 when categories don't show at
    all. ``silhouette``: Rousseeuw's (J. Comput. Appl. Math. 20, 1987), of categories: from -1 to 1, near 1: categories
    are far apart clusters.

    Args:
        vectors: float32 (n, d), unit length.
        skus: the SKU of each.
        rows: SKU -> its row (category, variant_group); SKUs without a category are left out. Variants of one group
            count as one product: they look alike for a reason.
    """
    categories = {sku: rows.get(sku, {}).get("category") for sku in skus}
    kept = [at for at, sku in enumerate(skus) if categories[sku]]
    names = np.asarray([str(categories[skus[at]]) for at in kept])
    owners = np.asarray([rows[skus[at]].get("variant_group") or skus[at] for at in kept])
    kinds = sorted(set(names.tolist()))
    if len(kinds) < 2:
        return {"known": False, "reason": "the products have no categories, or one only: set them in products.csv"}
    distance = 1.0 - vectors[kept] @ vectors[kept].T
    same_sku = owners[:, None] == owners
    same_kind = names[:, None] == names
    itself = np.eye(len(kept), dtype=bool)
    scores = silhouette(distance, names)
    found = {}
    for kind in kinds:
        mine = names == kind
        own = _mean(distance, (same_sku & ~itself)[mine], mine)
        within = _mean(distance, (same_kind & ~same_sku)[mine], mine)
        between = _mean(distance, (~same_kind)[mine], mine)
        found[kind] = {
            "photos": int(mine.sum()),
            "products": len(set(owners[mine].tolist())),
            "own": own,
            "within": within,
            "between": between,
            "spread": _ratio(within, between),
            "silhouette": round(float(scores[mine].mean()), 4),
        }
    everything = np.ones(len(kept), dtype=bool)
    within = _mean(distance, same_kind & ~same_sku, everything)
    between = _mean(distance, ~same_kind, everything)
    return {
        "known": True,
        "photos": len(kept),
        "categories": len(kinds),
        "own": _mean(distance, same_sku & ~itself, everything),
        "within": within,
        "between": between,
        "spread": _ratio(within, between),
        "silhouette": round(float(scores.mean()), 4),
        "by_category": found,
    }


def silhouette(distance: FloatArray, names: np.ndarray[Any, Any]) -> FloatArray:
    """Return the silhouette of each row: (b - a) / max(a, b), 0 for the only one of its name.

    ``a``: mean distance to the others of its name; ``b``: the smallest mean distance to those of another name.
    """
    kinds = sorted(set(names.tolist()))
    sums = np.stack([distance[:, names == kind].sum(axis=1) for kind in kinds], axis=1)
    sizes = np.asarray([(names == kind).sum() for kind in kinds])
    place = np.asarray([kinds.index(name) for name in names.tolist()])
    rows = np.arange(len(names))
    alone = sizes[place] < 2
    a = sums[rows, place] / np.maximum(sizes[place] - 1, 1)
    means = sums / sizes
    means[rows, place] = np.inf
    b = means.min(axis=1)
    found = (b - a) / np.maximum(np.maximum(a, b), 1e-12)
    return np.asarray(np.where(alone, 0.0, found), dtype=np.float32)


def _mean(distance: FloatArray, chosen: np.ndarray[Any, Any], rows: np.ndarray[Any, Any]) -> float | None:
    values = distance[rows][chosen]
    return round(float(values.mean()), 4) if len(values) else None


def _ratio(within: float | None, between: float | None) -> float | None:
    return None if within is None or not between else round(within / between, 4)
