"""SQLite: its version, and how the store is kept."""

from __future__ import annotations

import sqlite3

from edge_search.maintenance.finding import Finding
from edge_search.store.database import Database
from edge_search.store.schema import schema_version

__all__ = ["check_journal", "check_sqlite"]

_SAFE_CHECKPOINTS = (3, 51, 3)


def check_sqlite(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> Finding:
    """Name the SQLite that Python was built with."""
    value = f"SQLite {'.'.join(map(str, version[:3]))}"
    if version < _SAFE_CHECKPOINTS:
        advice = (
            "before 3.51.3 two connections that write and checkpoint at one instant can damage a file, therefore "
            "edge-search holds a lock around both; never write to catalog.sqlite3 with another program"
        )
        return Finding("SQLite", "note", value, advice)
    return Finding("SQLite", "good", value)


def check_journal(database: Database) -> Finding:
    """Tell how the store is written; the writer's ``synchronous`` is set at each connection, not kept by the file."""
    with database.read() as tables:
        mode = str(tables.execute("PRAGMA journal_mode").fetchone()[0]).lower()
        schema = schema_version(tables)
    value = f"journal_mode={mode}, written with synchronous=FULL, schema {schema}"
    if mode == "wal":
        return Finding("journal", "good", value)
    advice = "another program changed it, so readers block writers; stop edge-search everywhere and start it again"
    return Finding("journal", "bad", value, advice)
