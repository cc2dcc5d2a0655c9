"""A switch: every photo gets a feature of another encoder, then one commit makes that the catalog's."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from edge_search.catalog.listing import printable
from edge_search.encoder.encoder import Encoder
from edge_search.errors import EncoderError, StoreBusy, StoreDamaged
from edge_search.index.successor import Publish, Successor
from edge_search.ingest.originals import Originals
from edge_search.ingest.reencode import Reencoded, Reencoder
from edge_search.store import catalog_encoder, features, images
from edge_search.store.catalog_encoder import PendingEncoder
from edge_search.store.database import Database, Tables
from edge_search.store.images import Image
from edge_search.store.lock import held
from edge_search.types import Progress

__all__ = ["Stopped", "Switch", "SwitchReport", "missing_text", "named"]

_BATCH = 64
_NAMED = 5
_LOCK_S = 0.2


class Stopped(Exception):
    """The switch was cancelled, or asked to stop; what was committed is kept."""


@dataclass(frozen=True)
class SwitchReport:
    """What a switch did.

    ``photos`` are all that the catalog has; ``from_...`` count the different ones that were encoded, by where
    their pixels came from: the others had a feature already. ``dropped`` left the catalog. ``seconds`` are of the
    last run, if there were several.
    """

    name: str
    fingerprint: str
    generation: int
    photos: int
    from_folder: int
    from_taught: int
    from_previews: int
    dropped: tuple[str, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON types."""
        return dict(asdict(self), dropped=list(self.dropped), seconds=round(self.seconds, 3))


