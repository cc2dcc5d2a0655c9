"""Describing: details of photos that are in the store already, from originals, taught photos or previews."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image

from edge_search.errors import PhotoError
from edge_search.imaging.decode import decode
from edge_search.ingest.details import described
from edge_search.ingest.originals import Originals
from edge_search.ingest.workers import worker_pool
from edge_search.local.points import GALLERY_BYTES
from edge_search.store import local_features
from edge_search.store.database import Database
from edge_search.types import Progress

__all__ = ["Describing"]

_BATCH = 32


@dataclass(frozen=True)
class Describing:
    """Looks for the details of contents on some threads; what was stored stays, whenever it is stopped."""

    database: Database
    originals: Originals
    workers: int
    budget: int = GALLERY_BYTES

    def every(self, *, pause: Callable[[], None] = lambda: None, progress: Progress | None = None) -> int:
        """See that every image has its details; returns how many contents had to be looked at.

        Contents whose pixels are nowhere to be found stay without. ``pause`` is called between batches and may raise.
        """
        from edge_search.local.extractor import FINGERPRINT

        after, done = 0, 0
        with self.database.read() as tables:
            total = len(local_features.lacking(tables, FINGERPRINT, limit=10**9))
        with self._pool() as pool:
            while True:
                pause()
                with self.database.read() as tables:
                    page = local_features.lacking(tables, FINGERPRINT, after=after, limit=_BATCH)
                if not page:
                    return done
                done += self._make(pool, list(dict.fromkeys(digest for _, digest in page)))
                after = page[-1][0]
                if progress is not None:
                    progress(min(done, total), total)

    def some(self, digests: Sequence[str], *, pause: Callable[[], None] = lambda: None) -> None:
        """See that these contents have their details."""
        from edge_search.local.extractor import FINGERPRINT

        with self.database.read() as tables:
            todo = [digest for digest in digests if not local_features.have(tables, FINGERPRINT, digest)]
        with self._pool() as pool:
            for start in range(0, len(todo), _BATCH):
                pause()
                self._make(pool, todo[start : start + _BATCH])

    def again(self, digest: str) -> bool:
        """Look for the details of one content anew, whatever is stored; returns whether its pixels were found."""
        from edge_search.local.extractor import FINGERPRINT

        for image in self.pictures([digest]).get(digest, iter(())):
            data = described(image, self.budget)
            with self.database.write() as tables:
                local_features.drop(tables, FINGERPRINT, digest)
                local_features.put(tables, FINGERPRINT, {digest: data})
            return True
        return False

    def pictures(self, digests: Sequence[str]) -> dict[str, Iterator[Image.Image]]:
        """Return the decoded pictures of contents, best place first, each made when it is asked for."""
        places = self.originals.places(digests)

        def decoded(digest: str) -> Iterator[Image.Image]:
            for _, data in self.originals.photos(digest, places[digest]):
                try:
                    yield decode(data, self.originals.limits)
                except PhotoError:
                    continue

        return {digest: decoded(digest) for digest in digests}

    def _make(self, pool: ThreadPoolExecutor, digests: Sequence[str]) -> int:
        from edge_search.local.extractor import FINGERPRINT

        found = self.pictures(digests)

        def look(digest: str) -> bytes | None:
            image = next(found[digest], None)
            return None if image is None else described(image, self.budget)

        made = {digest: data for digest, data in zip(digests, pool.map(look, digests), strict=True) if data is not None}
        if made:
            self.database.need_space(sum(map(len, made.values())))
            with self.database.write() as tables:
                local_features.put(tables, FINGERPRINT, made)
        return len(digests)

    def _pool(self) -> ThreadPoolExecutor:
        return worker_pool(self.workers, "describe")
