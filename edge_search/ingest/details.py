"""Details of photos on their way into the store: looked for while the decoded picture is at hand."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from PIL import Image

from edge_search.local.points import GALLERY_BYTES
from edge_search.store import generations, local_features
from edge_search.store.database import Database, Tables

__all__ = ["Detailing"]


class Detailing:
    """Keeps what workers find until the thread that stores asks for it.

    Only where a generation compares details: elsewhere photos come in as fast as before, and the fit that finds out
    whether details help looks for them later, in originals or previews.
    """

    def __init__(self, database: Database, budget: int = GALLERY_BYTES) -> None:
        """Look at the generation of this moment; ``budget``: bytes kept of a photo, at most."""
        with database.read() as tables:
            generation = generations.current(tables)
        self.wanted = generation is not None and generation.carried.vocabulary_id is not None
        self._budget = budget
        self._found: dict[str, bytes] = {}
        self._guard = threading.Lock()

    def take(self, digest: str, image: Image.Image) -> None:
        """Look for the details of a decoded picture; called from several threads."""
        if not self.wanted:
            return
        data = described(image, self._budget)
        with self._guard:
            self._found[digest] = data

    def put(self, tables: Tables, digests: Iterable[str]) -> None:
        """Store what was found of these contents."""
        with self._guard:
            mine = {digest: self._found.pop(digest) for digest in set(digests) & self._found.keys()}
        if mine:
            from edge_search.local.extractor import FINGERPRINT

            local_features.put(tables, FINGERPRINT, mine)


def described(image: Image.Image, budget: int) -> bytes:
    """Return the details of a decoded catalog picture as they are stored."""
    from edge_search.local.extractor import GALLERY_POINTS, GALLERY_SIDE, extract

    return extract(image, GALLERY_SIDE, GALLERY_POINTS).to_bytes(budget)
