"""Readiness: would a question be answered now, and do the parts agree?"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

from edge_search.index.catalog_index import CatalogIndex
from edge_search.store import images, products, words
from edge_search.store.database import Database
from edge_search.types import Answer

__all__ = ["Readiness"]


class Readiness:
    """`box.readiness`: a canary photo is searched like any other, and counts are compared."""

    def __init__(self, database: Database, index: CatalogIndex, search: Callable[[bytes], Answer]) -> None:
        self._database = database
        self._index = index
        self._search = search

    def problems(self) -> list[str]:
        """Return what is wrong; empty when a question would be answered right now.

        Raises:
            EdgeSearchError: the canary got no answer at all.
        """
        answer = self._search(_canary())
        with self._database.read() as tables:
            view = self._index.view(tables)
            shown = images.count_searchable(tables)
            listed, worded = products.count(tables), words.count(tables)
        found = []
        if shown and not answer.hits:
            found.append(f"{shown} photos can be searched, but the canary found none")
        if len(view) < shown:
            found.append(f"{shown} photos can be searched, but the index holds {len(view)}")
        if listed != worded:
            found.append(f"{listed} products are shown, but {worded} can be found by words")
        return found


def _canary() -> bytes:
    shades = np.add.outer(np.arange(96), 2 * np.arange(96))[..., None] * np.asarray([1, 2, 3])
    buffer = io.BytesIO()
    Image.fromarray((shades % 256).astype(np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()
