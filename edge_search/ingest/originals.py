"""Originals: where the pixels of a photo that is in the store can be found again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_search.errors import PhotoError
from edge_search.imaging.hashing import content_hash
from edge_search.imaging.limits import Limits
from edge_search.imaging.photo import read_photo
from edge_search.store import images, sources
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database, Tables
from edge_search.store.images import Image
from edge_search.store.previews import Previews

__all__ = ["Origin", "Originals", "Place"]

Origin = Literal["folder", "taught", "preview"]


@dataclass(frozen=True)
class Place:
    """A file that holds, or should hold, a photo; ``size`` in bytes as recorded, None of a preview."""

    origin: Origin
    path: Path
    size: int | None = None

    @property
    def there(self) -> bool:
        """Whether the file is there with its size; it is not read."""
        try:
            length = self.path.stat().st_size
        except (OSError, ValueError):
            return False
        return length > 0 and self.size in {None, length}


@dataclass(frozen=True)
class Originals:
    """Finds photos by content hash: in their sources' folders, in `taught/`, at last as previews."""

    database: Database
    previews: Previews
    limits: Limits

    def places(self, digests: Sequence[str]) -> dict[str, list[Place]]:
        """Return where each content may lie, the best place first; the files need not be there."""
        with self.database.read() as tables:
            roots = {source.source_id: source.root for source in sources.listed(tables)}
            roots[LOCAL] = self.database.home.root
            return {digest: self._places(tables, roots, digest) for digest in digests}

    def photos(self, digest: str, places: Sequence[Place]) -> Iterator[tuple[Place, bytes]]:
        """Yield the bytes found at these places, best first.

        A file counts only while its content is the recorded one; a preview is no original, it has another hash.
        """
        for place in places:
            try:
                data = read_photo(place.path, self.limits)
            except PhotoError:
                continue
            if place.origin == "preview" or content_hash(data) == digest:
                yield place, data

    def _places(self, tables: Tables, roots: dict[int, Path], digest: str) -> list[Place]:
        rows = sorted(images.of_content(tables, digest), key=lambda row: row.owner == LOCAL)
        found = [_place(roots[row.owner], row) for row in rows if row.owner in roots]
        return [*found, Place("preview", self.database.home.preview(digest))]


def _place(root: Path, row: Image) -> Place:
    return Place("taught" if row.owner == LOCAL else "folder", root / os.fsdecode(row.path), row.size)
