"""Recover: a damaged database is moved aside and replaced by the last snapshot, with what can be saved added."""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from edge_search.errors import StoreError
from edge_search.maintenance.backup import snapshot
from edge_search.maintenance.restore import set_aside
from edge_search.store import meta, products
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database, Tables
from edge_search.store.durable import atomic_file
from edge_search.store.home import Home
from edge_search.store.schema import APPLICATION_ID

__all__ = ["RESCAN_DUE", "Recovered", "keep_snapshot", "lost", "recover", "sound"]

_log = logging.getLogger("edge_search")
RESCAN_DUE = "rescan_due"
"""Set in the store's meta while the sources must be read again after a recovery."""


@dataclass(frozen=True)
class Recovered:
    """What became of a damaged database."""

    aside: Path
    snapshot_used: bool
    values_saved: int


def snapshot_path(home: Home) -> Path:
    """Return where the home keeps its own last snapshot."""
    return home.root / "backups" / "catalog.sqlite3"


def keep_snapshot(database: Database, *, older_than_s: float) -> bool:
    """Write the home's own snapshot of its database if the last one is old; returns whether it did.

    It is left out while the disk has not twice its size to spare: it must not be what fills the disk.
    """
    path = snapshot_path(database.home)
    with contextlib.suppress(OSError):
        age = time.time() - path.stat().st_mtime
        if 0 <= age < older_than_s:
            return False
    if shutil.disk_usage(database.home.root).free < 2 * database.home.database.stat().st_size:
        return False
    snapshot(database, path)
    return True


def lost(home: Home) -> bool:
    """Return whether the database is gone or empty although there was one: no reason to start from nothing."""
    there = home.database.exists() and home.database.stat().st_size > 0
    return not there and snapshot_path(home).exists()


def sound(path: Path) -> bool:
    """Return whether SQLite finds nothing wrong with the file at ``path``."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
            ours = conn.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
            return bool(ours and conn.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
    except sqlite3.Error:
        return False


def recover(home: Home) -> Recovered | None:
    """Replace a damaged database by the last snapshot; None if another process did so already.

    The damaged one is kept beside it. What staff set or removed since the snapshot is taken over as far as it
    can be read; photos taught since lie in `taught/` and are added by repair; sources are read again by the
    next index.
    """
    with FileLock(home.lock("recover"), timeout=600), FileLock(home.lock("writer"), timeout=600):
        if home.database.exists() and sound(home.database):
            return None
        source = snapshot_path(home)
        usable = source.exists() and sound(source)
        aside = set_aside(home)
        _log.warning(
            "%s is damaged or gone: what is left was moved to %s, and %s",
            home.database,
            aside,
            "the last snapshot took its place" if usable else "there is no snapshot, so sources are read anew",
        )
        if usable:
            atomic_file(home.database, lambda temp: shutil.copyfile(source, temp))
    saved = _saved(home, aside / home.database.name)
    return Recovered(aside, usable, saved)


def _saved(home: Home, damaged: Path) -> int:
    database = Database(home)
    try:
        count = 0
        with database.write() as tables:
            meta.begin_epoch(tables)
            meta.put(tables, RESCAN_DUE, "1")
            with contextlib.suppress(sqlite3.Error, StoreError):
                count = _values(damaged, tables)
        return count
    finally:
        database.close()


def _values(damaged: Path, tables: Tables) -> int:
    with contextlib.closing(sqlite3.connect(damaged)) as conn:
        found: dict[str, str] = {}
        with contextlib.suppress(sqlite3.Error):  # row by row: those before the damage are good
            rows = conn.execute("SELECT sku, data FROM product_values WHERE owner = ?", [LOCAL])
            while row := rows.fetchone():
                found[row[0]] = row[1]
        removed: list[str] = []
        with contextlib.suppress(sqlite3.Error):
            removed += [sku for (sku,) in conn.execute("SELECT sku FROM tombstones WHERE content_hash = ''")]
    listed = {}
    for sku, data in found.items():
        with contextlib.suppress(ValueError):
            listed[sku] = json.loads(data)
    products.put_values(tables, LOCAL, listed)
    for sku in removed:
        products.entomb(tables, sku)
    return len(listed) + len(removed)
