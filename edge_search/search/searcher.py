"""The searcher: a photo in, an answer out, from one snapshot of the store."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from edge_search.encoder.encoder import Encoder
from edge_search.errors import InvalidValue
from edge_search.imaging.crop import crop as cropped
from edge_search.imaging.decode import open_photo
from edge_search.imaging.limits import Limits
from edge_search.imaging.quality import assess
from edge_search.index.catalog_index import CatalogIndex
from edge_search.search.grouping import Group, best_groups
from edge_search.search.verdict import Thresholds
from edge_search.store import images, products, sources
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database, Tables
from edge_search.store.filters import Filter
from edge_search.store.previews import Previews
from edge_search.types import Answer, Hit, Timings

__all__ = ["Photo", "Searcher"]

Photo = bytes | str | os.PathLike[str] | Picture.Image


@dataclass(frozen=True)
class Searcher:
    """Safe to call from several threads; keeps nothing of a query."""

    database: Database
    encoder: Callable[[], Encoder]
    index: CatalogIndex
    previews: Previews
    limits: Limits
    thresholds: Thresholds

    def search(
        self,
        photo: Photo,
        k: int,
        *,
        chosen: Filter,
        crop: tuple[float, float, float, float] | None = None,
        exact: bool = False,
    ) -> Answer:
        """Name the ``k`` products nearest to ``photo``.

        Args:
            photo: encoded bytes, a path or a PIL image.
            k: products asked for, at least 1; fewer come back only when fewer exist.
            chosen: which products may be named.
            crop: x, y, w, h of the part to look at: pixels of the upright photo, or fractions of it.
            exact: compare with every image instead of asking the index.

        Raises:
            PhotoError: the photo can't be used.
            InvalidValue: k below 1, or a crop outside the photo.
        """
        if k < 1:
            raise InvalidValue(f"k = {k}: ask for at least one product")
        started = time.perf_counter()
        image = open_photo(photo, self.limits)
        if crop is not None:
            image = cropped(image, crop)
        quality = assess(image)
        decoded = time.perf_counter()
        encoder = self.encoder()  # loaded with the first photo that can be read; no part of an answer's time
        loaded = time.perf_counter()
        feature = encoder.encode([image])
        encoded = time.perf_counter()
        with self.database.read() as tables:
            view = self.index.view(tables)
            vector = view.projection(feature)[0]
            groups = best_groups(tables, view, vector, k, chosen, exact=exact)
            hits = self._hits(tables, groups)
        found = time.perf_counter()
        return Answer(
            query_id=uuid.uuid4().hex,
            verdict=self.thresholds.verdict([hit.similarity for hit in hits]),
            quality=quality,
            hits=tuple(hits),
            timings_ms=_timings(started, decoded, loaded, encoded, found),
            encoder=f"{encoder.name}@{encoder.fingerprint}",
            projection=view.projection.kind,
            generation=view.generation_id,
            calibrated=False,
        )

    def _hits(self, tables: Tables, groups: Sequence[Group]) -> list[Hit]:
        rows = products.get(tables, [group.sku for group in groups])
        roots = {source.source_id: source.root for source in sources.listed(tables)}
        hits = []
        for rank, group in enumerate(groups, start=1):
            row = rows[group.sku]
            image = images.get(tables, group.image_id)
            assert image is not None  # the same snapshot named it
            root = self.database.home.root if image.owner == LOCAL else roots[image.owner]
            picture = root / os.fsdecode(image.path)
            known = Hit(
                rank=rank,
                score=self.thresholds.score(group.strength),
                similarity=round(float(np.clip(group.similarity, -1, 1)), 6),
                image_id=group.image_id,
                image=_readable(picture, self.previews.path(image.content_hash)),
                **{**row, "title": row["title"] or row["sku"]},
            )
            hits.append(known)
        return hits


def _readable(picture: Path, preview: Path | None) -> str | None:
    try:
        there = picture.is_file()
        str(picture).encode()
    except (OSError, UnicodeEncodeError):  # a share that broke down, or a name that is no text for JSON
        there = False
    chosen = picture if there else preview
    return None if chosen is None else str(chosen)


def _timings(started: float, decoded: float, loaded: float, encoded: float, found: float) -> Timings:
    ms = Timings(
        decode=(decoded - started) * 1e3,
        encode=(encoded - loaded) * 1e3,
        search=(found - encoded) * 1e3,
        rerank=0.0,
        total=0.0,
    )
    return replace(ms, total=ms.decode + ms.encode + ms.search + ms.rerank)
