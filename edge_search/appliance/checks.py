"""Checks: the held-out photos of this home."""

from __future__ import annotations

import os

from edge_search.catalog.listing import Listing, Problem, SourceFile
from edge_search.errors import CatalogError, InvalidValue, NotFound
from edge_search.imaging.formats import sniff
from edge_search.imaging.hashing import content_hash
from edge_search.imaging.limits import Limits
from edge_search.search.searcher import Opener
from edge_search.store import checks, images, products
from edge_search.store.database import Database
from edge_search.store.durable import atomic_file

__all__ = ["Checks"]


class Checks:
    """`box.checks`: photos with their right SKU that measure the catalog and never become part of it."""

    def __init__(self, database: Database, limits: Limits, opener: Opener) -> None:
        self._database = database
        self._limits = limits
        self._opener = opener

    def add(self, sku: str, photo: bytes) -> int:
        """Keep a photo as a check of ``sku``; returns its number. The same photo again is the same check.

        Raises:
            NotFound: no such product.
            PhotoError: the photo can't be used.
            InvalidValue: the photo is in the catalog: it would only measure how well that is remembered.
        """
        self._opener(photo, self._limits)
        digest = content_hash(photo)
        with self._database.read() as tables:
            if sku not in products.get(tables, [sku]):
                raise NotFound(f"product {sku!r} is not in the catalog")
            shown = images.of_content(tables, digest)
        if shown:
            raise InvalidValue(f"this photo already teaches {shown[0].sku}; check with one the catalog doesn't know")
        self._database.need_space(len(photo))
        home = self._database.home
        path = home.checks / f"{digest}.{(sniff(photo) or 'bin').lower()}"
        atomic_file(path, lambda temp: temp.write_bytes(photo))
        with self._database.write() as tables:
            return checks.add(tables, sku, digest, path.relative_to(home.root).as_posix())

    def counts(self) -> tuple[int, int]:
        """Return how many checks there are, and of how many SKUs."""
        with self._database.read() as tables:
            return checks.counts(tables)

    def listing(self) -> Listing:
        """Return the checks as a manifest's rows; those that got into the catalog since are left out and named.

        Raises:
            CatalogError: there is none.
        """
        with self._database.read() as tables:
            known = checks.listed(tables)
        if not known:
            raise CatalogError("there are no check photos yet; name a file with --queries, or save some in staff mode")
        spoilt = [Problem(one.path, "in the catalog by now, so it checks nothing") for one in known if one.spoilt]
        files = [SourceFile(os.fsencode(one.path), one.sku, 0, 0, 0) for one in known if not one.spoilt]
        return Listing(self._database.home.root, "manifest", tuple(files), (), has_table=False, problems=tuple(spoilt))
