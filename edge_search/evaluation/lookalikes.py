"""Lookalikes: SKUs whose photos lie so near to each other that one is taken for the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_search.evaluation.advice import Advice

__all__ = ["Lookalikes", "Near", "look_alikes"]

_MOST = 200
_SAME = 0.9995  # beyond what two different photos reach
_SIZE = re.compile(
    r"\d+([.,]\d+)?\s*(x|ml|cl|l|g|kg|mg|oz|lb|cm|mm|m|inch|in|pcs|pack|st|er)?\b|\b(xxs|xs|s|m|l|xl|xxl)\b"
)


@dataclass(frozen=True)
class Near:
    """A photo, its SKU, and the nearest photo of another SKU; ``crossed``: no photo of its own SKU is nearer."""

    image_id: int
    sku: str
    other_id: int
    other: str
    similarity: float
    crossed: bool


@dataclass(frozen=True)
class Lookalikes:
    """Two SKUs: their nearest photos and how near these are (cosine as searched).

    ``crossed`` of the ``photos`` looked at (of both SKUs) have the other SKU as their nearest neighbour. ``kind``:
    ``same photo``, ``size`` (titles that differ by a size only), ``variants`` (of one group already), ``alike``.
    """

    sku: str
    other: str
    similarity: float
    image_id: int
    other_id: int
    crossed: int
    photos: int
    kind: str

    def to_dict(self) -> dict[str, Any]:
        """Return the pair as plain JSON types."""
        return {**self.__dict__, "similarity": round(self.similarity, 4)}

    def advice(self) -> Advice:
        """Return what to do about it."""
        pair = f"{self.sku} and {self.other}"
        if self.kind == "same photo":
            return Advice(
                self.sku,
                f"the same photo shows {self.other}, too",
                f"check the photos of {pair}: remove the wrong one, or make them variants of one group",
            )
        if self.kind == "size":
            return Advice(
                self.sku,
                f"looks like {self.other} and differs by its size only (similarity {self.similarity:.2f})",
                f"put {pair} into one variant_group, so that shoppers choose the size",
            )
        if self.kind == "variants":
            return Advice(
                self.sku,
                f"looks like its variant {self.other} (similarity {self.similarity:.2f})",
                "nothing, where variants count as one hit; else take 3 more photos that show what differs",
            )
        return Advice(
            self.sku,
            f"looks like {self.other} (similarity {self.similarity:.2f})",
            "take 3 more photos of both that show what differs: label, back, side",
        )


def look_alikes(near: Iterable[Near], products: Mapping[str, Mapping[str, Any]]) -> list[Lookalikes]:
    """Return pairs of SKUs, nearest first, at most 200.

    Args:
        near: photos with the nearest photo of another SKU each.
        products: SKU -> its row (title, variant_group).
    """
    best: dict[tuple[str, str], Near] = {}
    crossed: dict[tuple[str, str], int] = {}
    photos: dict[str, int] = {}
    for one in near:
        pair = (min(one.sku, one.other), max(one.sku, one.other))
        photos[one.sku] = photos.get(one.sku, 0) + 1
        crossed[pair] = crossed.get(pair, 0) + one.crossed
        if pair not in best or one.similarity > best[pair].similarity:
            best[pair] = one
    ordered = sorted(best.items(), key=lambda item: (-item[1].similarity, item[0]))[:_MOST]
    return [
        Lookalikes(
            sku=one.sku,
            other=one.other,
            similarity=one.similarity,
            image_id=one.image_id,
            other_id=one.other_id,
            crossed=crossed[pair],
            photos=sum(photos.get(sku, 0) for sku in pair),
            kind=_kind(one, products.get(one.sku, {}), products.get(one.other, {})),
        )
        for pair, one in ordered
    ]


def _kind(near: Near, one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    group = one.get("variant_group")
    if group and group == other.get("variant_group"):
        return "variants"
    if near.similarity >= _SAME:
        return "same photo"
    titles = [str(row.get("title") or "").casefold() for row in (one, other)]
    bare = [" ".join(_SIZE.sub(" ", title).split()) for title in titles]
    return "size" if all(bare) and bare[0] == bare[1] and titles[0] != titles[1] else "alike"
