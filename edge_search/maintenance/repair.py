"""Repair: mend what verify finds, without an operator where that is possible."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from urllib.parse import unquote

from edge_search.encoder.encoder import Encoder
from edge_search.errors import InvalidValue, PhotoError
from edge_search.imaging.decode import decode
from edge_search.imaging.limits import Limits
from edge_search.index.builder import Builder
from edge_search.ingest.describing import Describing
from edge_search.ingest.originals import Originals
from edge_search.ingest.teach import Teacher
from edge_search.maintenance.damage import Damage
from edge_search.maintenance.verify import verify
from edge_search.store import catalog_encoder, features, images, products
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database
from edge_search.store.previews import Previews

__all__ = ["Repair"]


@dataclass(frozen=True)
class Repair:
    """Mends features, product rows, previews, segments and taught photos of one home."""

    database: Database
    encoder: Encoder
    builder: Builder
    previews: Previews
    limits: Limits
    teacher: Teacher

    def run(self) -> tuple[list[Damage], list[Damage]]:
        """Mend everything ``verify`` finds; returns (mended, left)."""
        mended: list[Damage] = []
        left: list[Damage] = []
        anew = False
        for damage in list(verify(self.database, self.previews, self.encoder.fingerprint)):
            if damage.kind == "segment":
                anew = True
                mended.append(damage)
            else:
                (mended if self._mended(damage) else left).append(damage)
        if anew:
            self.builder.publish(anew=True)
        return mended, left

    def adopt_taught(self) -> int:
        """Add photos in `taught/` that the store doesn't know (after an older snapshot took over)."""
        home = self.database.home
        with self.database.read() as tables:
            known = {image.path for image in images.by_owner(tables, LOCAL)}
            # The folder of a long SKU has a hash for a name.
            skus = {home.taught_folder(sku).name: sku for sku in products.values_of(tables, LOCAL)}
        count = 0
        for path in sorted(home.taught.glob("*/[!.]*")):
            sku = skus.get(path.parent.name, unquote(path.parent.name))
            if os.fsencode(path.relative_to(home.root)) in known or home.taught_folder(sku) != path.parent:
                continue
            with contextlib.suppress(PhotoError, InvalidValue):
                self.teacher.teach(sku, [path], {}, show=False)
                count += 1
        return count

    def _mended(self, damage: Damage) -> bool:
        if damage.kind == "product":
            with self.database.write() as tables:
                products.refresh(tables, [damage.key])
            return True
        if damage.kind == "preview":
            return self._preview(damage.key)
        if damage.kind == "feature":
            return self._feature(damage.key)
        if damage.kind == "details":
            return self._describing().again(damage.key)
        return False

    def _preview(self, digest: str) -> bool:
        originals = self._originals()
        files = [place for place in originals.places([digest])[digest] if place.origin != "preview"]
        for _, data in originals.photos(digest, files):
            self.database.home.preview(digest).unlink(missing_ok=True)
            self.previews.keep(digest, decode(data, self.limits), data)
            return True
        # Without the photo there is nothing to make it from; a damaged one would only mislead.
        self.database.home.preview(digest).unlink(missing_ok=True)
        return False

    def _feature(self, digest: str) -> bool:
        originals = self._originals()
        for _, data in originals.photos(digest, originals.places([digest])[digest]):
            try:
                image = decode(data, self.limits)
            except PhotoError:
                continue
            feature = self.encoder.encode([image])[0]
            with self.database.write() as tables:
                catalog_encoder.expect(tables, self.encoder.fingerprint)
                features.drop(tables, self.encoder.fingerprint, digest)
                features.put(tables, self.encoder.fingerprint, {digest: feature})
            return True
        return False

    def _describing(self) -> Describing:
        return Describing(self.database, self._originals(), workers=1, budget=self.teacher.local_bytes)

    def _originals(self) -> Originals:
        return Originals(self.database, self.previews, self.limits)
