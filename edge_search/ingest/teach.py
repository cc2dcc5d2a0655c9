"""Teaching: photos of a product given by hand; their files are kept in the home for good."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from PIL import Image as Picture

from edge_search.catalog.sku import clean_sku
from edge_search.catalog.values import parse_values
from edge_search.encoder.encoder import Encoder
from edge_search.errors import InvalidValue, PhotoError
from edge_search.imaging.decode import open_photo
from edge_search.imaging.formats import sniff
from edge_search.imaging.hashing import content_hash
from edge_search.imaging.limits import Limits
from edge_search.imaging.photo import read_photo
from edge_search.ingest.details import Detailing
from edge_search.ingest.pipeline import Outcome, Pipeline, Task
from edge_search.local.points import GALLERY_BYTES
from edge_search.store import catalog_encoder, checks, features, images, products
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database
from edge_search.store.durable import atomic_file
from edge_search.store.images import Image
from edge_search.store.previews import Previews
from edge_search.store.products import Values

__all__ = ["Teacher"]


Photo: TypeAlias = bytes | str | os.PathLike[str] | Picture.Image


@dataclass(frozen=True)
class Teacher:
    """Adds local photos; findable the moment ``teach`` returns, and never undone by a sync."""

    database: Database
    encoder: Encoder
    previews: Previews
    limits: Limits
    workers: int = 1
    opener: Callable[[bytes, Limits], Picture.Image] = open_photo
    local_bytes: int = GALLERY_BYTES

    def teach(self, sku: str, photos: Sequence[Photo], values: Values, *, show: bool = True) -> list[int]:
        """Store photos of ``sku`` and local product values, all of them or none.

        With ``show`` the product and these photos are shown again if they were removed.

        Returns:
            The images' keys, in order; a photo that was taught before keeps its key.

        Raises:
            InvalidValue: a SKU or value that can't be used, no photo, or one that is held out as a check.
            PhotoError: one of the photos can't be used; none was stored.
            EncoderChanged: the catalog has another encoder by now; none was stored.
        """
        try:
            sku, parsed = clean_sku(sku), parse_values(values)
        except ValueError as error:
            raise InvalidValue(f"product {sku!r}: {error}") from None
        if not photos:
            raise InvalidValue(f"product {sku!r}: no photo to add; give one, or set values with 'products set'")
        self.database.need_space()
        contents = [_content(photo, self.limits) for photo in photos]
        self._refuse_checks(sku, contents)
        details = Detailing(self.database, self.local_bytes)
        pipeline = Pipeline(
            self.encoder,
            known=lambda _: None,
            keep=partial(self._keep, details),
            limits=self.limits,
            workers=self.workers,
            opener=self.opener,
            hurry=True,
        )
        made = list(pipeline.run(Task(data, partial(bytes, data)) for data in contents))
        for number, outcome in enumerate(made, start=1):
            if outcome.reason is not None:
                raise PhotoError(f"photo {number} of {len(made)} for {sku}: {outcome.reason}")
        rows = [self._kept(sku, outcome) for outcome in made]
        with self.database.write() as tables:
            catalog_encoder.settle(tables, self.encoder.name, self.encoder.fingerprint)
            fresh = {o.content_hash: o.feature for o in made if o.feature is not None}
            features.put(tables, self.encoder.fingerprint, fresh)
            details.put(tables, [outcome.content_hash for outcome in made])
            keys = []
            for row in rows:
                if show:
                    images.unentomb(tables, sku, row.content_hash)
                old = images.at(tables, LOCAL, row.path, sku)
                keys.append(old.image_id if old else images.add(tables, [row])[0])
            if show:
                products.exhume(tables, sku)
            products.put_values(tables, LOCAL, {sku: parsed}, merge=True)
        return keys

    def _keep(self, details: Detailing, digest: str, image: Picture.Image, data: bytes) -> None:
        details.take(digest, image)
        self.previews.keep(digest, image, data)

    def _refuse_checks(self, sku: str, contents: Sequence[bytes]) -> None:
        with self.database.read() as tables:
            if checks.held(tables, map(content_hash, contents)):
                raise InvalidValue(f"product {sku!r}: a photo is held out as a check and never teaches; take another")

    def _kept(self, sku: str, outcome: Outcome[bytes]) -> Image:
        home = self.database.home
        path = home.taught_folder(sku) / f"{outcome.content_hash}.{_suffix(outcome.item)}"
        if not (path.exists() and path.stat().st_size == len(outcome.item)):
            atomic_file(path, lambda temp: temp.write_bytes(outcome.item))
        stat = path.stat()
        return Image(
            image_id=0,
            sku=sku,
            owner=LOCAL,
            path=os.fsencode(path.relative_to(home.root)),
            content_hash=outcome.content_hash,
            size=stat.st_size,
            mtime_ns=stat.st_mtime_ns,
            inode=stat.st_ino,
            width=outcome.width,
            height=outcome.height,
        )


def _content(photo: Photo, limits: Limits) -> bytes:
    if isinstance(photo, bytes):
        return photo
    if isinstance(photo, Picture.Image):
        buffer = io.BytesIO()
        open_photo(photo, limits).save(buffer, "PNG")
        return buffer.getvalue()
    return read_photo(Path(photo), limits)


def _suffix(data: bytes) -> str:
    return (sniff(data) or "bin").lower()
