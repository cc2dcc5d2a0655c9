"""Verify: compare SQLite, segments, previews and taught photos with each other. Reads only."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_search.errors import StoreDamaged
from edge_search.index.segment import segment_keys, segment_problem
from edge_search.index.word_file import words_problems
from edge_search.maintenance.damage import Damage
from edge_search.store import catalog_encoder, features, generations, images, local_features, products
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database, Tables
from edge_search.store.previews import Previews

__all__ = ["verify"]

_PAGE = 1000


def verify(database: Database, previews: Previews, fingerprint: str) -> Iterator[Damage]:
    """Yield everything that is not as it should be.

    Each part reads a snapshot of its own, in pages, so that a long check holds back no writer.

    Args:
        database: the home's.
        previews: the home's.
        fingerprint: the encoder whose features the images must have.

    Raises:
        EncoderChanged: the catalog has another one by now.
    """
    try:
        yield from _database(database)
        yield from _features(database, fingerprint)
        yield from _products(database)
        yield from _segments(database)
        yield from _details(database)
        yield from _words(database)
        yield from _previews(database, previews)
        yield from _taught(database)
    except StoreDamaged as error:
        yield Damage("database", database.home.database.name, str(error))


def _database(database: Database) -> Iterator[Damage]:
    database.forget_pages()
    with database.read() as tables:
        found = [row[0] for row in tables.execute("PRAGMA integrity_check(20)")]
        found += [f"{row[0]} {row[1]} names no {row[2]}" for row in tables.execute("PRAGMA foreign_key_check")]
    for text in found:
        if text != "ok":
            yield Damage("database", database.home.database.name, f"{database.home.database}: {text}")


def _features(database: Database, fingerprint: str) -> Iterator[Damage]:
    after = ""
    while True:
        with database.read() as tables:
            catalog_encoder.expect(tables, fingerprint)
            page = features.states(tables, fingerprint, after=after, limit=_PAGE)
        for digest, state in page:
            if state != "good":
                yield Damage("feature", digest, f"photo {digest[:12]}: its feature is {state}")
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def _products(database: Database) -> Iterator[Damage]:
    with database.read() as tables:
        for sku in products.stale(tables):
            yield Damage("product", sku, f"product {sku}: its row differs from what its owners list")


def _segments(database: Database) -> Iterator[Damage]:
    with database.read() as tables:
        generation = generations.current(tables)
        for row in generation.segments if generation else ():
            problem = segment_problem(database.home.index, row)
            if problem:
                yield Damage("segment", row.name, f"index: {problem}")
            else:
                yield from _unreachable(database, tables, row)


def _unreachable(database: Database, tables: Tables, row: generations.SegmentRow) -> Iterator[Damage]:
    keys = segment_keys(database.home.index, row)
    live = images.keys_between(tables, row.first_key, row.last_key)
    missing = np.setdiff1d(live, keys, assume_unique=True)
    if len(missing):
        yield Damage("segment", row.name, f"index: {row.name} lacks {len(missing)} photos, such as {missing[0]}")


def _details(database: Database) -> Iterator[Damage]:
    with database.read() as tables:
        extractors = local_features.extractors(tables)
    for extractor in extractors:
        after = ""
        while True:
            with database.read() as tables:
                page = local_features.states(tables, extractor, after=after, limit=_PAGE)
            for digest, good in page:
                if not good:
                    yield Damage("details", digest, f"photo {digest[:12]}: its local features are damaged")
            if len(page) < _PAGE:
                break
            after = page[-1][0]


def _words(database: Database) -> Iterator[Damage]:
    with database.read() as tables:
        try:
            problems = words_problems(tables, database.home.index)
        except StoreDamaged as error:
            yield Damage("vocabulary", "vocabulary", str(error))
            return
    for name, problem in problems:
        yield Damage("segment", name, f"index: {problem}")


def _previews(database: Database, previews: Previews) -> Iterator[Damage]:
    if not previews.enabled:
        return
    for digest in _contents(database):
        if not previews.whole(digest):
            yield Damage("preview", digest, f"photo {digest[:12]}: its preview is missing or damaged")


def _contents(database: Database) -> Iterator[str]:
    after = ""
    while True:
        with database.read() as tables:
            page = images.contents(tables, after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1]


def _taught(database: Database) -> Iterator[Damage]:
    with database.read() as tables:
        rows = images.by_owner(tables, LOCAL)
    for image in rows:
        path = database.home.root / os.fsdecode(image.path)
        problem = _file_problem(path, image.content_hash)
        if problem:
            text = f"photo {image.image_id} of {image.sku}: {path} {problem}"
            yield Damage("taught", str(image.image_id), text, lost=True)


def _file_problem(path: Path, content_hash: str) -> str | None:
    try:
        data = path.read_bytes()
    except OSError as error:
        return f"can't be read ({error.strerror})"
    return None if hashlib.sha256(data).hexdigest() == content_hash else "is damaged"
