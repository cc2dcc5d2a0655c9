"""The box: everything one home can do, for Python, the CLI and HTTP alike."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image as Picture

from edge_search.appliance.encoders import Encoders, named_bundle
from edge_search.appliance.inbox import read_inbox
from edge_search.appliance.media import Media
from edge_search.appliance.readiness import Readiness
from edge_search.appliance.recovering import recovering
from edge_search.appliance.rooms import Rooms
from edge_search.appliance.status import Status, read_status
from edge_search.appliance.steady import steady
from edge_search.appliance.table import ProductTable
from edge_search.config import Settings, load_settings
from edge_search.encoder.encoder import Encoder
from edge_search.errors import InvalidValue, NotFound, StoreDamaged
from edge_search.imaging.decode import open_photo
from edge_search.ingest.teach import Teacher
from edge_search.maintenance.doctor import Patient, examine
from edge_search.maintenance.finding import Finding
from edge_search.maintenance.recover import lost, recover
from edge_search.search.searcher import Opener, Photo
from edge_search.store import images
from edge_search.store.database import Database
from edge_search.store.filters import Filter, parse_filter
from edge_search.store.home import Home, prepare_home
from edge_search.types import Answer, Hit, InboxItem, IndexReport, Progress

__all__ = ["Box"]


class Box(Rooms):
    """One appliance. Thread-safe; several processes may open the same home at the same time."""

    def __init__(
        self,
        home: Path,
        *,
        encoder: Encoder | Sequence[Encoder] | None = None,
        recovers: bool = True,
        once: bool = False,
        opener: Opener = open_photo,
        **settings: Any,
    ) -> None:
        """Open ``home``; see `edge_search.open`.

        ``encoder`` (or several) replaces the bundles, for tests. With ``recovers`` a damaged database is replaced by
        the last snapshot; without, it raises StoreDamaged (for those who only want to look). ``once`` is for a
        process that asks one thing and ends: the runtime ``auto`` takes the one that is ready first. ``opener``
        decodes the photos that are searched with and taught (a server has strangers' photos decoded elsewhere).
        """
        settings_of = load_settings(home.expanduser().absolute(), **settings)
        place = prepare_home(home)
        database = _opened(place, settings_of, recovers=recovers)
        encoders = Encoders(database, settings_of, encoder, quick_start=once)
        super().__init__(place, settings_of, database, encoders, opener)
        self.products = ProductTable(self.database)
        try:
            self.upkeep.adopt()
        except StoreDamaged:
            if not recovers:
                raise
            self.upkeep.repair()

    def __enter__(self) -> Box:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; later calls raise StoreError."""
        if self._journal is not None:
            self._journal.close()
        self.database.close()

    @recovering
    def search(
        self,
        photo: Photo,
        k: int | None = None,
        *,
        category: str | Sequence[str] = (),
        where: str | Sequence[str] = (),
        crop: tuple[float, float, float, float] | None = None,
        exact: bool = False,
        variants: bool = False,
        files: bool = True,
        rerank: bool = True,
    ) -> Answer:
        """Name the products on a photo (encoded bytes, a path or a PIL image).

        Args:
            photo: nothing of it is kept.
            k: products to name; default: the setting ``hits``.
            category: only these categories.
            where: conditions such as ``price<20``; all must hold.
            crop: x, y, w, h in pixels of the upright photo, or all at most 1: fractions of it.
            exact: compare with every image instead of asking the index.
            variants: SKUs of one ``variant_group`` are one hit, which then lists all of them.
            files: let each hit name a readable file of its picture (looks for it where the source lies).
            rerank: compare details too, where that was seen to help this catalog and the setting allows it.

        Raises:
            PhotoError: the photo can't be used.
            InvalidValue: k, crop or a condition can't be used.
        """
        chosen = parse_filter(_several(where), _several(category))
        count = self.settings.hits if k is None else k
        return self._searcher().search(
            photo, count, chosen=chosen, crop=crop, exact=exact, variants=variants, files=files, rerank=rerank
        )

    @recovering
    def similar(self, sku: str, k: int | None = None, *, variants: bool = False, files: bool = True) -> tuple[Hit, ...]:
        """Return the products most like ``sku`` by its stored photos, without itself; loads no network.

        Raises:
            NotFound: no such product is shown.
            InvalidValue: k below 1.
        """
        count = self.settings.hits if k is None else k
        return tuple(self._searcher().similar(sku, count, chosen=Filter(), variants=variants, files=files))

    @recovering
    def index(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        manifest: str | os.PathLike[str] | None = None,
        yes: bool = False,
        progress: Progress | None = None,
    ) -> IndexReport:
        """Make the store equal to a folder or manifest; without either, to every source it follows.

        Returns what was done. A deletion that is suspiciously large is held (``report.held``) until ``yes``.

        Raises:
            SourceMissing: it is not there now; nothing is deleted.
            CatalogError: it can't be followed, or there is no source yet.
            InvalidValue: a folder and a manifest at once.
        """
        if folder is not None and manifest is not None:
            raise InvalidValue(f"index {folder} and {manifest}: give a folder or a manifest, not both")
        if folder is not None and _absolute(folder) == self.home.root:
            raise InvalidValue(f"index {folder}: that is the home itself; name the folder with the product photos")
        self.encoders.settle()
        following = self._following()
        if folder is not None:
            return following.one("folder", _absolute(folder), yes=yes, progress=progress)
        if manifest is not None:
            return following.one("manifest", _absolute(manifest), yes=yes, progress=progress)
        return following.all(yes=yes, progress=progress)

    @recovering
    def add(self, /, sku: str, photos: Photo | Sequence[Photo], **values: str | float | int | None) -> list[int]:
        """Teach photos of a product, with values such as ``title=``; findable when this returns.

        Returns the images' keys. See `Teacher.teach`.
        """
        several = [photos] if isinstance(photos, bytes | str | os.PathLike | Picture.Image) else list(photos)
        teacher = Teacher(
            self.database,
            self.encoders.query,
            self._previews(),
            self._limits(),
            opener=self._opener,
            local_bytes=self.settings.local_bytes,
        )
        return teacher.teach(sku, several, values)

    def decoded(self, photo: Photo) -> Picture.Image:
        """Return a photo upright, in sRGB, reduced as it is searched with; PhotoError when it can't be used."""
        return self._opener(photo, self._limits())

    def remove_image(self, image_id: int) -> None:
        """Hide one photo for good, also when its source brings it again.

        Raises:
            NotFound: there is no such image.
        """
        with self.database.write() as tables:
            image = images.get(tables, image_id)
            if image is None:
                raise NotFound(f"image {image_id}: no such image; 'edge-search products show SKU' lists them")
            images.entomb(tables, image)

    def inbox(self) -> tuple[InboxItem, ...]:
        """Return the photos that wait because no product table lists their SKU; answers never come from them."""
        return read_inbox(self.database)

    @steady
    def status(self) -> Status:
        """Return how the home stands."""
        encoder = self.encoders.current
        return read_status(
            self.database,
            self._index_of(encoder),
            f"{encoder.name}@{encoder.fingerprint}",
            self.watching.report(),
            self.sources.listed(),
        )

    def doctor(self) -> list[Finding]:
        """Look at machine, home and encoder; takes seconds, for both runtimes are tried. Changes nothing."""
        patient = Patient(
            home=self.home,
            database=self.database,
            find_bundle=lambda: named_bundle(self.home, self.encoders.name),
            runtime=self.settings.runtime,
            threads=self.settings.threads,
        )
        return examine(patient)

    def compact(self) -> int:
        """Build a new generation of everything and drop what nobody uses; returns its number."""
        return self.upkeep.compact()

    @property
    def media(self) -> Media:
        """Sticks and cards: what they bring, and taking it in."""
        return Media(
            self.database,
            self.settings,
            self._limits(),
            self.encoders.cores,
            lambda folder, progress: self.index(folder, progress=progress),
        )

    @property
    def readiness(self) -> Readiness:
        """Whether a question would be answered now."""
        return Readiness(self.database, self.catalog_index, lambda photo: self.search(photo, 1, files=False))


def _absolute(path: str | os.PathLike[str]) -> Path:
    # A source is known by this path: symbolic links stay in it, for they may point elsewhere tomorrow.
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute() keeps `..`


def _several(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _opened(home: Home, settings: Settings, *, recovers: bool) -> Database:
    def opened() -> Database:
        return Database(home, lock_timeout_s=settings.lock_timeout_s, reserve_mb=settings.reserve_mb)

    if recovers and lost(home):
        recover(home)
    try:
        return opened()
    except StoreDamaged:
        if not recovers:
            raise
        recover(home)
        return opened()
