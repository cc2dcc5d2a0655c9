"""The journal of this process: answers are noted off the query's path, some at a time."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from edge_search.errors import EdgeSearchError, NotFound
from edge_search.imaging.formats import sniff
from edge_search.imaging.hashing import content_hash
from edge_search.store import journal, products
from edge_search.store.database import Database, now
from edge_search.store.durable import atomic_file
from edge_search.store.journal import Query
from edge_search.types import Answer

__all__ = ["Journal"]

_log = logging.getLogger("edge_search")

# A crash loses the answers of this long at most; a transaction for each would make the disk write all day.
_EVERY_S = 0.5
_MOST_WAITING = 10_000
_HITS = 20
_PRUNE_EVERY_S = 3600.0


class Journal:
    """`box.journal`: verdict, SKUs, scores and times of each answer, never the photo. Thread-safe."""

    def __init__(self, database: Database, *, days: float, keep_photos: bool) -> None:
        self._database = database
        self._days = days
        self._keep_photos = keep_photos
        self._waiting: deque[tuple[str, Answer]] = deque(maxlen=_MOST_WAITING)
        self._some = threading.Condition()
        self._storing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ended = False
        self._next_prune = 0.0
        self._trouble: type[Exception] | None = None

    def record(self, answer: Answer) -> None:
        """Note an answer; it is in the store half a second later."""
        with self._some:
            self._waiting.append((now(), answer))
            if self._thread is None and not self._ended:
                self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
                self._thread.start()
            self._some.notify()

    @property
    def waiting(self) -> int:
        """Answers that are not in the store yet."""
        return len(self._waiting)

    def flush(self) -> None:
        """Store what waits.

        Raises:
            StoreError: it can't be stored; it is lost.
        """
        with self._storing:
            batch = []
            while self._waiting:
                batch.append(self._waiting.popleft())
            if batch:
                self._database.need_space()
                rows = [_row(at, answer) for at, answer in batch]
                with self._database.write() as tables:
                    journal.add(tables, rows)

    def feedback(self, query_id: str, sku: str | None, *, role: str, photo: bytes | None = None) -> None:
        """Note that an answer should have been ``sku``, or (None) that it was none of those shown.

        Args:
            query_id: of an answer, also one given a moment ago.
            sku: a product that is shown.
            role: who says so; the last word of each role stays.
            photo: a decodable photo; kept only with the setting ``keep_feedback_photos``.

        Raises:
            NotFound: no such query (any more), or no such product.
        """
        self.flush()
        with self._database.read() as tables:
            if not journal.known(tables, query_id):
                raise NotFound(f"query {query_id[:64]!r}: there is none, or it is older than the journal")
            if sku is not None and sku not in products.get(tables, [sku]):
                raise NotFound(f"product {sku[:128]!r} is not in the catalog")
        kept = self._kept(photo) if photo and self._keep_photos else None
        with self._database.write() as tables:
            journal.put_feedback(tables, query_id, role, sku, kept)

    def prune(self) -> None:
        """Forget what is older than the setting, and photos that nothing refers to any more."""
        while True:
            with self._database.write() as tables:
                if not journal.prune(tables, days=self._days):
                    break
        folder = self._database.home.feedback
        if folder.is_dir():
            before = {path for path in folder.iterdir() if time.time() - path.stat().st_mtime > _PRUNE_EVERY_S}
            with self._database.read() as tables:
                kept = journal.photos(tables)
            for path in before:
                if path.name not in kept:
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Store what waits and end the thread."""
        with self._some:
            self._ended = True
            self._some.notify()
        if self._thread is not None:
            self._thread.join()
        self._tried(self.flush)

    def _run(self) -> None:
        while True:
            with self._some:
                while not self._waiting and not self._ended:
                    self._some.wait()
                if self._ended:
                    return
                self._some.wait(_EVERY_S)  # for more; `close` ends it sooner
            self._tried(self.flush)
            if time.monotonic() >= self._next_prune:
                self._next_prune = time.monotonic() + _PRUNE_EVERY_S
                self._tried(self.prune)

    def _tried(self, step: Callable[[], None]) -> None:
        try:
            step()
        except (EdgeSearchError, OSError) as error:
            if type(error) is not self._trouble:  # once, not twice a second while the disk is full
                _log.warning("journal: %s", error)
            self._trouble = type(error)
        else:
            self._trouble = None

    def _kept(self, photo: bytes) -> str:
        name = f"{content_hash(photo)}.{(sniff(photo) or 'bin').lower()}"
        path: Path = self._database.home.feedback / name
        self._database.need_space(len(photo))
        atomic_file(path, lambda temp: temp.write_bytes(photo))
        return name


def _row(at: str, answer: Answer) -> Query:
    hits = [[hit.sku, round(hit.score, 4), round(hit.similarity, 4)] for hit in answer.hits[:_HITS]]
    return Query(
        query_id=answer.query_id,
        at=at,
        verdict=answer.verdict,
        quality=answer.quality,
        hits=json.dumps(hits, ensure_ascii=False),
        encoder=answer.encoder,
        generation=answer.generation,
        timings=json.dumps({name: round(ms, 2) for name, ms in asdict(answer.timings_ms).items()}),
    )
