"""Pages: HTML reports, written where the owner says, with the catalog's own pictures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_search.appliance.photos import photo_file, roots
from edge_search.errors import InvalidValue
from edge_search.store import images
from edge_search.store.database import Database
from edge_search.store.durable import atomic_file
from edge_search.store.images import Image
from edge_search.store.previews import Previews

__all__ = ["PhotoFiles", "check_target", "write_text"]


@dataclass(frozen=True)
class PhotoFiles:
    """Files with the pixels of the catalog's photos: previews first, for a source may be a share that hangs."""

    database: Database
    previews: Previews

    def of_image(self, image_id: int) -> Path | None:
        """Return a file with a photo's pixels, where there is one."""
        with self.database.read() as tables:
            image = images.get(tables, image_id)
            folders = roots(tables)
        return None if image is None else self._file(image, folders)

    def of_sku(self, sku: str) -> Path | None:
        """Return a file with the pixels of a SKU's first photo, where there is one."""
        with self.database.read() as tables:
            rows = images.of_sku(tables, sku)
            folders = roots(tables)
        return self._file(rows[0], folders) if rows else None

    def _file(self, image: Image, folders: Mapping[int, Path]) -> Path | None:
        kept = self.previews.path(image.content_hash)
        return kept or photo_file(self.database, self.previews, folders, image)


def check_target(path: str | os.PathLike[str]) -> Path:
    """Return where a file will be written: asked before the minutes it takes to find out what to write.

    Raises:
        InvalidValue: its folder is not there, or it is a folder itself.
    """
    target = Path(path).absolute()
    if not target.parent.is_dir():
        raise InvalidValue(f"{path}: there is no folder {target.parent}; make it first")
    if target.is_dir():
        raise InvalidValue(f"{path}: that is a folder; name a file in it")
    return target


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file (UTF-8) in one step; InvalidValue as `check_target`."""
    target = check_target(path)
    atomic_file(target, lambda temp: temp.write_bytes(text.encode("utf-8")))
