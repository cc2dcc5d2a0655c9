"""The local index in this process: words of the published files, and of what was committed after them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_search.errors import StoreDamaged
from edge_search.index.ranking import best
from edge_search.index.word_file import open_words, words_replaced
from edge_search.index.word_tail import WordTail
from edge_search.local.inverted import Inverted
from edge_search.local.judging import Judging
from edge_search.local.points import Points
from edge_search.local.vocabulary import Vocabulary
from edge_search.store import local_features, meta, vocabularies
from edge_search.store.database import Database, Tables
from edge_search.store.generations import Generation
from edge_search.store.vocabularies import WordFile
from edge_search.types import FloatArray, KeyArray

__all__ = ["LocalIndex", "LocalView"]

_log = logging.getLogger("edge_search")

# A tail of so many pictures is searched in a millisecond or two.
_TAIL_FREE = 256
_TAIL_SHARE = 10


@dataclass(frozen=True)
class LocalView:
    """One vocabulary, the files of its words, and the tail behind them. Never changed, only replaced."""

    epoch: str
    vocabulary_id: int
    words: int
    extractor: str
    vocabulary: Vocabulary
    judging: Judging
    rows: tuple[WordFile, ...]
    files: tuple[Inverted, ...]
    tail: WordTail
    last_key: int
    degraded: bool

    def search(self, question: FloatArray, count: int) -> tuple[KeyArray, FloatArray]:
        """Return up to ``count`` (keys, scores) of pictures with the words of a question, best first."""
        parts = [*(file.search(question, count) for file in self.files), self.tail.search(question, count)]
        return best(np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts]), count)


class LocalIndex:
    """Follows the store from snapshot to snapshot."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._view: LocalView | None = None
        self._guard = threading.Lock()
        self._told: set[str] = set()

    def active(self, generation: Generation | None) -> bool:
        """Return whether details are compared in this generation."""
        return generation is not None and generation.carried.vocabulary_id is not None

    def view(self, tables: Tables, generation: Generation | None) -> LocalView | None:
        """Return a view that holds the words of every image of this snapshot that has details.

        None without a vocabulary, or when it is damaged: answers then come from the vectors alone, which is said
        once. A word file that is gone or damaged costs its images the lift, nothing else, until it is built anew.
        """
        number = generation.carried.vocabulary_id if generation else None
        if number is None:
            return None
        with self._guard:
            view, epoch = self._view, meta.get(tables, meta.EPOCH) or ""
            rows = vocabularies.of_words(tables, view.words) if view else []
            if (
                view is None
                or (view.vocabulary_id, view.epoch) != (number, epoch)
                or (view.rows != tuple(rows) and self._newer(view, rows))
                or any(words_replaced(self._database.home.index, row) for row in view.rows if not view.degraded)
            ):
                try:
                    view = self._opened(tables, number, epoch)
                except StoreDamaged as error:
                    self._warn(f"{error}; answers come from the vectors alone until then")
                    return None
            view = self._followed(tables, view)
            self._view = view
            return view

    def due(self, tables: Tables, generation: Generation | None) -> bool:
        """Return whether files are worth building: a long tail, or damage."""
        view = self.view(tables, generation)
        if view is None:
            return False
        filed = sum(row.count for row in view.rows)
        return view.degraded or len(view.tail) > max(_TAIL_FREE, filed // _TAIL_SHARE)

    def _newer(self, view: LocalView, rows: Sequence[WordFile]) -> bool:
        # A snapshot that is a moment old must not bring back what was merged since.
        return sum(row.last_key - row.first_key for row in rows) >= sum(
            row.last_key - row.first_key for row in view.rows
        )

    def _opened(self, tables: Tables, number: int, epoch: str) -> LocalView:
        row = vocabularies.get(tables, number)
        rows = tuple(vocabularies.of_words(tables, row.words))
        files, degraded = [], False
        for file in rows:
            try:
                files.append(open_words(self._database.home.index, file))
            except (StoreDamaged, OSError, ValueError) as error:
                degraded = True
                self._warn(f"{error}; its photos are found by their vectors alone until 'edge-search compact'")
        return LocalView(
            epoch=epoch,
            vocabulary_id=number,
            words=row.words,
            extractor=row.extractor,
            vocabulary=Vocabulary.from_bytes(row.data),
            judging=Judging.from_json(row.judging),
            rows=rows,
            files=tuple(files),
            tail=WordTail(),
            last_key=max((file.last_key for file in rows), default=0),
            degraded=degraded,
        )

    def _followed(self, tables: Tables, view: LocalView) -> LocalView:
        for page in local_features.of_images(tables, view.extractor, after=view.last_key):
            if page:
                some = [(key, view.vocabulary.words(Points.from_bytes(data).descriptors)) for key, data in page]
                view = replace(view, tail=view.tail.grown(some, view.vocabulary), last_key=page[-1][0])
        return view

    def _warn(self, text: str) -> None:
        """Say what is wrong, once in this process."""
        if text not in self._told:
            self._told.add(text)
            _log.warning("index: %s", text)
