"""A job: one plan on its way into the store, step by step."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from PIL import Image as Picture

from edge_search.catalog.listing import Listing, Problem, SourceFile, printable
from edge_search.encoder.encoder import Encoder
from edge_search.imaging.limits import Limits
from edge_search.imaging.photo import read_photo
from edge_search.ingest.details import Detailing
from edge_search.ingest.pipeline import Pipeline, Task
from edge_search.local.points import GALLERY_BYTES
from edge_search.store import features, images, products, sources
from edge_search.store.database import Database
from edge_search.store.previews import Previews
from edge_search.store.sources import SkippedFile, Source
from edge_search.sync.batch import Batch, Counts
from edge_search.sync.plan import Plan
from edge_search.types import Held, IndexReport, Progress, Skipped

__all__ = ["Job", "ReadFile", "Tools"]

T = TypeVar("T")
ReadFile = Callable[[bytes, SourceFile, Limits], bytes]

_ROWS_A_TRANSACTION = 500
# Photos that somebody who dropped them waits for; more are a delivery, and searches come first.
_FEW = 20


def read_listed(root: bytes, file: SourceFile, limits: Limits) -> bytes:
    """Read a file as it was listed; PhotoUnsettled when it is not the same any more."""
    # Paths are bytes, which pathlib doesn't take: names need not be UTF-8.
    return read_photo(os.path.join(root, file.path), limits, stamp=(file.size, file.mtime_ns))  # noqa: PTH118


@dataclass(frozen=True)
class Tools:
    """What jobs work with."""

    database: Database
    encoder: Callable[[], Encoder]
    previews: Previews
    limits: Limits
    workers: int
    read: ReadFile = read_listed
    local_bytes: int = GALLERY_BYTES


class Job:
    """Takes what is new batch by batch, so that a killed run loses at most one; removals come last.

    So a renamed photo is never missing in between. Whoever advances a job in several steps, with other work on the
    same source in between, must not `finish` it but plan anew: a photo that was gone may be there again.
    """

    def __init__(
        self,
        tools: Tools,
        listing: Listing,
        source: Source,
        plan: Plan,
        held: Held | None,
        *,
        foreign: bool = False,
    ) -> None:
        """Make a job; ``foreign``: what lies there now is not what was read before."""
        self._foreign = foreign
        self.source = source
        self.plan = plan
        self.held = held
        self._tools = tools
        self._listing = listing
        self._started = time.monotonic()
        self._left = deque(plan.take)
        self._put = dict(plan.put)
        self._moved: set[int] = set()
        self._encoded = 0
        self._done = 0
        self.counts = Counts(unchanged=plan.unchanged)
        self.counts.skipped += [Skipped(problem.path, problem.reason) for problem in listing.problems]
        self.counts.skipped += [Skipped(printable(bad.path), bad.reason) for bad in plan.still_skipped]

    @property
    def left(self) -> int:
        """How many photos wait to be taken."""
        return len(self._left)

    @property
    def waiting(self) -> list[bytes]:
        """The paths of these photos."""
        return [file.path for file in self._left]

    def advance(self, progress: Progress | None = None, stop: Callable[[], bool] | None = None) -> bool:
        """Take photos until ``stop()`` says so; what was begun is committed. Returns whether all are taken."""
        tools = self._tools
        put, self._put = self._put, {}
        for part in _parts(put.items(), _ROWS_A_TRANSACTION):
            with tools.database.write() as tables:
                products.put_values(tables, self.source.source_id, dict(part))
        if not self._left:
            return True  # an encoder takes a second to load, a look at an unchanged folder some milliseconds
        encoder = tools.encoder()
        details = Detailing(tools.database, tools.local_bytes)
        pipeline = Pipeline(
            encoder,
            known=partial(self._known, encoder.fingerprint),
            keep=partial(self._keep, details),
            limits=tools.limits,
            workers=tools.workers,
            hurry=len(self._left) <= _FEW,
        )
        lists_photos = not (self._listing.has_table or self.source.has_table) and self._listing.kind == "folder"
        batch = Batch(tools.database, encoder, self.source, self.plan, details, lists_photos=lists_photos)
        # Closed at once when a batch can't be stored: the workers must end before anybody hears of it.
        with contextlib.closing(pipeline.run(self._tasks(stop))) as outcomes:
            for outcome in outcomes:
                self._done += 1
                pipeline.forget(batch.add(outcome, self.counts))
                if progress is not None:
                    progress(self._done, len(self.plan.take))
        pipeline.forget(batch.commit(self.counts))
        self._moved |= batch.moved
        self._encoded += pipeline.encoded
        return not self._left

    def finish(self) -> None:
        """Remove what is gone unless that is held, and note how the source stands."""
        database, source, listing = self._tools.database, self.source, self._listing
        if self.held is None:
            self._remove()
        with database.write() as tables:
            sources.forget_skipped(tables, source, self.plan.forget)
            sources.skip(tables, source, _problems(listing.problems))
            if listing.scope is None:
                sources.warn(tables, source, _joined(listing.warnings).items())
                sources.note_scan(
                    tables,
                    source,
                    has_table=listing.has_table or source.has_table,
                    state=self.state,
                    held=self.held,
                    detail=self.held.reason if self.held else None,
                )

    def report(self) -> IndexReport:
        """Return what was done; counts the whole catalog, which takes some milliseconds for 10,000 photos."""
        counts = self.counts
        with self._tools.database.read() as tables:
            return IndexReport(
                added=counts.added,
                updated=counts.updated,
                removed=counts.removed,
                unchanged=counts.unchanged,
                skipped=tuple(counts.skipped),
                inbox=sum(products.inbox(tables).values()),
                encoded=self._encoded,
                images=images.count_searchable(tables),
                products=products.count(tables),
                seconds=time.monotonic() - self._started,
                held=self.held,
                warnings=tuple(Skipped(warning.path, warning.reason) for warning in self._listing.warnings),
            )

    @property
    def state(self) -> str:
        """How the source stands: an empty or foreign folder is not it, so it counts as offline."""
        if self.held is None:
            return "online"
        return "held" if not self._foreign and (self._listing.files or self._listing.products) else "offline"

    def _tasks(self, stop: Callable[[], bool] | None) -> Iterator[Task[SourceFile]]:
        root = os.fsencode(self._listing.root)
        while self._left and not (stop and stop()):
            file = self._left.popleft()
            yield Task(file, lambda file=file: self._tools.read(root, file, self._tools.limits))  # type: ignore[misc]

    def _keep(self, details: Detailing, digest: str, image: Picture.Image, data: bytes) -> None:
        self._tools.database.need_space()
        details.take(digest, image)
        self._tools.previews.keep(digest, image, data)

    def _known(self, fingerprint: str, digest: str) -> tuple[int, int] | None:
        if not self._tools.previews.has(digest):
            return None
        with self._tools.database.read() as tables:
            if not features.have(tables, fingerprint, digest):
                return None
            return images.size_of(tables, digest) or (0, 0)

    def _remove(self) -> None:
        database = self._tools.database
        gone = [image.image_id for image in self.plan.gone if image.image_id not in self._moved]
        for part in _parts(gone, _ROWS_A_TRANSACTION):
            with database.write() as tables:
                self.counts.removed += images.remove(tables, part)
        for names in _parts(self.plan.drop, _ROWS_A_TRANSACTION):
            with database.write() as tables:
                products.drop_values(tables, self.source.source_id, names)


def _problems(problems: Iterable[Problem]) -> Iterator[SkippedFile]:
    # No file has this stamp, so it is looked at again in every scan.
    yield from (SkippedFile(path, 0, 0, 0, reason) for path, reason in _joined(problems).items())


def _joined(problems: Iterable[Problem]) -> dict[bytes, str]:
    """Return all reasons of a path together: one line of a table may have several."""
    found: dict[bytes, list[str]] = {}
    for problem in problems:
        found.setdefault(os.fsencode(problem.path), []).append(problem.reason)
    return {path: " / ".join(reasons) for path, reasons in found.items()}


def _parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
