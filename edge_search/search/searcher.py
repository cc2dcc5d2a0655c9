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
from edge_search.errors import InvalidValue, NotFound
from edge_search.imaging.crop import crop as cropped
from edge_search.imaging.decode import open_photo
from edge_search.imaging.limits import Limits
from edge_search.imaging.quality import assess
from edge_search.index.catalog_index import CatalogIndex
from edge_search.local.one_core import one_core
from edge_search.search.details import Details, placed
from edge_search.search.grouping import Group, best_groups
from edge_search.search.judge import BY_VECTOR, Judge
from edge_search.search.verdict import Thresholds, judged
from edge_search.store import features, images, products, sources
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database, Tables
from edge_search.store.filters import Filter
from edge_search.store.previews import Previews
from edge_search.types import Answer, Evidence, Hit, Timings, Variant

__all__ = ["Opener", "Photo", "Searcher"]

Photo = bytes | str | os.PathLike[str] | Picture.Image
Opener = Callable[[Photo, Limits], Picture.Image]
"""Decodes a photo as `imaging.decode.open_photo` does."""

_SIMILAR_BY = 4  # photos of a product that "more like this" is searched with


@dataclass(frozen=True)
class Searcher:
    """Safe to call from several threads; keeps nothing of a query."""

    database: Database
    encoder: Callable[[], Encoder]
    index: CatalogIndex
    previews: Previews
    limits: Limits
    thresholds: Thresholds
    opener: Opener = open_photo
    rerank: bool = True

    def search(
        self,
        photo: Photo,
        k: int,
        *,
        chosen: Filter,
        crop: tuple[float, float, float, float] | None = None,
        exact: bool = False,
        variants: bool = False,
        files: bool = True,
        rerank: bool = True,
    ) -> Answer:
        """Name the ``k`` products nearest to ``photo``.

        Args:
            photo: encoded bytes, a path or a PIL image.
            k: products asked for, at least 1; fewer come back only when fewer exist.
            chosen: which products may be named.
            crop: x, y, w, h of the part to look at: pixels of the upright photo, or fractions of it.
            exact: compare with every image instead of asking the index.
            variants: SKUs of one ``variant_group`` are one hit, which then lists all of them.
            files: look for a readable file of each hit's picture; a share that hangs would hang the query.
            rerank: compare local features too, where the generation has words for them.

        Raises:
            PhotoError: the photo can't be used.
            InvalidValue: k below 1, or a crop outside the photo.
        """
        if k < 1:
            raise InvalidValue(f"k = {k}: ask for at least one product")
        started = time.perf_counter()
        image = self.opener(photo, self.limits)
        size: tuple[int, int] = image.info.get("original_size", image.size)
        if crop is not None:
            image = cropped(image, crop)
        quality = assess(image)
        decoded = time.perf_counter()
        encoder = self.encoder()  # loaded with the first photo that can be read; no part of an answer's time
        loaded = time.perf_counter()
        details = Details(image) if rerank and self._compares() else None
        feature = encoder.encode([image])
        encoded = time.perf_counter()
        with self.database.read() as tables:
            view = self.index.view(tables)
            vector = view.projection(feature)[0]
            # At least two: how sure the first is depends on how far the second is behind.
            ranked = max(k, 2)
            asked = ranked if details is None else max(ranked, BY_VECTOR)
            groups = best_groups(tables, view, vector, asked, chosen, exact=exact, variants=variants)
            searched = time.perf_counter()
            evidence: dict[str, Evidence] = {}
            local = self.index.local.view(tables, self.index.generation(tables)) if details else None
            if details is not None and local is not None:
                judge = Judge(tables, view, local, details.points())
                with one_core():
                    groups, evidence = judge.ranked(groups, vector, ranked, chosen, variants=variants)
            compared = searched if local is None else time.perf_counter()
            verdict, scores = judged(groups[:ranked], view.calibration, self.thresholds)
            hits = self.hits(tables, groups[:k], scores, variants=variants, files=files)
        hits = [_with(hit, evidence.get(hit.sku), crop, size) for hit in hits]
        found = time.perf_counter()
        return Answer(
            query_id=uuid.uuid4().hex,
            verdict=verdict,
            quality=quality,
            hits=tuple(hits),
            timings_ms=_timings(started, decoded, loaded, encoded, found, rerank=compared - searched),
            encoder=f"{encoder.name}@{encoder.fingerprint}",
            projection=view.projection.kind,
            generation=view.generation_id,
            calibrated=view.calibration is not None,
        )

    def _compares(self) -> bool:
        """Return whether this catalog's photos are compared in detail."""
        if not self.rerank:
            return False
        with self.database.read() as tables:
            return self.index.local.active(self.index.generation(tables))

    def similar(self, sku: str, k: int, *, chosen: Filter, variants: bool = False, files: bool = True) -> list[Hit]:
        """Return the ``k`` products nearest to those photos of ``sku`` that are stored, without it.

        With ``variants`` its whole variant group is left out. Every photo (of many, some spread evenly) is
        searched with; a product counts by the one it is nearest to.

        Raises:
            InvalidValue: k below 1.
            NotFound: no such product is shown.
        """
        if k < 1:
            raise InvalidValue(f"k = {k}: ask for at least one product")
        with self.database.read() as tables:
            if not products.get(tables, [sku]):
                raise NotFound(f"product {sku!r} is not in the catalog; 'edge-search products list' shows what is")
            view = self.index.view(tables)
            keys = sorted(images.searchable_of(tables, [sku]))
            some = keys[:: max(1, len(keys) // _SIMILAR_BY)][:_SIMILAR_BY]
            best: dict[str, Group] = {}
            for feature in features.of_keys(tables, self.index.fingerprint, some):
                vector = view.projection(feature[None])[0]
                # One more than asked for: the product itself is among them.
                for group in best_groups(tables, view, vector, k + 1, chosen, exact=False, variants=variants):
                    known = best.get(group.sku)
                    if known is None or group.strength > known.strength:
                        best[group.sku] = group
            families = products.groups_of(tables, [sku, *best]) if variants else {}
            own = families.get(sku)
            seen: set[str | None] = {own} - {None}
            others: list[Group] = []
            for group in sorted(best.values(), key=lambda group: (-group.strength, group.image_id)):
                family = families.get(group.sku)
                if group.sku != sku and family not in seen:
                    others.append(group)
                    seen |= {family} - {None}
            # How alike two products are is no chance of anything.
            scores = [self.thresholds.score(group.strength) for group in others]
            return self.hits(tables, others[:k], scores, variants=variants, files=files)

    def hits(
        self, tables: Tables, groups: Sequence[Group], scores: Sequence[float], *, variants: bool, files: bool
    ) -> list[Hit]:
        """Return what users see of ranked SKUs, from the snapshot that they were ranked in."""
        rows = products.get(tables, [group.sku for group in groups])
        pictures = self._pictures(tables, groups) if files else {}
        return [
            Hit(
                rank=rank,
                score=score,
                similarity=round(float(np.clip(group.similarity, -1, 1)), 6),
                image_id=group.image_id,
                image=pictures.get(group.image_id),
                variants=_variants(tables, rows[group.sku]["variant_group"]) if variants else (),
                **{**rows[group.sku], "title": rows[group.sku]["title"] or group.sku},
            )
            for rank, (group, score) in enumerate(zip(groups, scores, strict=False), start=1)
        ]

    def _pictures(self, tables: Tables, groups: Sequence[Group]) -> dict[int, str | None]:
        roots = {source.source_id: source.root for source in sources.listed(tables)}
        found = {}
        for group in groups:
            image = images.get(tables, group.image_id)
            assert image is not None  # the same snapshot named it
            root = self.database.home.root if image.owner == LOCAL else roots[image.owner]
            found[group.image_id] = _readable(root / os.fsdecode(image.path), self.previews.path(image.content_hash))
        return found


def _variants(tables: Tables, group: str | None) -> tuple[Variant, ...]:
    rows = products.of_group(tables, group) if group else []
    faces = images.faces(tables, [row["sku"] for row in rows])
    names = ("sku", "price", "currency", "stock", "location", "attributes")
    return tuple(
        Variant(title=row["title"] or row["sku"], image_id=faces.get(row["sku"]), **{name: row[name] for name in names})
        for row in rows
    )


def _readable(picture: Path, preview: Path | None) -> str | None:
    try:
        there = picture.is_file()
        str(picture).encode()
    except (OSError, UnicodeEncodeError):  # a share that broke down, or a name that is no text for JSON
        there = False
    chosen = picture if there else preview
    return None if chosen is None else str(chosen)


def _with(
    hit: Hit, evidence: Evidence | None, crop: tuple[float, float, float, float] | None, size: tuple[int, int]
) -> Hit:
    if evidence is None:
        return hit
    return replace(hit, evidence=replace(evidence, region=placed(evidence.region, crop, size)))


def _timings(started: float, decoded: float, loaded: float, encoded: float, found: float, *, rerank: float) -> Timings:
    ms = Timings(
        decode=(decoded - started) * 1e3,
        encode=(encoded - loaded) * 1e3,
        search=(found - encoded - rerank) * 1e3,
        rerank=rerank * 1e3,
        total=0.0,
    )
    return replace(ms, total=ms.decode + ms.encode + ms.search + ms.rerank)
