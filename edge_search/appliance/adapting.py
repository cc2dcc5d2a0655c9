"""Adapting: fitting to the catalog, on the box, while everything goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from edge_search.appliance.encoders import Encoders
from edge_search.appliance.installed import InstalledEncoder
from edge_search.appliance.nicely import nicely
from edge_search.config import Settings
from edge_search.errors import NotFound
from edge_search.fitting.discriminant import Levels
from edge_search.fitting.fit import fit
from edge_search.fitting.gallery import Gallery
from edge_search.fitting.projection import Projection
from edge_search.fitting.sample import Sample, sampled
from edge_search.index.successor import Publish, Successor
from edge_search.ingest.originals import Originals
from edge_search.ingest.simulating import Simulating
from edge_search.store import catalog_encoder, features, fit_note, generations, images, simulations
from edge_search.store.database import Database, Tables, now
from edge_search.store.fit_note import FitNote
from edge_search.store.generations import Carried
from edge_search.types import FloatArray, Progress

__all__ = ["Adapting"]

# With fewer photos no split of them says anything.
_LEAST_PHOTOS = 30
# Images that came or went since the last fit: this share of what there was, and this many.
_CHANGED_SHARE = 0.2
_CHANGED = 20
_PAGE = 500


class _Stopped(Exception):
    """Whoever asked for the fit wants it to end."""


@dataclass(frozen=True)
class Adapting:
    """Fits the projection and the verdict to what the catalog has; kept only where that wins on the catalog itself."""

    database: Database
    encoders: Encoders
    originals: Originals
    settings: Settings

    def due(self) -> bool:
        """Return whether a fit should be made by itself now: the first, or after the catalog changed enough."""
        if self.settings.adapt == "off":
            return False
        current = self.encoders.current
        with self.database.read() as tables:
            if catalog_encoder.pending(tables) or images.count(tables) < _LEAST_PHOTOS:
                return False
            last = fit_note.note(tables)
            if last is not None and last.reverted:
                return False
            if last is None or last.fingerprint != current.fingerprint:
                return True
            return fit_note.changed_since(tables, last) >= max(_CHANGED, _CHANGED_SHARE * last.images)

    def run(
        self, progress: Progress | None = None, *, stop: Callable[[], bool] = lambda: False
    ) -> dict[str, Any] | None:
        """Fit now, behind all other work of this machine, and publish what won as a generation in one commit.

        Simulated photos that were made stay, also when it is stopped: the next fit needs only what is new. One process
        at a time does this; others wait for that.

        Args:
            progress: called with (done, total) pictures while photos of them are simulated.
            stop: asked every second or so; once it says yes, nothing changes.

        Returns:
            What was found, as `Fit.to_dict` says, with ``generation`` and ``images``; None when it was stopped.

        Raises:
            NotFound: the catalog has no photo.
            EncoderChanged: the catalog was given another encoder meanwhile.
        """
        interrupted = threading.Event()

        def pause() -> None:
            if interrupted.is_set() or stop():
                raise _Stopped

        def work() -> dict[str, Any] | None:
            try:
                with self.database.exclusive("adapt"):
                    return self._run(progress, pause)
            except _Stopped:
                return None

        return nicely(work, interrupted)

    def revert(self) -> int:
        """Go back to the plain projection and verdict; no fit is made by itself until `run` was called again.

        Returns the generation.
        """
        encoder = self.encoders.current
        with self.database.exclusive("adapt"):
            with self.database.read() as tables:
                count, newest = images.count(tables), images.newest(tables)
            last = FitNote(encoder.fingerprint, now(), count, newest, reverted=True)
            return self._published(encoder, encoder.plain, None, last)

    def report(self) -> FitNote:
        """Return what the last fit came to.

        Raises:
            NotFound: nothing was fitted yet.
        """
        with self.database.read() as tables:
            found = fit_note.note(tables)
        if found is None:
            raise NotFound("nothing was fitted to this catalog yet; 'edge-search adapt' does that")
        return found

    def _run(self, progress: Progress | None, pause: Callable[[], None]) -> dict[str, Any]:
        encoder = self.encoders.current
        with self.database.read() as tables:
            catalog_encoder.expect(tables, encoder.fingerprint)
            count, newest = images.count(tables), images.newest(tables)
        sample = sampled(self._portraits())
        if not sample.photos:
            raise NotFound("there is no photo to fit to; index a folder first: edge-search index FOLDER")
        Simulating(self.database, encoder.ingest, self.originals, self.encoders.cores).make(
            sample.pictures, sample.times, pause=pause, progress=progress
        )
        gallery = self._gallery(encoder, sample, pause)
        # One core: two that wait for each other beside other work took 20 times as long.
        with threadpool_limits(1):
            found = fit(gallery, encoder.plain, _levels(encoder), promised=self.settings.wrong_match, pause=pause)
        report = {"images": len(sample.photos), "simulated": len(gallery.origin), **found.to_dict()}
        pause()
        last = FitNote(encoder.fingerprint, now(), count, newest, report=report)
        calibration = found.calibration.to_json() if found.calibration else None
        number = self._published(encoder, found.projection, calibration, last)
        return {**report, "generation": number}

    def _portraits(self) -> list[tuple[int, str, str]]:
        found: list[tuple[int, str, str]] = []
        while True:
            with self.database.read() as tables:
                page = images.portrayed(tables, after=found[-1][0] if found else 0)
            if not page:
                return found
            found += page

    def _gallery(self, encoder: InstalledEncoder, sample: Sample, pause: Callable[[], None]) -> Gallery:
        """Read the sample's features, in pages, so that no snapshot is held for long."""
        names = {sku: number for number, sku in enumerate(sorted({sku for _, sku, _ in sample.photos}))}
        parts: list[FloatArray] = []
        skus: list[int] = []
        made: list[FloatArray] = []
        origin: list[int] = []
        cut_out = np.zeros(len(sample.photos), bool)
        pictures = set(sample.pictures)
        for start in range(0, len(sample.photos), _PAGE):
            pause()
            with self.database.read() as tables:
                page = sample.photos[start : start + _PAGE]
                # Some may be gone by now.
                there = images.skus_of(tables, [key for key, _, _ in page])
                page = tuple(one for one in page if there.get(one[0]) == one[1])
                if page:
                    rows = features.of_keys(tables, encoder.fingerprint, [key for key, _, _ in page])
                    assert len(rows) == len(page)
                    parts.append(rows)
                for _, sku, digest in page:
                    if digest in pictures:
                        found = simulations.of(tables, encoder.fingerprint, digest, sample.times)
                        if found is not None:
                            made.append(found.features)
                            origin += [len(skus)] * len(found.features)
                            cut_out[len(skus)] = found.cut_out
                    skus.append(names[sku])
        width = encoder.dimension
        return Gallery(
            np.concatenate(parts) if parts else np.empty((0, width), np.float32),
            np.asarray(skus, np.int64),
            np.concatenate(made) if made else np.empty((0, width), np.float32),
            np.asarray(origin, np.int64),
            cut_out[: len(skus)],
        )

    def _published(
        self, encoder: InstalledEncoder, projection: Projection, calibration: str | None, last: FitNote
    ) -> int:
        """Publish with the note, in one commit; where the projection stays, its segments stay too."""

        def commit(publish: Publish) -> int:
            with self.database.write() as tables:
                catalog_encoder.expect(tables, encoder.fingerprint)
                fit_note.put_note(tables, last)
                return publish(tables)

        with self.database.read() as tables:
            before = generations.current(tables)
            newest = images.newest(tables)
            same = (
                before is not None
                and before.fingerprint == encoder.fingerprint
                and (
                    generations.projection(tables, before.carried.projection_id)
                    == (projection.kind, projection.dimension, projection.to_bytes())
                )
            )
        if same:
            return self._carried_on(calibration, commit)
        successor = Successor(self.database, encoder.fingerprint, projection, calibration)
        return successor.publish(newest, commit)

    def _carried_on(self, calibration: str | None, commit: Callable[[Publish], int]) -> int:
        def publish(tables: Tables) -> int:
            current = generations.current(tables)
            assert current is not None
            carried = Carried(current.carried.projection_id, calibration, current.carried.vocabulary_id)
            number = generations.publish(tables, current.fingerprint, carried, current.last_image_id, current.segments)
            generations.retired(tables)
            return number

        with self.database.exclusive("build"):
            return commit(publish)


def _levels(encoder: InstalledEncoder) -> Mapping[Levels, FloatArray | None]:
    """Return what a recipe's levels mean: all numbers, and those of the network's last map alone."""
    channels = encoder.query.levels
    if len(channels) < 2:
        return {"all": None}
    last = np.zeros(encoder.dimension, np.float32)
    last[: channels[0].channels] = 1
    return {"all": None, "last": last}
