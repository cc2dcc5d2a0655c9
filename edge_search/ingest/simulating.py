"""Simulating: kiosk photos of the catalog's own pictures, encoded and kept, so that a later fit needs only new ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from edge_search.encoder.encoder import Encoder
from edge_search.errors import PhotoError
from edge_search.imaging.cutout import is_cut_out
from edge_search.imaging.decode import decode
from edge_search.imaging.simulate import simulate
from edge_search.ingest.originals import Originals, Place
from edge_search.ingest.workers import worker_pool
from edge_search.store import simulations
from edge_search.store.database import Database
from edge_search.store.simulations import Simulated
from edge_search.types import Progress

__all__ = ["Simulating"]

# Encoders look at 260 to 380 px, and the cost of simulating grows with the pixels.
_SIDE_PX = 384
_BATCH = 16


@dataclass(frozen=True)
class Simulating:
    """Makes simulated photos of contents on some threads; each content always gives the same ones."""

    database: Database
    encoder: Encoder
    originals: Originals
    workers: int

    def make(
        self,
        digests: Sequence[str],
        times: int,
        *,
        pause: Callable[[], None] = lambda: None,
        progress: Progress | None = None,
    ) -> None:
        """See that ``times`` simulated photos of each content are stored; contents without pixels are left out.

        Args:
            digests: content hashes of images in the store.
            times: photos of each.
            pause: called between batches; may raise to stop, and what was made is kept.
            progress: called with (done, all) contents.
        """
        with self.database.read() as tables:
            had = simulations.have(tables, self.encoder.fingerprint, digests)
        todo = [digest for digest in digests if had.get(digest, 0) < times]
        done = len(digests) - len(todo)
        with worker_pool(self.workers, "simulate") as pool:
            for start in range(0, len(todo), _BATCH):
                pause()
                part = todo[start : start + _BATCH]
                places = self.originals.places(part)
                found = pool.map(lambda digest, at=places: self._made(digest, at[digest], times), part)
                made = {digest: one for digest, one in zip(part, found, strict=True) if one is not None}
                self.database.need_space()
                with self.database.write() as tables:
                    simulations.put(tables, self.encoder.fingerprint, made)
                done += len(part)
                if progress is not None:
                    progress(done, len(digests))

    def _made(self, digest: str, places: Sequence[Place], times: int) -> Simulated | None:
        picture = self._picture(digest, places)
        if picture is None:
            return None
        photos = [simulate(picture, np.random.default_rng([int(digest[:15], 16), number])) for number in range(times)]
        return Simulated(self.encoder.encode(photos), is_cut_out(picture))

    def _picture(self, digest: str, places: Sequence[Place]) -> Image.Image | None:
        for _, data in self.originals.photos(digest, places):
            try:
                picture = decode(data, self.originals.limits)
            except PhotoError:
                continue
            picture.thumbnail((_SIDE_PX, _SIDE_PX))
            return picture
        return None
