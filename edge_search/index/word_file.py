"""A word file: the inverted file of a range of images on disk, immutable and mapped."""

from __future__ import annotations

import secrets
from pathlib import Path

import numpy as np

from edge_search.errors import StoreDamaged
from edge_search.index.segment import file_problem, hashed_problem, stamp, stamped
from edge_search.local.inverted import Inverted
from edge_search.store import generations, vocabularies
from edge_search.store.database import Tables
from edge_search.store.durable import atomic_file
from edge_search.store.vocabularies import WordFile

__all__ = ["open_words", "words_problems", "words_replaced", "write_words"]

_SUFFIX = ".words"
_MAGIC = 0x45535744  # "ESWD"
_ALIGN = 8


def write_words(folder: Path, words: int, inverted: Inverted, first: int, last: int) -> WordFile:
    """Write the words of all images with keys from ``first`` to ``last``, durably; returns hash and stamp."""
    name = f"words-{secrets.token_hex(8)}"
    path = folder / (name + _SUFFIX)
    arrays = (
        inverted.keys.astype("<i8"),
        inverted.starts.astype("<i8"),
        inverted.offsets.astype("<i8"),
        inverted.norms.astype("<f4"),
        inverted.members.astype("<i4"),
        inverted.words.astype("<u2"),
    )
    header = np.array([_MAGIC, words, len(inverted), len(inverted.words), len(inverted.offsets)], "<i8")

    def save(temp: Path) -> None:
        with temp.open("wb") as file:
            for array in (header, *arrays):
                file.write(array.tobytes())
                file.write(b"\0" * (-array.nbytes % _ALIGN))

    atomic_file(path, save)
    return WordFile(name, words, first, last, len(inverted), (stamped(path),))


def open_words(folder: Path, row: WordFile) -> Inverted:
    """Map a word file after checking that it is the one that was published.

    Raises:
        StoreDamaged: it is gone or damaged.
    """
    for file in row.files:
        problem = file_problem(folder, file)
        if problem:
            raise StoreDamaged(f"{folder / file.name}: {problem}")
    path = folder / (row.name + _SUFFIX)
    header = np.fromfile(path, "<i8", 5)
    if len(header) != 5 or header[0] != _MAGIC or header[1] != row.words or header[2] != row.count:
        raise StoreDamaged(f"{path} is not the file its name says")
    count, entries, width = (int(value) for value in header[2:])
    data = np.memmap(path, np.uint8, "r")
    at = header.nbytes
    parts = []
    for kind, size in (("<i8", count), ("<i8", count + 1), ("<i8", width), ("<f4", count), ("<i4", entries),
                       ("<u2", entries)):  # fmt: skip
        length = np.dtype(kind).itemsize * size
        parts.append(np.frombuffer(data, kind, size, at))
        at += length + (-length % _ALIGN)
    keys, starts, offsets, norms, members, words = parts
    return Inverted(keys, starts, words, offsets, members, norms)


def words_replaced(folder: Path, row: WordFile) -> bool:
    """Return whether a file it was opened from is gone or another one by now."""
    return any(stamp(folder / file.name) != (file.size, file.mtime_ns, file.inode) for file in row.files)


def words_problems(tables: Tables, folder: Path) -> list[tuple[str, str]]:
    """Hash the current generation's word files; return (name, what is wrong) of those that are not as published.

    Raises:
        StoreDamaged: its vocabulary is damaged.
    """
    generation = generations.current(tables)
    number = generation.carried.vocabulary_id if generation else None
    if number is None:
        return []
    rows = vocabularies.of_words(tables, vocabularies.get(tables, number).words)
    found = ((row.name, hashed_problem(folder, row.files)) for row in rows)
    return [(name, problem) for name, problem in found if problem]
