"""The judge: products whose details lie on the photo as on their own pictures come first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edge_search.index.local_index import LocalView
from edge_search.index.protocol import VectorIndex
from edge_search.local.geometry import agreement
from edge_search.local.judging import Judging
from edge_search.local.points import Points
from edge_search.search.grouping import Group, scored
from edge_search.store import images, local_features, products
from edge_search.store.database import Tables
from edge_search.store.filters import Filter
from edge_search.types import Evidence, FloatArray

__all__ = ["BY_VECTOR", "BY_WORDS", "Judge", "reordered"]

BY_VECTOR = 12
"""SKUs nearest by their vectors whose best picture is compared in detail."""
BY_WORDS = 24
"""Pictures that share most words with the photo, compared in detail too.

With 10,100 generated cartons, 60 photos: R@1 .82 with 24 of them, .85 with 40, .87 with 60, for 41, 55 and 79 ms of one
core that others used as well. Words alone had the right one among 36 in .81 and among 200 in .90, vectors in .42, .64.
"""
_PAGE = 64  # of these some are dead, hidden or left out by a filter


@dataclass(frozen=True)
class Judge:
    """Compares one photo in detail with the best candidates of one snapshot."""

    tables: Tables
    index: VectorIndex
    local: LocalView
    photo: Points

    def candidates(self, chosen: Filter, *, count: int = BY_WORDS) -> dict[int, str]:
        """Return key -> SKU of the pictures that share most words with the photo, best first."""
        if not len(self.photo):
            return {}
        question = self.local.vocabulary.question(self.photo.descriptors)
        keys = self.local.search(question, max(_PAGE, 2 * count))[0].tolist()
        owners = images.skus_of(self.tables, keys, where=chosen.sql, values=chosen.values)
        return dict([(key, owners[key]) for key in keys if key in owners][:count])

    def ranked(self, groups: Sequence[Group], vector: FloatArray, k: int, chosen: Filter, *, variants: bool) -> (
        tuple[list[Group], dict[str, Evidence]]
    ):  # fmt: skip
        """Return the best ``k`` of ``groups`` (ranked by their vectors) and of what words find, with the evidence.

        ``groups`` must be all that k asks for: what is found by words only comes before them or is left out.
        """
        found = self.candidates(chosen)
        there = {group.sku for group in groups}
        new = [sku for sku in dict.fromkeys(found.values()) if sku not in there]
        every = [*groups, *(scored(self.tables, self.index, vector, new) if new else [])]
        looked = {**{group.image_id: group.sku for group in groups[:BY_VECTOR]}, **found}
        evidence = self._compared(looked)
        ranked = reordered(every, {sku: one.points for sku, one in evidence.items()}, self.local.judging)
        if variants:
            families = products.groups_of(self.tables, [group.sku for group in ranked])
            ranked = _one_each(ranked, families)
        least = self.local.judging.least
        shown = {sku: one for sku, one in evidence.items() if one.points >= least}
        return ranked[:k], shown

    def _compared(self, looked: Mapping[int, str]) -> dict[str, Evidence]:
        """Return what each SKU's most agreeing picture says."""
        stored = local_features.of_keys(self.tables, self.local.extractor, list(looked))
        best: dict[str, Evidence] = {}
        for key, sku in looked.items():
            if key not in stored:
                continue
            found = agreement(self.photo, Points.from_bytes(stored[key]))
            if found.points and (sku not in best or found.points > best[sku].points):
                best[sku] = Evidence(key, found.points, found.region)
        return best


def reordered(groups: Sequence[Group], points: Mapping[str, int], judging: Judging) -> list[Group]:
    """Return SKUs by their vectors' strength and what agreeing details add to it, best first."""
    stronger = [replace(group, strength=group.strength + judging.gain(points.get(group.sku, 0))) for group in groups]
    return sorted(stronger, key=lambda group: (-group.strength, group.image_id))


def _one_each(groups: Sequence[Group], families: Mapping[str, str]) -> list[Group]:
    """Keep the best SKU of each variant group."""
    kept: dict[tuple[str, str], Group] = {}
    for group in groups:
        kind = ("group", families[group.sku]) if group.sku in families else ("sku", group.sku)
        kept.setdefault(kind, group)
    return list(kept.values())
