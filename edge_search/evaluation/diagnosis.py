"""Diagnosis: the classic failures of a visual search, as numbers about one catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_search.evaluation.advice import Advice
from edge_search.evaluation.backgrounds import Swapped, background_figures, swap_backgrounds
from edge_search.evaluation.colours import Recoloured, colour_figures, recolour
from edge_search.evaluation.lookalikes import Lookalikes
from edge_search.evaluation.metrics import FEWEST
from edge_search.evaluation.sample import Look, Name, Tried

__all__ = ["Diagnosis", "try_photos"]

_GROUP = 20
# Of the whole catalog. A twentieth of other products nearer than the product itself is what chance and true
# lookalikes leave; a quarter is what a shopper notices.
_SOME, _MUCH = 0.05, 0.25
_COLLAPSED = 0.25
_UNSEEN_COLOUR = 0.95
_LEAKY = 0.5
_NEAREST = 20


@dataclass(frozen=True)
class Diagnosis:
    """What was found: ``swapped`` and ``recoloured`` photo by photo, ``categories`` as figures, ``pairs`` of SKUs.

    ``sure_above``: the cosine from which two SKUs count as lookalikes: as near as photos of one product are.
    """

    swapped: tuple[Swapped, ...]
    recoloured: tuple[Recoloured, ...]
    categories: Mapping[str, Any]
    pairs: tuple[Lookalikes, ...]
    sure_above: float
    images: int
    products: int
    encoder: str
    projection: str
    unreadable: int = 0

    @property
    def enough(self) -> bool:
        """Whether there are photos enough to conclude something about the whole catalog."""
        return len(self.swapped) >= FEWEST

    def to_dict(self) -> dict[str, Any]:
        """Return the figures and what to do as plain JSON types; rates are None where there are too few photos."""
        return {
            "enough": self.enough,
            "fewest": FEWEST,
            "photos": len(self.swapped),
            "unreadable": self.unreadable,
            "background": background_figures(self.swapped) if self.enough else None,
            "colour": colour_figures(self.recoloured) if self.enough else None,
            "categories": dict(self.categories) if self.enough else None,
            "confusable": [pair.to_dict() for pair in self.confusable],
            "nearest_pairs": [pair.to_dict() for pair in self.pairs[:_NEAREST]],
            "confusable_above": round(self.sure_above, 4),
            "findings": [one.to_dict() for one in self.findings],
            "catalog": {"images": self.images, "products": self.products},
            "encoder": self.encoder,
            "projection": self.projection,
        }

    @property
    def confusable(self) -> list[Lookalikes]:
        """The pairs of SKUs that are as near to each other as photos of one product are."""
        return [pair for pair in self.pairs if pair.similarity >= self.sure_above or pair.kind == "same photo"]

    @property
    def findings(self) -> list[Advice]:
        """What is wrong and what to do about it: about the whole catalog first, then SKU by SKU."""
        whole = [*_of_background(self), *_of_colour(self), *_of_categories(self)] if self.enough else []
        # Variants of one group look alike for a reason.
        pairs = [pair.advice() for pair in self.confusable if pair.kind != "variants"]
        return [*whole, *pairs, *_of_photos(self.swapped)]


def try_photos(
    photos: Sequence[Callable[[], Tried | None]],
    look: Look,
    name: Name,
    *,
    seed: int = 0,
    step: Callable[[], None] = lambda: None,
) -> tuple[list[Swapped], list[Recoloured]]:
    """Swap the backgrounds and colours of photos, in groups of 20 that are compared with each other.

    Args:
        photos: each decodes one; None: it can't be read.
        look: pictures -> vectors.
        name: vector -> the SKU nearest to it.
        seed: of the backgrounds.
        step: called after each photo.
    """
    swapped: list[Swapped] = []
    recoloured: list[Recoloured] = []
    rng = np.random.default_rng(seed)
    for part in np.array_split(np.arange(len(photos)), max(1, round(len(photos) / _GROUP))):
        group = [tried for at in part if (tried := photos[at]()) is not None]
        if group:
            swapped += swap_backgrounds(group, look, name, rng)
            recoloured += recolour(group, look, name)
        for _ in part:
            step()
    return swapped, recoloured


def _of_background(found: Diagnosis) -> list[Advice]:
    leakage = background_figures(found.swapped)["leakage"]
    if leakage < _SOME:
        return []
    much = "much" if leakage >= _MUCH else "somewhat"
    return [
        Advice(
            "",
            f"the background says {much}: in {leakage:.0%} of comparisons another product on the same background seems "
            "nearer than the same product on another one",
            "take photos of one product against different backgrounds, and products of all kinds against the same one; "
            "then run 'edge-search adapt'",
        )
    ]


def _of_colour(found: Diagnosis) -> list[Advice]:
    figures = colour_figures(found.recoloured)
    advice = []
    if figures["bias"] >= _SOME:
        advice.append(
            Advice(
                "",
                f"colour says more than shape in {figures['bias']:.0%} of comparisons: light of another colour may "
                "give wrong answers",
                "light the kiosk like the photos of the catalog, or take photos under both lights; then run "
                "'edge-search adapt'",
            )
        )
    if figures["similarity"] >= _UNSEEN_COLOUR:
        advice.append(
            Advice(
                "",
                f"colour is hardly seen (recoloured photos are {figures['similarity']:.2f} similar): products that "
                "differ by colour alone can't be told apart",
                "put colour variants into one variant_group, so that shoppers choose the colour",
            )
        )
    return advice


def _of_categories(found: Diagnosis) -> list[Advice]:
    rows = found.categories.get("by_category", {})
    return [
        Advice(
            "",
            f"the products of category {name} have collapsed: they lie {row['spread']:.2f} times as far apart as "
            "products of different categories",
            "take 3 more photos of each of them that show label and print; then run 'edge-search adapt'",
        )
        for name, row in rows.items()
        if row["spread"] is not None and row["spread"] < _COLLAPSED
    ]


def _of_photos(swapped: Sequence[Swapped]) -> list[Advice]:
    worst: dict[str, Swapped] = {}
    for one in swapped:
        known = worst.get(one.shot.sku)
        if (one.leak >= _LEAKY or one.found == 0) and (known is None or one.leak > known.leak):
            worst[one.shot.sku] = one
    return [
        Advice(
            sku,
            f"photo {one.shot.image_id}: on another background it is "
            + ("not found" if one.found == 0 else f"less like itself than {one.leak:.0%} of other products"),
            "take 3 more photos of it, each against another background",
        )
        for sku, one in sorted(worst.items(), key=lambda item: -item[1].leak)
    ]
