"""Pictures: the preview of a photo, by its number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_search.store import images
from edge_search.store.database import Database
from edge_search.store.previews import Previews

__all__ = ["Picture", "Pictures"]


@dataclass(frozen=True)
class Picture:
    """A preview's file. ``shown``: shoppers may see it. ``etag``: another one whenever its bytes are others."""

    path: Path
    shown: bool
    etag: str
    media_type: str

    def read(self) -> bytes | None:
        """Return its bytes, None when it is gone."""
        try:
            return self.path.read_bytes()
        except OSError:
            return None


class Pictures:
    """`box.pictures`. Looks into the home only: a source may be a share that hangs."""

    def __init__(self, database: Database, previews: Previews) -> None:
        self._database = database
        self._previews = previews

    def find(self, image_id: int) -> Picture | None:
        """Return the preview of an image, None when there is no such image or no preview."""
        with self._database.read() as tables:
            image = images.get(tables, image_id)
            shown = images.shown(tables, image_id)
        path = self._previews.path(image.content_hash) if image else None
        if image is None or path is None:
            return None
        stat = path.stat()
        return Picture(path, shown, f'"{image.content_hash[:32]}-{stat.st_mtime_ns:x}-{stat.st_size:x}"', "image/jpeg")