class Switch:
    """Gathers the new encoder's features batch by batch while the old one answers; see `run`.

    Killed at any moment, another one goes on from the last batch. Photos that come meanwhile are stored with the
    old encoder by whoever brings them, and caught up with here.
    """

    def __init__(
        self,
        database: Database,
        encoder: Encoder,
        successor: Successor,
        originals: Originals,
        *,
        workers: int,
        progress: Progress | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepare; nothing is touched yet.

        Args:
            database: the home's, in which the switch is pending.
            encoder: the new one; called from ``workers`` threads.
            successor: builds the new encoder's generation.
            originals: finds the photos.
            workers: threads that decode and encode.
            progress: called after each batch.
            stop: asked between two batches.
        """
        self._database = database
        self._encoder = encoder
        self._successor = successor
        self._originals = originals
        self._workers = workers
        self._progress = progress
        self._stop = stop
        # Every image up to this key has the feature, or is among the lost: rows never change their photo.
        self._seen = 0
        self._lost: set[str] = set()
        self._done = self._total = 0
        self._started = time.monotonic()

    def run(self) -> SwitchReport:
        """Encode what lacks the new feature, build, and switch.

        Raises:
            Stopped: somebody cancelled the switch, or ``stop`` said so.
            EncoderError: photos are nowhere to be found, and may not be left out.
            NoSpace: the disk is nearly full; what was committed is kept.
        """
        with Reencoder.started(self._encoder, self._originals, self._workers) as reencoder:
            while True:
                self._catch_up(reencoder)
                try:
                    return self._successor.publish(self._seen, partial(self._commit, reencoder))
                except StoreDamaged:
                    # Rot in a feature that nobody reads yet: it is made again.
                    if not self._drop_damaged():
                        raise

    def _catch_up(self, reencoder: Reencoder) -> None:
        """Encode until a snapshot shows no image without the feature."""
        while True:
            if self._stop():
                raise Stopped
            with self._database.read() as tables:
                self._pending(tables)
                page = features.lacking(tables, self._encoder.fingerprint, after=self._seen, limit=_BATCH)
                newest = images.newest(tables)
                if not self._seen or not page:
                    self._done, self._total = features.progress(tables, self._encoder.fingerprint)
            if not page:
                self._seen = newest
                break
            wanted = [digest for digest in dict.fromkeys(digest for _, digest in page) if digest not in self._lost]
            self._store(reencoder.encode(wanted))
            self._seen = page[-1][0]
        self._settle_lost(reencoder)
        self._tell()

    def _store(self, made: Sequence[Reencoded]) -> None:
        fresh = {one.content_hash: one.feature for one in made if one.feature is not None}
        self._lost |= {one.content_hash for one in made if one.feature is None}
        if fresh:
            self._database.need_space()
            origins = Counter(one.origin for one in made)
            with self._database.write() as tables:
                pending = self._pending(tables)
                features.put(tables, self._encoder.fingerprint, fresh)
                noted = replace(
                    pending,
                    left=max(0, self._total - self._done - len(fresh)),
                    from_folder=pending.from_folder + origins["folder"],
                    from_taught=pending.from_taught + origins["taught"],
                    from_previews=pending.from_previews + origins["preview"],
                )
                catalog_encoder.put_pending(tables, noted)
            self._done += len(fresh)
        self._tell()

    def _settle_lost(self, reencoder: Reencoder) -> None:
        """Look for the lost once more; those that stay so must be allowed to go."""
        if not self._lost:
            return
        again, self._lost = sorted(self._lost), set()
        for start in range(0, len(again), _BATCH):
            self._store(reencoder.encode(again[start : start + _BATCH]))
        with self._database.read() as tables:
            left = named(tables, sorted(self._lost))
            allowed = self._pending(tables).without_missing
        if left and not allowed:
            raise EncoderError(missing_text(left, self._encoder.name))

    def _commit(self, reencoder: Reencoder, publish: Publish) -> SwitchReport:
        """Switch in one transaction, at a moment when no image lacks the feature."""
        while True:
            self._catch_up(reencoder)
            with contextlib.ExitStack() as stack:
                try:
                    # Nobody brings a folder now: single photos may still come, and are soon caught up with.
                    stack.enter_context(held(self._database.home, "sync", _LOCK_S))
                except StoreBusy:
                    time.sleep(_LOCK_S)
                    continue
                while (report := self._switched(publish)) is None:
                    self._catch_up(reencoder)
                return report

    def _switched(self, publish: Publish) -> SwitchReport | None:
        with self._database.write() as tables:
            pending = self._pending(tables)
            if features.lacking(tables, self._encoder.fingerprint, after=self._seen):
                return None
            gone = [row for digest in sorted(self._lost) for row in images.of_content(tables, digest)]
            images.remove(tables, [row.image_id for row in gone])
            number = publish(tables)
            catalog_encoder.choose(tables, pending.name, pending.fingerprint)
            count = images.count(tables)
        return SwitchReport(
            name=pending.name,
            fingerprint=pending.fingerprint,
            generation=number,
            photos=count,
            from_folder=pending.from_folder,
            from_taught=pending.from_taught,
            from_previews=pending.from_previews,
            dropped=tuple(map(_name, gone)),
            seconds=time.monotonic() - self._started,
        )

    def _drop_damaged(self) -> int:
        """Delete the new encoder's features that are not what was stored; returns how many."""
        dropped, after, last = 0, "", False
        while not last:
            with self._database.read() as tables:
                page = features.states(tables, self._encoder.fingerprint, after=after)
            damaged = [digest for digest, state in page if state == "damaged"]
            with self._database.write() as tables:
                for digest in damaged:
                    features.drop(tables, self._encoder.fingerprint, digest)
            dropped += len(damaged)
            last = len(page) < 1000
            after = page[-1][0] if page else after
        self._seen = 0
        return dropped

    def _pending(self, tables: Tables) -> PendingEncoder:
        pending = catalog_encoder.pending(tables)
        if pending is None or pending.fingerprint != self._encoder.fingerprint:
            raise Stopped
        return pending

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._done, max(self._done, self._total))


def named(tables: Tables, digests: Sequence[str]) -> list[str]:
    """Return the photos that show these contents, as ``path (SKU)``."""
    return [_name(row) for digest in digests for row in images.of_content(tables, digest)]


def _name(row: Image) -> str:
    return f"{printable(row.path)} ({row.sku})"


def missing_text(photos: Sequence[str], name: str) -> str:
    """Say which photos can't be encoded, and what to do."""
    more = f" and {len(photos) - _NAMED} more" if len(photos) > _NAMED else ""
    counted = f"{len(photos)} photo{'' if len(photos) == 1 else 's'}"
    return (
        f"{counted} can't be encoded with {name}, for neither file nor preview can be used: "
        f"{', '.join(photos[:_NAMED])}{more}; bring the folder back, then run 'edge-search model use {name}' again, "
        "or add --without-missing to leave out what is missing"
    )
