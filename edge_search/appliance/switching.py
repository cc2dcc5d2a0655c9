"""Switching: the catalog gets another encoder, while the one it has goes on answering."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge_search.appliance.encoders import Encoders
from edge_search.appliance.installed import InstalledEncoder
from edge_search.appliance.nicely import nicely
from edge_search.appliance.pending import Pending, read_pending
from edge_search.errors import EdgeSearchError, EncoderError, InvalidValue, NotFound
from edge_search.index.segment import segment_size
from edge_search.index.successor import Successor
from edge_search.ingest.originals import Originals
from edge_search.ingest.switch import Stopped, Switch, SwitchReport, missing_text, named
from edge_search.maintenance.recover import keep_snapshot
from edge_search.store import catalog_encoder, features, images
from edge_search.store.catalog_encoder import PendingEncoder
from edge_search.store.database import Database, Tables
from edge_search.types import Progress

__all__ = ["Switching"]

_PAGE = 1000


@dataclass(frozen=True)
class Switching:
    """Changes the encoder of one home; `Box` carries it as ``box.switching``."""

    database: Database
    encoders: Encoders
    originals: Originals
    snapshots: bool

    def pending(self) -> Pending | None:
        """Return the switch that is pending, None most of the time."""
        with self.database.read() as tables:
            return read_pending(tables)

    def features(self) -> dict[str, int]:
        """Return how many photos (different ones) are stored as features, by their encoder's fingerprint."""
        with self.database.read() as tables:
            return features.counted(tables)

    def start(self, name: str, *, without_missing: bool = False) -> bool:
        """Note that the catalog is to be switched to the encoder ``name``; `run` does it.

        Args:
            name: an installed encoder.
            without_missing: photos whose pixels are nowhere to be found may leave the catalog with the switch.

        Returns:
            False if the catalog has that encoder already.

        Raises:
            NotFound: it is not installed.
            InvalidValue: another switch is pending, or the setting ``model`` wants another encoder.
            EncoderError: it can't be run here, or some photos can't be found and may not be left out.
            NoSpace: its features would not fit.
        """
        target = self.encoders.named(name)
        self.encoders.check_setting(target)
        with self.database.read() as tables:
            if not _startable(tables, target):
                return False
            done, total = features.progress(tables, target.fingerprint)
            count = images.count(tables)
        self.database.need_space(_size(target, total - done, count))
        # Its canary must be right here, before anything is begun.
        nicely(lambda: target.ingest)
        if not without_missing:
            self._look_for_photos(target)
        with self.database.write() as tables:
            if not _startable(tables, target):
                return False
            if all(encoder.fingerprint != target.fingerprint for encoder in self.encoders.installed()):
                raise NotFound(f"model {name!r} was removed or replaced just now; see 'edge-search model list'")
            fresh = PendingEncoder(target.name, target.fingerprint, had=done, left=total - done)
            pending = catalog_encoder.pending(tables) or fresh
            catalog_encoder.put_pending(tables, replace(pending, without_missing=without_missing, problem=None))
        return True

    def run(self, progress: Progress | None = None, *, stop: Callable[[], bool] = lambda: False) -> SwitchReport | None:
        """Bring the pending switch to its end, behind all other work of this machine.

        It goes on where it was, whoever began it. One process at a time does this; others wait for that.

        Args:
            progress: called with (done, total) photos after each batch.
            stop: asked between two batches; once it says yes, the switch stays pending.

        Returns:
            What was done; None if there was nothing to do, or it was cancelled or stopped.

        Raises:
            EdgeSearchError: it can't go on; the switch stays pending, and `pending` says why.
        """
        interrupted = threading.Event()
        return nicely(lambda: self._run(progress, lambda: interrupted.is_set() or stop()), interrupted)

    def cancel(self) -> int:
        """Drop the pending switch and the features made for it; returns how many those were.

        Where some were there before (the way back to an earlier encoder) all stay until ``compact``.

        Raises:
            NotFound: no switch is pending.
        """
        with self.database.write() as tables:
            pending = catalog_encoder.pending(tables)
            if pending is None:
                raise NotFound("no switch of the encoder is pending; 'edge-search model list' shows the one in use")
            catalog_encoder.drop_pending(tables)
        return 0 if pending.had else self._drop(pending.fingerprint)

    def _run(self, progress: Progress | None, stop: Callable[[], bool]) -> SwitchReport | None:
        with self.database.exclusive("switch"):
            with self.database.read() as tables:
                pending = catalog_encoder.pending(tables)
            if pending is None:
                return None
            self._note(pending, None)
            try:
                report = self._switch(pending, progress, stop).run()
            except Stopped:
                return None
            except EdgeSearchError as error:
                self._note(pending, str(error))
                raise
        if self.snapshots:
            # Recovering from the one before would bring the old encoder back.
            keep_snapshot(self.database, older_than_s=0)
        return report

    def _switch(self, pending: PendingEncoder, progress: Progress | None, stop: Callable[[], bool]) -> Switch:
        for target in self.encoders.installed():
            if target.fingerprint == pending.fingerprint:
                successor = Successor(self.database, target.fingerprint, target.plain)
                return Switch(
                    self.database,
                    target.ingest,
                    successor,
                    self.originals,
                    workers=self.encoders.cores,
                    progress=progress,
                    stop=stop,
                )
        raise EncoderError(
            f"the switch to {pending.name} ({pending.fingerprint}) can't go on: that is not installed here; put its "
            f"bundle into {self.database.home.models}, or drop the switch by 'edge-search model use --cancel'"
        )

    def _look_for_photos(self, target: InstalledEncoder) -> None:
        """Look, before anything is encoded, whether each photo has a file or a preview; none is read."""
        lost: dict[str, None] = {}
        after = 0
        while True:
            with self.database.read() as tables:
                page = features.lacking(tables, target.fingerprint, after=after, limit=_PAGE)
            if not page:
                break
            after = page[-1][0]
            # Previews first: they lie here, the files perhaps behind a slow network.
            unseen = [d for d in dict.fromkeys(d for _, d in page) if self.originals.previews.path(d) is None]
            places = self.originals.places(unseen)
            lost.update(dict.fromkeys(d for d in unseen if not any(place.there for place in places[d])))
        if lost:
            with self.database.read() as tables:
                photos = named(tables, list(lost))
            raise EncoderError(missing_text(photos, target.name))

    def _note(self, pending: PendingEncoder, problem: str | None) -> None:
        with contextlib.suppress(EdgeSearchError), self.database.write() as tables:
            now = catalog_encoder.pending(tables)
            if now is not None and now.fingerprint == pending.fingerprint and now.problem != problem:
                catalog_encoder.put_pending(tables, replace(now, problem=problem))

    def _drop(self, fingerprint: str) -> int:
        """Delete an encoder's features, some at a time, unless it is wanted again meanwhile."""
        count, after = 0, ""
        while True:
            with self.database.write() as tables:
                if fingerprint in catalog_encoder.wanted(tables):
                    return count
                dropped, following = features.drop_all(tables, fingerprint, after=after)
            count += dropped
            if following is None:
                return count
            after = following


def _startable(tables: Tables, target: InstalledEncoder) -> bool:
    """Return whether a switch to ``target`` can begin or go on; False if the catalog has it already."""
    pending, chosen = catalog_encoder.pending(tables), catalog_encoder.chosen(tables)
    if pending is not None and pending.fingerprint != target.fingerprint:
        raise InvalidValue(
            f"a switch to {pending.name} is pending: 'edge-search model use {pending.name}' goes on with it, "
            "'edge-search model use --cancel' drops it"
        )
    return chosen is None or chosen.fingerprint != target.fingerprint


def _size(target: InstalledEncoder, encode: int, photos: int) -> int:
    """Return about how many bytes a switch needs: rows of SQLite, and the new index beside the old one."""
    page, row = 4096, 2 * target.dimension + 200  # hash and fingerprint are stored twice
    row = math.ceil(row / page) * page if row > page // 2 else row * 3 // 2
    return encode * row + segment_size(photos, target.plain.dimension)
