"""Backup: one file with everything a home can't make again, written while the box runs.

The file is a plain tar (photos don't shrink): the database, taught and held-out photos, previews, settings and the
home's own models, and at its end `manifest.json` with a SHA-256 of each. The index is left out: it is built again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_search.errors import InvalidValue, NoSpace, StoreError
from edge_search.store.database import Database, now
from edge_search.store.durable import atomic_file
from edge_search.store.home import Home

__all__ = ["BACKUP_FORMAT", "MANIFEST", "Written", "snapshot", "write_backup"]

BACKUP_FORMAT = 1
MANIFEST = "manifest.json"
_PARTS = ("taught", "checks", "feedback", "models", "previews")


@dataclass(frozen=True)
class Written:
    """A finished backup."""

    path: Path
    files: int
    size: int
    seconds: float


def snapshot(database: Database, target: Path) -> None:
    """Write a consistent copy of the database to ``target``, durably, while others read and write.

    Raises:
        NoSpace: the disk is full; an older file at ``target`` stays.
    """

    def copy(temp: Path) -> None:
        # Page by page through SQLite itself: opening the live file by hand would drop its locks.
        with database.read() as tables, contextlib.closing(sqlite3.connect(temp)) as other:
            tables.conn.backup(other)
            # A copy that is one file: it must not need a WAL beside it.
            other.execute("PRAGMA journal_mode=DELETE")

    try:
        atomic_file(target, copy)
    except sqlite3.OperationalError as error:
        raise NoSpace(f"{target}: {error}; free some space, then try again") from error


def write_backup(database: Database, target: Path) -> Written:
    """Write a backup of the home to ``target`` (a file; a folder gets one named by the time).

    Raises:
        InvalidValue: ``target`` lies inside the home.
        NoSpace: the disk is full; nothing is left there, an older file stays.
    """
    started = time.monotonic()
    target = target.expanduser().absolute()
    if target.is_dir():
        target = target / f"edge-search-{now().replace(':', '').replace('+0000', 'Z')}.tar"
    if target.is_relative_to(database.home.root):
        raise InvalidValue(f"backup to {target}: that is inside the home; choose a place on another disk")
    if not target.parent.is_dir():
        raise StoreError(f"backup to {target}: there is no folder {target.parent}; make it, or mount the disk")
    hashes: dict[str, str] = {}

    def write(temp: Path) -> None:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".edge-search-") as scratch:
            copy = Path(scratch) / "catalog.sqlite3"
            snapshot(database, copy)
            with tarfile.open(temp, "w") as tar:
                _add(tar, copy, database.home.database.name, hashes)
                for path in _files(database.home):
                    with contextlib.suppress(FileNotFoundError):  # a preview or photo that was just removed
                        _add(tar, path, path.relative_to(database.home.root).as_posix(), hashes)
                _add_text(tar, MANIFEST, json.dumps({"format": BACKUP_FORMAT, "made_at": now(), "sha256": hashes}))

    atomic_file(target, write)
    return Written(target, len(hashes), target.stat().st_size, time.monotonic() - started)


def _files(home: Home) -> Iterator[Path]:
    settings = home.root / "config.toml"
    if settings.is_file():
        yield settings
    for part in _PARTS:
        for folder, _, names in os.walk(home.root / part):
            yield from (Path(folder) / name for name in sorted(names) if not name.endswith(".tmp"))


def _add(tar: tarfile.TarFile, path: Path, name: str, hashes: dict[str, str]) -> None:
    with path.open("rb") as file:
        info = tar.gettarinfo(arcname=name, fileobj=file)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        reader = _Hashed(file)
        tar.addfile(info, reader)
        hashes[name] = reader.digest.hexdigest()


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    data = text.encode()
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(data), int(time.time())
    tar.addfile(info, io.BytesIO(data))


class _Hashed:
    """Hashes what is read through it, so that each file is read once."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data
