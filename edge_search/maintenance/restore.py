"""Restore: a backup becomes a home again, on this box or another."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from edge_search.errors import InvalidValue, NoSpace, SchemaTooNew, StoreError
from edge_search.maintenance.backup import BACKUP_FORMAT, MANIFEST
from edge_search.store.database import now
from edge_search.store.durable import sync_folder
from edge_search.store.home import Home, prepare_home
from edge_search.store.lock import held
from edge_search.store.schema import MIGRATIONS

__all__ = ["Restored", "restore_backup", "set_aside"]

_PARTS = ("taught", "checks", "feedback", "models", "previews", "config.toml")
_ARRIVING = "restoring"


@dataclass(frozen=True)
class Restored:
    """What a restore did; ``aside`` is where the home's earlier content went."""

    files: int
    products: int
    images: int
    aside: Path | None


def restore_backup(file: Path, root: Path, *, yes: bool = False) -> Restored:
    """Make ``root`` the home that was backed up to ``file``.

    Everything is unpacked beside and checked before anything is replaced; what the home held before is moved
    aside, never deleted. No edge-search process may use the home meanwhile. Cut off at any point, the same
    command goes on.

    Raises:
        StoreError: the file is no backup, is damaged, or is cut short; the home is as it was.
        InvalidValue: the home holds a catalog and ``yes`` is not given.
    """
    home = prepare_home(root)
    if home.database.exists() and not yes:
        raise InvalidValue(f"{home.root} holds a catalog already; --yes moves it aside, or name another --home")
    arriving = home.root / _ARRIVING
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir()
    try:
        count = _unpack(file, arriving)
        products, images = _checked_database(arriving / home.database.name, file)
        _begin_epoch(arriving / home.database.name)
        with held(home, "sync", 10), held(home, "build", 10), held(home, "writer", 10):
            aside = set_aside(home) if home.database.exists() else None
            for part in _PARTS:
                if (arriving / part).exists():
                    _replace(arriving / part, home.root / part)
            # The database comes last: until then the home has none, and the command can be run again.
            _replace(arriving / home.database.name, home.database)
            sync_folder(home.root)
    except OSError as error:
        if error.errno in {28, 122}:
            raise NoSpace(f"{home.root}: the disk is full; free some space, then restore again") from error
        raise StoreError(f"restore of {file}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    return Restored(count, products, images, aside)


def set_aside(home: Home) -> Path:
    """Move the database and what belongs to it into a folder of its own in the home; returns it."""
    base = home.root / f"aside-{now().replace(':', '').replace('+0000', 'Z')}"
    aside, number = base, 1
    while aside.exists():
        number += 1
        aside = base.with_name(f"{base.name}-{number}")
    aside.mkdir()
    for name in ("", "-wal", "-shm"):
        path = Path(f"{home.database}{name}")
        if path.exists():
            path.replace(aside / path.name)
    sync_folder(home.root)
    return aside


def _unpack(file: Path, folder: Path) -> int:
    try:
        with tarfile.open(file) as tar:
            found = {info.name: _extract(tar, info, folder) for info in tar if info.name != MANIFEST}
            manifest = _manifest(tar, file)
    except (tarfile.TarError, EOFError) as error:
        raise StoreError(f"{file}: not a whole edge-search backup ({error}); use another copy") from None
    except FileNotFoundError:
        raise StoreError(f"{file}: there is no such file; mount the disk, or name another") from None
    wrong = [name for name, digest in manifest["sha256"].items() if found.get(name) != digest]
    if wrong or set(found) != set(manifest["sha256"]):
        raise StoreError(f"{file}: damaged ({', '.join(wrong[:3]) or 'unexpected files'}); use another copy")
    return len(found)


def _extract(tar: tarfile.TarFile, info: tarfile.TarInfo, folder: Path) -> str:
    parts = PurePosixPath(info.name).parts
    source = tar.extractfile(info) if info.isfile() else None
    if source is None or not parts or parts[0] in {"/", ".."} or ".." in parts:
        raise StoreError(f"{tar.name!r}: holds {info.name!r}, which no backup holds; it is not restored")
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source, path.open("wb") as target:
        while block := source.read(2**20):
            digest.update(block)
            target.write(block)
        target.flush()
        os.fsync(target.fileno())
    return digest.hexdigest()


def _manifest(tar: tarfile.TarFile, file: Path) -> dict[str, Any]:
    try:
        member = tar.extractfile(MANIFEST)
        assert member is not None
        manifest: dict[str, Any] = json.loads(member.read())
    except (KeyError, ValueError, AssertionError):
        raise StoreError(f"{file}: no {MANIFEST} in it: not an edge-search backup, or cut short") from None
    if manifest.get("format") != BACKUP_FORMAT:
        raise StoreError(f"{file}: backup format {manifest.get('format')} is not known; install the newer edge-search")
    return manifest


def _checked_database(path: Path, file: Path) -> tuple[int, int]:
    try:
        with closing(sqlite3.connect(path)) as conn:
            if conn.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("integrity check failed")
            version = conn.execute("PRAGMA user_version").fetchone()[0]
            if version > len(MIGRATIONS):
                raise SchemaTooNew(f"{file}: made by a newer edge-search (schema {version}); install that first")
            count = [conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("products", "images")]
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{file}: its database can't be used ({error}); use another copy") from None
    return count[0], count[1]


def _begin_epoch(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("UPDATE meta SET value = hex(randomblob(8)) WHERE key = 'epoch'")


def _replace(source: Path, target: Path) -> None:
    if target.is_dir() and source.is_dir():
        # A home's own folders: what the backup brings goes in, what is there besides stays (taught photos).
        for path in source.rglob("*"):
            if path.is_file():
                place = target / path.relative_to(source)
                place.parent.mkdir(parents=True, exist_ok=True)
                path.replace(place)
        return
    source.replace(target)
