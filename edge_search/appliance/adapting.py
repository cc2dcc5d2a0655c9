"""Adapting: fitting to the catalog, on the box, while everything goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from edge_search.appliance.encoders import Encoders
from edge_search.appliance.installed import InstalledEncoder
from edge_search.appliance.nicely import nicely
from edge_search.config import Settings
from edge_search.errors import NotFound
from edge_search.fitting.calibration import calibrate
from edge_search.fitting.discriminant import Levels
from edge_search.fitting.fit import Fit, fit
from edge_search.fitting.gallery import Gallery, Numbers
from edge_search.fitting.projection import Projection
from edge_search.fitting.split import hardest
from edge_search.index.refit import Refit
from edge_search.ingest.describing import Describing
from edge_search.ingest.local_fitting import LocalFitting, LocalReport
from edge_search.ingest.originals import Originals
from edge_search.ingest.portraits import Portraits
from edge_search.ingest.simulating import Simulating
from edge_search.store import catalog_encoder, fit_note, images
from edge_search.store.database import Database, now
from edge_search.store.fit_note import FitNote
from edge_search.types import FloatArray, Progress

__all__ = ["Adapting"]

# By itself only from here on: two percent of fewer photos are one, and a verdict calibrated on so few says "maybe"
# nearly always (86 drawn pictures: one in ten named, where the encoder's own thresholds name most).
_LEAST_PHOTOS = 100
# Images that came or went since the last fit: this share of what there was, and this many.
_CHANGED_SHARE = 0.2
_CHANGED = 20


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
        with self.database.read() as tables:
            chosen = catalog_encoder.chosen(tables)
            if chosen is None or catalog_encoder.pending(tables) or images.count(tables) < _LEAST_PHOTOS:
                return False
            last = fit_note.note(tables)
            if last is not None and last.reverted:
                return False
            if last is None or last.fingerprint != chosen.fingerprint:
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
            note = self._note(encoder, reverted=True)
            refit = Refit(self.database, encoder.fingerprint, encoder.plain, None, None)
            return refit.publish(lambda tables: fit_note.put_note(tables, note))

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
        note = self._note(encoder)
        portraits = Portraits(self.database, encoder.fingerprint, encoder.dimension)
        sample = portraits.sample()
        if not sample.photos:
            raise NotFound("there is no photo to fit to; index a folder first: edge-search index FOLDER")
        simulating = Simulating(self.database, encoder.ingest, self.originals, self.encoders.cores)
        simulating.make(sample.pictures, sample.times, pause=pause, progress=progress)
        gallery, keys = portraits.gallery(sample, pause)
        # One core: two that wait for each other beside other work took 20 times as long.
        with threadpool_limits(1):
            found = fit(gallery, encoder.plain, _levels(encoder), promised=self.settings.wrong_match, pause=pause)
        pause()
        details = self._details(encoder, found, gallery, keys, pause)
        calibration = found.calibration
        if details is not None and details.lineups:
            # What answers will be ranked by is what they are judged by.
            calibration = calibrate(details.lineups, details.report["basis"], self.settings.wrong_match) or calibration
        report = {
            "images": len(gallery),
            "simulated": len(gallery.origin),
            **found.to_dict(),
            "calibration": None if calibration is None else asdict(calibration),
            "details": None if details is None else details.report,
        }
        refit = Refit(
            self.database,
            encoder.fingerprint,
            found.projection,
            calibration.to_json() if calibration else None,
            details.vocabulary_id if details else None,
        )
        noted = FitNote(note.fingerprint, note.at, note.images, note.last_image_id, report=report)
        number = refit.publish(lambda tables: fit_note.put_note(tables, noted))
        return {**report, "generation": number}

    def _details(
        self, encoder: InstalledEncoder, found: Fit, gallery: Gallery, keys: Numbers, pause: Callable[[], None]
    ) -> LocalReport | None:
        """Find out whether details help; None where the setting says that they must not count."""
        if self.settings.rerank == "off":
            return None

        def without(left: Collection[int]) -> Projection:
            if not left:
                return found.projection
            with threadpool_limits(1):
                return found.again(gallery.rows(np.flatnonzero(~np.isin(keys, sorted(left)))))

        describing = Describing(self.database, self.originals, self.encoders.cores, self.settings.local_bytes)
        held = keys[hardest(gallery)].tolist()
        return LocalFitting(self.database, encoder.ingest, without, held, describing).fit(pause=pause)

    def _note(self, encoder: InstalledEncoder, *, reverted: bool = False) -> FitNote:
        with self.database.read() as tables:
            catalog_encoder.expect(tables, encoder.fingerprint)
            return FitNote(encoder.fingerprint, now(), images.count(tables), images.newest(tables), reverted)


def _levels(encoder: InstalledEncoder) -> Mapping[Levels, FloatArray | None]:
    """Return what a recipe's levels mean: all numbers, and those of the network's last map alone."""
    levels = encoder.ingest.levels
    if len(levels) < 2:
        return {"all": None}
    last = np.zeros(encoder.dimension, np.float32)
    last[: levels[0].channels] = 1
    return {"all": None, "last": last}
