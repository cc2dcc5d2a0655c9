"""One sync, end to end: plan, take what is new, then remove what is gone."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from PIL import Image as Picture

from edge_search.catalog.listing import Listing, Problem, printable
from edge_search.encoder.encoder import Encoder
from edge_search.imaging.limits import Limits
from edge_search.imaging.photo import read_photo
from edge_search.ingest.pipeline import Pipeline, Task
from edge_search.store import features, images, products, sources
from edge_search.store.database import Database
from edge_search.store.previews import Previews
from edge_search.store.sources import SkippedFile, Source
from edge_search.sync.batch import Batch, Counts
from edge_search.sync.plan import HoldRule, Plan, make_plan
from edge_search.types import Held, IndexReport, Progress, Skipped

__all__ = ["Sync"]

T = TypeVar("T")

_ROWS_A_TRANSACTION = 500


@dataclass
class Sync:
    """Makes the store equal to one source; touches only rows which that source owns."""

    database: Database
    encoder: Callable[[], Encoder]
    """The catalog's own, asked for under the sync lock: a switch to another one waits for that."""
    previews: Previews
    limits: Limits
    rule: HoldRule
    workers: int

    def run(self, listing: Listing, path: Path, *, yes: bool = False, progress: Progress | None = None) -> IndexReport:
        """Sync ``listing``, read from the folder or manifest at ``path``.

        What is taken is committed batch by batch, so a killed run loses at most one batch and the next one goes
        on from there. Removals come last: a renamed photo is never missing in between.

        Args:
            listing: the source as it is now.
            path: its absolute path; the source's name in the store.
            yes: also delete what would be held.
            progress: called after each photo.
        """
        started = time.monotonic()
        with self.database.exclusive("sync"):
            source, plan = self._plan(listing, path, yes=yes)
            counts = Counts(unchanged=plan.unchanged)
            counts.skipped += [Skipped(problem.path, problem.reason) for problem in listing.problems]
            counts.skipped += [Skipped(printable(bad.path), bad.reason) for bad in plan.still_skipped]
            held = None if yes else plan.held
            self._put_products(source, plan)
            encoded, moved = self._take(source, listing, plan, counts, progress)
            if held is None:
                self._remove(source, plan, moved, counts)
            with self.database.write() as tables:
                sources.forget_skipped(tables, source, plan.forget)
                sources.skip(tables, source, map(_problem, listing.problems))
                sources.note_scan(
                    tables,
                    source,
                    has_table=listing.has_table or source.has_table,
                    state="held" if held else "online",
                )
        return self._report(counts, encoded, held, time.monotonic() - started)

    def _plan(self, listing: Listing, path: Path, *, yes: bool) -> tuple[Source, Plan]:
        kind = listing.kind
        with self.database.write() as tables:
            source = sources.enlist(tables, kind, path)
        # With a yes, a table that is missing now was taken away on purpose.
        source = replace(source, has_table=source.has_table and not yes)
        with self.database.read() as tables:
            plan = make_plan(
                listing,
                images.by_owner(tables, source.source_id),
                sources.skipped(tables, source),
                products.values_of(tables, source.source_id),
                self.rule,
                had_table=source.has_table,
            )
        return source, plan

    def _put_products(self, source: Source, plan: Plan) -> None:
        for part in _parts(plan.put.items(), _ROWS_A_TRANSACTION):
            with self.database.write() as tables:
                products.put_values(tables, source.source_id, dict(part))

    def _take(
        self, source: Source, listing: Listing, plan: Plan, counts: Counts, progress: Progress | None
    ) -> tuple[int, set[int]]:
        if not plan.take:
            return 0, set()  # an encoder takes a second to load, a look at an unchanged folder some milliseconds
        encoder = self.encoder()
        pipeline = Pipeline(
            encoder,
            known=partial(self._known, encoder.fingerprint),
            keep=self._keep,
            limits=self.limits,
            workers=self.workers,
        )
        root = os.fsencode(listing.root)
        tasks = (
            # Paths are bytes, which pathlib doesn't take: names need not be UTF-8.
            Task(file, partial(read_photo, os.path.join(root, file.path), self.limits))  # noqa: PTH118
            for file in plan.take
        )
        lists_photos = not listing.has_table and listing.kind == "folder" and not source.has_table
        batch = Batch(self.database, encoder, source, plan, lists_photos=lists_photos)
        # Closed at once when a batch can't be stored: the workers must end before anybody hears of it.
        with contextlib.closing(pipeline.run(tasks)) as outcomes:
            for done, outcome in enumerate(outcomes, start=1):
                pipeline.forget(batch.add(outcome, counts))
                if progress is not None:
                    progress(done, len(plan.take))
        pipeline.forget(batch.commit(counts))
        return pipeline.encoded, batch.moved

    def _keep(self, digest: str, image: Picture.Image, data: bytes) -> None:
        self.database.need_space()
        self.previews.keep(digest, image, data)

    def _known(self, fingerprint: str, digest: str) -> tuple[int, int] | None:
        if not self.previews.has(digest):
            return None
        with self.database.read() as tables:
            if not features.have(tables, fingerprint, digest):
                return None
            return images.size_of(tables, digest)

    def _remove(self, source: Source, plan: Plan, moved: set[int], counts: Counts) -> None:
        gone = [image.image_id for image in plan.gone if image.image_id not in moved]
        for part in _parts(gone, _ROWS_A_TRANSACTION):
            with self.database.write() as tables:
                counts.removed += images.remove(tables, part)
        for names in _parts(plan.drop, _ROWS_A_TRANSACTION):
            with self.database.write() as tables:
                products.drop_values(tables, source.source_id, names)

    def _report(self, counts: Counts, encoded: int, held: Held | None, seconds: float) -> IndexReport:
        with self.database.read() as tables:
            return IndexReport(
                added=counts.added,
                updated=counts.updated,
                removed=counts.removed,
                unchanged=counts.unchanged,
                skipped=tuple(counts.skipped),
                inbox=sum(products.inbox(tables).values()),
                encoded=encoded,
                images=images.count_searchable(tables),
                products=products.count(tables),
                seconds=seconds,
                held=held,
            )


def _problem(problem: Problem) -> SkippedFile:
    # No file has this stamp, so it is looked at again in every scan.
    return SkippedFile(os.fsencode(problem.path), 0, 0, 0, problem.reason)


def _parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
