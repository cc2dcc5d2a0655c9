"""Fitting local features: words of this catalog, and whether details should count in it."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image as Picture

from edge_search.encoder.encoder import Encoder
from edge_search.errors import StoreDamaged
from edge_search.fitting.lineup import Lineup
from edge_search.fitting.projection import Projection
from edge_search.fitting.strength import strength
from edge_search.imaging.simulate import simulate
from edge_search.index.word_builder import WordBuilder
from edge_search.ingest.describing import Describing
from edge_search.ingest.workers import worker_pool
from edge_search.local.inverted import Inverted
from edge_search.local.judging import Judging
from edge_search.local.one_core import one_core
from edge_search.local.points import Points
from edge_search.local.vocabulary import Vocabulary, fit_vocabulary
from edge_search.search.local_trial import Asked, Choice, TrialGallery, choose
from edge_search.store import features, generations, images, local_features, vocabularies
from edge_search.store.database import Database
from edge_search.store.images import Image
from edge_search.types import FloatArray, Progress

__all__ = ["LocalFitting", "LocalReport"]

# Photos that are looked at in the trial, and of these asked: some ten seconds on two cores.
_GALLERY = 1200
_ASKED = 150
_LEAST_ASKED = 20
# Pictures whose details words are fitted on, spread over the catalog, and those that idf is counted on.
_FITTED_ON = 3000
_SIDE = 480
_HITS = 5


@dataclass(frozen=True)
class LocalReport:
    """What is to be published: ``vocabulary_id`` for the generation, None where details don't help.

    ``report``: what was found, as plain JSON types. ``lineups``: empty where details don't count.
    """

    vocabulary_id: int | None
    judging: Judging | None
    report: dict[str, Any]
    lineups: tuple[Lineup, ...] = ()


@dataclass(frozen=True)
class LocalFitting:
    """Finds out on the catalog itself whether details help it; if so, makes the words and files of a generation.

    ``projection`` gives one that was fitted without these images (by key); ``held`` are the images to ask with, in the
    order they are taken, from SKUs that have others. Nothing changes for queries until a generation names the
    ``vocabulary_id`` that comes back.
    """

    database: Database
    encoder: Encoder
    projection: Callable[[Collection[int]], Projection]
    held: Sequence[int]
    describing: Describing

    def fit(self, *, pause: Callable[[], None] = lambda: None, progress: Progress | None = None) -> LocalReport:
        """Try details on a split of the catalog, and prepare what is to be published.

        Asks with ``held`` where those are enough, else with simulated photos. Takes
        seconds for the trial; where it is won, 20 ms for each photo whose details were never looked for, and about
        a minute for the words of 10,000. What was looked for stays when ``pause`` raises, everything else is undone.

        Args:
            pause: called between steps of at most some seconds; may raise to stop.
            progress: called with (done, all) photos whose details are looked for.
        """
        photos = self._sample()
        choice, asked = self._tried(photos, pause)
        report: dict[str, Any] = {"kept": False, "photos": len(photos)}
        if choice is not None:
            report |= {
                "queries": choice.queries,
                "basis": "simulated" if choice.simulated else "photos",
                "recall_1_vectors": round(choice.plain, 4),
                "recall_1_details": round(choice.judged, 4),
                "mended": choice.mended,
                "broken": choice.broken,
            }
        if choice is None or choice.judging is None:
            report["reason"] = "too few photos to tell" if choice is None else "details don't help this catalog"
            return LocalReport(None, None, report)
        looked = self.describing.every(pause=pause, progress=progress)
        number, words = self._published(choice.judging, pause)
        report |= {
            "kept": True,
            "reason": "details lie alike on photos and pictures of the same product",
            "judging": asdict(choice.judging),
            "words": words,
            "looked_at": looked,
        }
        return LocalReport(number, choice.judging, report, tuple(_lineups(asked, choice.judging)))

    def _sample(self) -> list[Image]:
        """Return images of whole SKUs, the same ones every time, each content once."""
        with self.database.read() as tables:
            keys = images.searchable(tables).tolist()
            owners = images.skus_of(tables, keys)
            names = sorted(set(owners.values()), key=lambda sku: hashlib.blake2b(sku.encode()).digest())
            found: list[Image] = []
            for sku in names:
                if len(found) >= _GALLERY:
                    break
                rows = {image.content_hash: image for image in images.of_sku(tables, sku) if image.image_id in owners}
                found += rows.values()
        return sorted(found, key=lambda image: image.image_id)

    def _tried(self, photos: Sequence[Image], pause: Callable[[], None]) -> tuple[Choice | None, list[Asked]]:
        pause()
        self.describing.some([image.content_hash for image in photos], pause=pause)
        there = {image.image_id: image for image in photos}
        held = [there[key] for key in self.held if key in there][:_ASKED]
        simulated = len(held) < _LEAST_ASKED
        if simulated:
            held = list(photos)[:: max(1, len(photos) // _ASKED)][:_ASKED]
        if len(held) < _LEAST_ASKED:
            return None, []
        left = set() if simulated else {image.image_id for image in held}
        projection = self.projection(left)
        gallery = self._gallery([image for image in photos if image.image_id not in left], projection, pause)
        asked: list[Asked] = []
        with worker_pool(self.describing.workers, "trial") as pool:
            for start in range(0, len(held), 8):
                pause()
                part = held[start : start + 8]
                queries = pool.map(lambda one: self._query(one, photographed=not simulated), part)
                for image, query in zip(part, queries, strict=True):
                    if query is not None:
                        feature, points = query
                        with one_core():
                            asked.append(gallery.asked(image.sku, projection(feature)[0], points))
        return (choose(asked, simulated=simulated), asked) if len(asked) >= _LEAST_ASKED else (None, [])

    def _gallery(self, photos: Sequence[Image], projection: Projection, pause: Callable[[], None]) -> TrialGallery:
        from edge_search.local.extractor import FINGERPRINT

        keys = [image.image_id for image in photos]
        vectors: list[FloatArray] = []
        points: dict[int, Points] = {}
        for start in range(0, len(keys), 300):
            pause()
            with self.database.read() as tables:
                part = keys[start : start + 300]
                vectors.append(projection(features.of_keys(tables, self.encoder.fingerprint, part)))
                stored = local_features.of_keys(tables, FINGERPRINT, part)
            points.update({key: Points.from_bytes(data) for key, data in stored.items()})
        vocabulary = _vocabulary([points[key] for key in keys if key in points], pause)
        described = [key for key in keys if key in points]
        words = [vocabulary.words(points[key].descriptors) for key in described]
        return TrialGallery(
            np.asarray(keys, np.int64),
            [image.sku for image in photos],
            np.concatenate(vectors),
            points,
            vocabulary,
            Inverted.built(np.asarray(described, np.int64), words, vocabulary),
            strength,
        )

    def _query(self, image: Image, *, photographed: bool) -> tuple[FloatArray, Points] | None:
        from edge_search.local.extractor import QUERY_POINTS, QUERY_SIDE, extract

        picture = next(self.describing.pictures([image.content_hash])[image.content_hash], None)
        if picture is None:
            return None
        if photographed:
            with self.database.read() as tables:
                feature = features.of_keys(tables, self.encoder.fingerprint, [image.image_id])
        else:
            picture.thumbnail((_SIDE, _SIDE), Picture.Resampling.BILINEAR)
            picture = simulate(picture, np.random.default_rng([int(image.content_hash[:12], 16), 7]))
            feature = self.encoder.encode([picture])
        return feature, extract(picture, QUERY_SIDE, QUERY_POINTS)

    def _published(self, judging: Judging, pause: Callable[[], None]) -> tuple[int, int]:
        """Store vocabulary and word files; returns (vocabulary's number, its words)."""
        from edge_search.local.extractor import FINGERPRINT

        with self.database.read() as tables:
            generation = generations.current(tables)
            before = generation.carried.vocabulary_id if generation else None
            old = None
            with contextlib.suppress(StoreDamaged):  # then the words are fitted anew: nothing else can mend them
                old = vocabularies.get(tables, before) if before is not None else None
            count = images.count(tables)
            filed = sum(file.count for file in vocabularies.of_words(tables, old.words)) if old else 0
        if old is not None and old.extractor == FINGERPRINT and count < 2 * max(filed, 1):
            data, words = b"", old.words
            size = len(Vocabulary.from_bytes(old.data))
        else:
            found = _vocabulary(self._described(pause), pause)
            data, words, size = found.to_bytes(), None, len(found)
        with self.database.exclusive("build"):
            with self.database.write() as tables:
                number = vocabularies.put(tables, FINGERPRINT, data, judging.to_json(), words=words)
            try:
                WordBuilder(self.database).publish(number, pause=pause)
            except BaseException:
                with self.database.write() as tables:
                    vocabularies.drop(tables, number)
                raise
        return number, size

    def _described(self, pause: Callable[[], None]) -> list[Points]:
        """Return the details of at most 3,000 pictures, spread evenly over the catalog."""
        from edge_search.local.extractor import FINGERPRINT

        with self.database.read() as tables:
            keys = images.searchable(tables).tolist()
        chosen = keys[:: max(1, len(keys) // _FITTED_ON)][:_FITTED_ON]
        found: list[Points] = []
        for start in range(0, len(chosen), 300):
            pause()
            with self.database.read() as tables:
                stored = local_features.of_keys(tables, FINGERPRINT, chosen[start : start + 300])
            found += [Points.from_bytes(stored[key]) for key in sorted(stored)]
        return found


def _vocabulary(pictures: Sequence[Points], pause: Callable[[], None]) -> Vocabulary:
    """Fit words to the details of pictures, and count how telling each is."""
    empty = np.zeros((1, 128), np.uint8)
    every = np.concatenate([points.descriptors for points in pictures] or [empty])
    centres, spread = fit_vocabulary(every if len(every) else empty, pause=pause)
    plain = Vocabulary(centres, np.ones(len(centres), np.float32), spread)
    seen = np.zeros(len(centres), np.int64)
    for points in pictures:
        pause()
        seen[plain.words(points.descriptors)] += 1
    idf = np.log((len(pictures) + 1) / (seen + 1)) + 0.1
    return Vocabulary(centres, idf.astype(np.float32), spread)


def _lineups(asked: Sequence[Asked], judging: Judging) -> list[Lineup]:
    found = []
    for one in asked:
        for absent in (False, True):
            ranked = one.ranked(judging, absent=absent)[:_HITS]
            names = [sku for _, sku in ranked]
            right = names.index(one.sku) if one.sku in names else None
            found.append(Lineup(tuple(value for value, _ in ranked), right, absent))
    return found
