"""The word builder: turns the words of the tail into files, off the query path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edge_search.index.segment import hashed_problem
from edge_search.index.word_file import open_words, write_words
from edge_search.local.inverted import Inverted
from edge_search.local.points import Points
from edge_search.local.vocabulary import Vocabulary, Words
from edge_search.store import images, local_features, vocabularies
from edge_search.store.database import Database
from edge_search.store.vocabularies import WordFile

__all__ = ["LARGEST", "WordBuilder"]

_RATIO = 2
LARGEST = 50_000
"""Images of one file, about, so that building takes bounded memory (150 MB)."""


@dataclass(frozen=True)
class WordBuilder:
    """Builds the files of a vocabulary's words; to be used under the build lock."""

    database: Database

    def publish(self, vocabulary_id: int, *, anew: bool = False, pause: Callable[[], None] = lambda: None) -> int:
        """Bring the tail into files. Returns the images in files by now.

        Each file is more than twice as large as all newer ones together, so that there are few, and a picture's
        words are copied a few times in its life; they are looked up once.
        """
        folder = self.database.home.index
        with self.database.read() as tables:
            row = vocabularies.get(tables, vocabulary_id)
            old = vocabularies.of_words(tables, row.words)
            newest = images.newest(tables)
        vocabulary = Vocabulary.from_bytes(row.data)
        opened = {file.name: open_words(folder, file) for file in old if hashed_problem(folder, file.files) is None}
        keep = [] if anew else self._kept(old, opened, newest)
        after = keep[-1].last_key if keep else 0
        known = {
            int(key): inverted.words_of(place)
            for file in old[len(keep) :]
            if (inverted := opened.get(file.name)) is not None
            for place, key in enumerate(inverted.keys.tolist())
        }
        new: list[WordFile] = []
        for keys, words in self._words(row.extractor, vocabulary, known, after, newest, pause):
            inverted = Inverted.built(np.asarray(keys, np.int64), words, vocabulary)
            self.database.need_space(len(inverted.words) * 6 + len(keys) * 28)
            first = new[-1].last_key + 1 if new else after + 1
            last = keys[-1] if len(keys) >= LARGEST else newest
            new.append(write_words(folder, row.words, inverted, first, last))
        with self.database.write() as tables:
            vocabularies.replace(tables, [file.name for file in old[len(keep) :]], new)
        return sum(file.count for file in [*keep, *new])

    def _kept(self, old: Sequence[WordFile], opened: dict[str, Inverted], newest: int) -> list[WordFile]:
        keep = list(old)
        while keep and not all(file.name in opened for file in keep):
            keep.pop()
        newer = newest - keep[-1].last_key if keep else 0
        while keep and keep[-1].count < LARGEST and keep[-1].count <= _RATIO * newer:
            newer += keep.pop().count
        return keep

    def _words(
        self,
        extractor: str,
        vocabulary: Vocabulary,
        known: dict[int, Words],
        after: int,
        newest: int,
        pause: Callable[[], None],
    ) -> Iterator[tuple[list[int], list[Words]]]:
        """Yield keys and words of the images above key ``after``, one file's worth at a time."""
        keys: list[int] = []
        words: list[Words] = []
        while True:
            pause()
            with self.database.read() as tables:
                page = next(local_features.of_images(tables, extractor, after=after, upto=newest), [])
            for key, data in page:
                keys.append(key)
                words.append(known[key] if key in known else vocabulary.words(Points.from_bytes(data).descriptors))
            if keys and (not page or len(keys) >= LARGEST):
                yield keys, words
                keys, words = [], []
            if not page:
                return
            after = page[-1][0]
