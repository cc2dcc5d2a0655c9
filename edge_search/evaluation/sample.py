"""A sample of the catalog's own photos to try things on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from edge_search.store import images
from edge_search.store.database import Database
from edge_search.types import FloatArray

__all__ = ["Look", "Name", "Shot", "Tried", "draw_keys", "others"]

Look = Callable[[Sequence[Picture.Image]], FloatArray]
"""Pictures -> unit vectors float32 (n, d), as they are searched with."""
Name = Callable[[FloatArray], str | None]
"""A vector (d,) -> the SKU that the catalog has nearest to it."""


@dataclass(frozen=True)
class Shot:
    """One photo of the catalog."""

    image_id: int
    sku: str
    file: Path


@dataclass(frozen=True)
class Tried:
    """A photo of the catalog, decoded."""

    shot: Shot
    picture: Picture.Image


def draw_keys(database: Database, count: int, *, seed: int = 0) -> dict[int, str]:
    """Return key -> SKU of up to ``count`` searchable photos, of as many SKUs as can be; the same every time."""
    with database.read() as tables:
        keys = images.searchable(tables)
    drawn = np.random.default_rng(seed).permutation(keys)[: 10 * count].tolist()
    with database.read() as tables:
        owners = images.skus_of(tables, drawn)
    first: dict[int, str] = {}
    rest: dict[int, str] = {}
    seen: set[str] = set()
    for key in drawn:
        if key in owners:
            (rest if owners[key] in seen else first)[key] = owners[key]
            seen.add(owners[key])
    return dict([*first.items(), *rest.items()][:count])


def others(skus: Sequence[str]) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return for each position the positions of other SKUs."""
    names = np.asarray(skus)
    return [np.flatnonzero(names != sku) for sku in skus]
