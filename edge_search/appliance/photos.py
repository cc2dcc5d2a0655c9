"""The catalog's own photos as files: what a model is calibrated on and judged by when it is built here."""

from __future__ import annotations

import os
from pathlib import Path

from edge_search.store import images, sources
from edge_search.store.database import Database
from edge_search.store.previews import Previews

__all__ = ["own_photos"]

_MOST = 3000


def own_photos(database: Database, previews: Previews) -> list[tuple[str, Path]]:
    """Return (SKU, file) of the searchable photos: the photo itself where it still lies there, else its preview.

    Of more than 3,000 photos it takes 3,000, evenly over the keys. Loads no network and decodes nothing.
    """
    with database.read() as tables:
        keys = images.searchable(tables)
        keys = keys[:: max(1, -(-len(keys) // _MOST))]
        roots = {source.source_id: source.root for source in sources.listed(tables)}
        rows = [image for key in keys if (image := images.get(tables, int(key))) is not None]
    found = []
    for image in rows:
        original = roots.get(image.owner, database.home.root) / os.fsdecode(image.path)
        file = original if original.is_file() else previews.path(image.content_hash)
        if file is not None:
            found.append((image.sku, file))
    return found
