"""The catalog's own photos as files: what a model is calibrated on and judged by when it is built here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from edge_search.store import images, sources
from edge_search.store.database import Database, Tables
from edge_search.store.images import Image
from edge_search.store.previews import Previews

__all__ = ["own_photos", "photo_file", "roots"]

_MOST = 3000


def own_photos(database: Database, previews: Previews) -> list[tuple[str, Path]]:
    """Return (SKU, file) of the searchable photos: the photo itself where it still lies there, else its preview.

    Of more than 3,000 photos it takes 3,000, evenly over the keys. Loads no network and decodes nothing.
    """
    with database.read() as tables:
        keys = images.searchable(tables)
        keys = keys[:: max(1, -(-len(keys) // _MOST))]
        folders = roots(tables)
        rows = [image for key in keys if (image := images.get(tables, int(key))) is not None]
    found = []
    for image in rows:
        file = photo_file(database, previews, folders, image)
        if file is not None:
            found.append((image.sku, file))
    return found


def roots(tables: Tables) -> dict[int, Path]:
    """Return the folder that each source's paths are relative to, by the source's number."""
    return {source.source_id: source.root for source in sources.listed(tables)}


def photo_file(database: Database, previews: Previews, folders: Mapping[int, Path], image: Image) -> Path | None:
    """Return a file with a photo's pixels: the photo where it still lies there, else its preview, else None."""
    original = folders.get(image.owner, database.home.root) / os.fsdecode(image.path)
    return original if original.is_file() else previews.path(image.content_hash)
