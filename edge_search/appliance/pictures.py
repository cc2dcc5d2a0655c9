"""Pictures: the preview of a photo, by its number."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from edge_search.errors import PhotoError
from edge_search.imaging.hashing import content_hash
from edge_search.imaging.limits import Limits
from edge_search.imaging.photo import read_photo
from edge_search.imaging.preview import make_preview
from edge_search.search.searcher import Opener
from edge_search.store import images, sources
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database
from edge_search.store.images import Image
from edge_search.store.previews import Previews

__all__ = ["Picture", "Pictures"]


@dataclass(frozen=True)
class Picture:
    """A preview: JPEG bytes, and a tag that is another one whenever the bytes are others."""

    data: bytes
    etag: str


class Pictures:
    """`box.pictures`."""

    def __init__(self, database: Database, previews: Previews, limits: Limits, opener: Opener) -> None:
        self._database = database
        self._previews = previews
        self._limits = limits
        self._opener = opener

    def row(self, image_id: int) -> tuple[Image, bool] | None:
        """Return an image's row, and whether shoppers may see it; None when there is none."""
        with self._database.read() as tables:
            image = images.get(tables, image_id)
            return None if image is None else (image, images.shown(tables, image_id))

    def kept(self, image: Image, known: str = "") -> Picture | None:
        """Return the preview in the home, without its bytes when its tag is ``known``; None when it is missing.

        Looks into the home only: a source may be a share that hangs.
        """
        path = self._previews.path(image.content_hash)
        if path is None:
            return None
        try:
            stat = path.stat()
            tag = f'"{image.content_hash[:32]}-{stat.st_mtime_ns:x}-{stat.st_size:x}"'
            return Picture(b"" if tag in known else path.read_bytes(), tag)
        except OSError:
            return None

    def rendered(self, image: Image) -> Picture | None:
        """Make the preview again from the photo, where it is still that photo; may wait for a slow source."""
        path = self._photo(image)
        try:
            data = read_photo(path, self._limits) if path is not None else b""
            if content_hash(data) != image.content_hash:
                return None
            upright = self._opener(data, self._limits)
        except PhotoError:
            return None
        self._previews.keep(image.content_hash, upright, data)
        preview = make_preview(upright, self._previews.side, data=data)
        return self.kept(image) or Picture(preview, f'"{sha256(preview).hexdigest()[:32]}"')

    def _photo(self, image: Image) -> Path | None:
        if image.owner == LOCAL:
            return self._database.home.root / os.fsdecode(image.path)
        with self._database.read() as tables:
            roots = [source.root for source in sources.listed(tables) if source.source_id == image.owner]
        return roots[0] / os.fsdecode(image.path) if roots else None
