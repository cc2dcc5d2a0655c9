"""The refit: another projection, calibration or vocabulary for the catalog, published in one commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_search.fitting.projection import Projection
from edge_search.index.successor import Publish, Successor
from edge_search.store import catalog_encoder, generations, images
from edge_search.store.database import Database, Tables
from edge_search.store.generations import Carried

__all__ = ["Refit"]


@dataclass(frozen=True)
class Refit:
    """What the next generation carries, for features of ``fingerprint``; ``calibration`` is JSON."""

    database: Database
    fingerprint: str
    projection: Projection
    calibration: str | None
    vocabulary_id: int | None

    def publish(self, note: Callable[[Tables], None]) -> int:
        """Publish, with ``note`` called in the same transaction; returns the generation.

        Where the projection stays, its segments stay too; else all stored features are projected anew, off the
        query path.

        Raises:
            EncoderChanged: the catalog has another encoder by now.
            StoreDamaged: a stored feature is not what was stored.
            NoSpace: the segments don't fit.
        """

        def commit(publish: Publish) -> int:
            with self.database.write() as tables:
                catalog_encoder.expect(tables, self.fingerprint)
                note(tables)
                return publish(tables)

        with self.database.read() as tables:
            newest = images.newest(tables)
        if self._stays():
            with self.database.exclusive("build"):
                # Looked at again: whoever had the lock may have published.
                if self._stays():
                    return commit(self._with_segments)
        successor = Successor(self.database, self.fingerprint, self.projection, self.calibration, self.vocabulary_id)
        return successor.publish(newest, commit)

    def _stays(self) -> bool:
        with self.database.read() as tables:
            before = generations.current(tables)
            if before is None or before.fingerprint != self.fingerprint:
                return False
            one = self.projection
            return generations.projection(tables, before.carried.projection_id) == (
                one.kind,
                one.dimension,
                one.to_bytes(),
            )

    def _with_segments(self, tables: Tables) -> int:
        before = generations.current(tables)
        assert before is not None
        carried = Carried(before.carried.projection_id, self.calibration, self.vocabulary_id)
        number = generations.publish(tables, self.fingerprint, carried, before.last_image_id, before.segments)
        generations.retired(tables)
        return number
