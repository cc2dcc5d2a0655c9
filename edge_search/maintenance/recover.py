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

from edge_search.maintenance.access import take_over_access
from edge_search.maintenance.backup import snapshot
from edge_search.maintenance.restore import set_aside
from edge_search.maintenance.salvage import read
from edge_search.store import meta, products
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database, Tables
from edge_search.store.durable import atomic_file, make_folder, sync_folder
from edge_search.store.home import Home
from edge_search.store.lock import held
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
    if home.database.exists() and home.database.stat().st_size > 0:
        return False
    return any(path.exists() for path in (snapshot_path(home), _ready(home))) or any(
        next(folder.iterdir(), None) for folder in (home.index, home.taught, home.previews)
    )


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
    with held(home, "recover", 600), held(home, "writer", 600):
        if home.database.exists() and sound(home.database):
            return None
        source, ready = snapshot_path(home), _ready(home)
        usable = source.exists() and sound(source)
        saved = 0
        # Without a database there may be one that was made ready before this was cut off.
        if home.database.exists() or not ready.exists():
            saved = _prepare(home, source if usable else None)
        aside = set_aside(home)
        ready.replace(home.database)
        sync_folder(home.root)
    _log.warning(
        "%s is damaged or gone: what is left was moved to %s, and %s",
        home.database,
        aside,
        "the last snapshot took its place" if usable else "there is no snapshot, so sources are read anew",
    )
    return Recovered(aside, usable, saved)


def _ready(home: Home) -> Path:
    return home.root / "recovered.sqlite3"


def _prepare(home: Home, source: Path | None) -> int:
    """Make the new database whole before the damaged one is touched: a cut in between leaves one or the other."""
    work = Home(home.root / "recovering")
    shutil.rmtree(work.root, ignore_errors=True)
    make_folder(work.lock("writer").parent)
    if source is not None:
        shutil.copyfile(source, work.database)
    database = Database(work)
    try:
        saved = 0
        with database.write() as tables:
            meta.begin_epoch(tables)
            meta.put(tables, RESCAN_DUE, "1")
            if home.database.exists():
                saved = _take_over(home.database, tables)
                take_over_access(home.database, tables)
    finally:
        database.close()
    atomic_file(_ready(home), work.database.replace)
    shutil.rmtree(work.root, ignore_errors=True)
    return saved


def _take_over(damaged: Path, tables: Tables) -> int:
    """Take over what staff set or removed; returns how many values and removals could be read."""
    values = read(damaged, "product_values", "SELECT sku, data FROM product_values WHERE owner = ?", [LOCAL])
    hidden = read(damaged, "tombstones", "SELECT sku, content_hash, at FROM tombstones")
    changed = {sku for sku, *_ in [*values.rows, *hidden.rows]}
    # What was read to its end also tells what is not there any more.
    if values.whole:
        changed |= {sku for (sku,) in tables.execute("SELECT sku FROM product_values WHERE owner = ?", [LOCAL])}
        tables.execute("DELETE FROM product_values WHERE owner = ?", [LOCAL])
    if hidden.whole:
        changed |= {sku for (sku,) in tables.execute("SELECT sku FROM tombstones")}
        tables.execute("DELETE FROM tombstones")
    tables.conn.executemany(
        "INSERT OR REPLACE INTO product_values (sku, owner, data) VALUES (?, ?, ?)",
        [(sku, LOCAL, data) for sku, data in values.rows if _parses(data)],
    )
    tables.conn.executemany("INSERT OR REPLACE INTO tombstones (sku, content_hash, at) VALUES (?, ?, ?)", hidden.rows)
    products.refresh(tables, changed)
    return len(values.rows) + len(hidden.rows)


def _parses(data: str) -> bool:
    try:
        return isinstance(json.loads(data), dict)
    except ValueError:
        return False
