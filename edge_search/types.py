"""What crosses the borders between layers: answers, reports, progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Answer",
    "Evidence",
    "FloatArray",
    "Held",
    "Hit",
    "InboxItem",
    "IndexReport",
    "KeyArray",
    "MediaPhoto",
    "MediaReport",
    "Medium",
    "Progress",
    "Quality",
    "Skipped",
    "Timings",
    "Variant",
    "Verdict",
]

Verdict: TypeAlias = Literal["match", "maybe", "none"]
Quality: TypeAlias = Literal["ok", "dark", "blurred"]
FloatArray: TypeAlias = NDArray[np.float32]
KeyArray: TypeAlias = NDArray[np.int64]
Progress: TypeAlias = Callable[[int, int], None]
"""Called as ``progress(done, total)`` while photos are ingested."""


@dataclass(frozen=True)
class Variant:
    """One SKU of a variant group: another size, colour or flavour."""

    sku: str
    title: str
    price: float | None = None
    currency: str | None = None
    stock: int | None = None
    location: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    image_id: int | None = None


@dataclass(frozen=True)
class Evidence:
    """What speaks for a hit besides its vector: ``points`` local features lie on the photo as on image ``image_id``.

    ``region`` is where on the photo: x, y, width, height as fractions of it, as a crop is given.
    """

    image_id: int
    points: int
    region: tuple[float, float, float, float]


@dataclass(frozen=True)
class Hit:
    """One ranked SKU.

    ``similarity`` is the raw cosine (-1 to 1) of the best image of the SKU; ``score`` (0 to 1, larger is
    better) is what users see. ``image`` is a readable file with that picture, where one is left. ``variants``
    are all SKUs of its variant group, itself among them, when variants were asked to count as one. ``evidence`` says
    where local features agree, where they do.
    """

    rank: int
    sku: str
    score: float
    similarity: float
    title: str
    category: str | None = None
    brand: str | None = None
    price: float | None = None
    currency: str | None = None
    stock: int | None = None
    location: str | None = None
    url: str | None = None
    gtin: str | None = None
    variant_group: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    image_id: int = 0
    image: str | None = None
    variants: tuple[Variant, ...] = ()
    evidence: Evidence | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the hit as plain JSON types."""
        return {
            **vars(self),
            "attributes": dict(self.attributes),
            "score": round(self.score, 4),
            "variants": [asdict(one) for one in self.variants],
            "evidence": asdict(self.evidence) if self.evidence else None,
        }


@dataclass(frozen=True)
class Timings:
    """Milliseconds a query spent in each stage."""

    decode: float
    encode: float
    search: float
    rerank: float
    total: float


@dataclass(frozen=True)
class Answer:
    """What one query photo brought."""

    query_id: str
    verdict: Verdict
    quality: Quality
    hits: tuple[Hit, ...]
    timings_ms: Timings
    encoder: str
    projection: str
    generation: int
    calibrated: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain JSON types (times rounded to microseconds)."""
        # asdict copies everything in depth: half a millisecond of every answer.
        hits = [hit.to_dict() for hit in self.hits]
        return {
            **vars(self),
            "hits": hits,
            "timings_ms": {name: round(ms, 3) for name, ms in vars(self.timings_ms).items()},
        }


@dataclass(frozen=True)
class Skipped:
    """A file or line that was not taken, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Medium:
    """A removable medium, or what lies mounted where such are; ``media_id`` names it as long as it is mounted."""

    media_id: str
    label: str
    path: str


@dataclass(frozen=True)
class MediaPhoto:
    """A photo on a medium; ``sku`` is empty where its name says nothing (a camera's)."""

    path: str
    sku: str


@dataclass(frozen=True)
class MediaReport:
    """What a medium brings, or brought; each photo is counted in one place.

    ``unknown_sku``: new or changed ones whose SKU no product table lists (these are copied, and wait in the inbox)
    or that have none (these are not). ``products_changed``: rows added to or changed in the table. ``taken``: files
    that were copied, None for a preview; ``into``: the catalog folder; ``index``: what following that brought.
    """

    path: str
    new: tuple[MediaPhoto, ...]
    changed: tuple[MediaPhoto, ...]
    unchanged: int
    unreadable: tuple[Skipped, ...]
    unknown_sku: tuple[MediaPhoto, ...]
    products_changed: int
    taken: int | None
    into: str
    warnings: tuple[Skipped, ...] = ()
    index: IndexReport | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON types."""
        return dict(asdict(self), index=self.index.to_dict() if self.index else None)


@dataclass(frozen=True)
class InboxItem:
    """Photos of a SKU that no product table lists: they wait, and shoppers don't see them."""

    sku: str
    image_ids: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class Held:
    """A deletion that waits for a yes: too large, or the whole source looks empty."""

    images: int
    products: int
    reason: str


@dataclass(frozen=True)
class IndexReport:
    """What making the store equal to a source did; counts are photos unless named otherwise.

    ``images`` and ``products`` are what the catalog shows now; photos in the ``inbox`` or removed are not in it.
    ``warnings`` are of what was taken, but is probably not meant (lost leading zeros).
    """

    added: int
    updated: int
    removed: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    inbox: int
    encoded: int
    images: int
    products: int
    seconds: float
    held: Held | None = None
    warnings: tuple[Skipped, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON types."""
        return dict(asdict(self), seconds=round(self.seconds, 3))
