"""Sources: the folders and manifests that are followed, and the files in them that can't be taken."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_search.store.changes import record
from edge_search.store.database import Tables, now

__all__ = [
    "SkippedFile",
    "Source",
    "enlist",
    "forget_skipped",
    "listed",
    "note_scan",
    "skip",
    "skipped",
    "warn",
    "warnings",
]

SourceKind = Literal["folder", "manifest"]


@dataclass(frozen=True)
class Source:
    """One followed folder or manifest; its number owns the rows that came from it."""

    source_id: int
    kind: SourceKind
    path: Path
    has_table: bool
    state: str
    last_scan: str | None

    @property
    def root(self) -> Path:
        """The folder that the photos' paths are relative to."""
        return self.path if self.kind == "folder" else self.path.parent


@dataclass(frozen=True)
class SkippedFile:
    """A file that could not be taken, with the stamp it had then: it is tried again when that changes."""

    path: bytes
    size: int
    mtime_ns: int
    inode: int
    reason: str


def listed(tables: Tables) -> list[Source]:
    """Return all sources, oldest first."""
    rows = tables.execute("SELECT source_id, kind, path, has_table, state, last_scan FROM sources ORDER BY source_id")
    return [Source(row[0], row[1], Path(os.fsdecode(row[2])), bool(row[3]), row[4], row[5]) for row in rows]


def enlist(tables: Tables, kind: SourceKind, path: Path) -> Source:
    """Return the source at ``path``, adding it when it is new."""
    known = [source for source in listed(tables) if source.path == path]
    if known:
        return known[0]
    cursor = tables.execute("INSERT INTO sources (kind, path) VALUES (?, ?)", [kind, os.fsencode(path)])
    source_id = cursor.lastrowid
    assert source_id is not None
    record(tables, "source", source_id, [(None, None, os.fsencode(path).decode("utf-8", "backslashreplace"))])
    return Source(source_id, kind, path, has_table=False, state="new", last_scan=None)


def note_scan(tables: Tables, source: Source, *, has_table: bool, state: str) -> None:
    """Record that a source was read just now, and how it stands."""
    tables.execute(
        "UPDATE sources SET has_table = ?, state = ?, last_scan = ? WHERE source_id = ?",
        [int(has_table), state, now(), source.source_id],
    )


def skip(tables: Tables, source: Source, files: Iterable[SkippedFile]) -> None:
    """Remember files that could not be taken."""
    at = now()
    tables.conn.executemany(
        "INSERT OR REPLACE INTO skipped (owner, path, size, mtime_ns, inode, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(source.source_id, f.path, f.size, f.mtime_ns, f.inode, f.reason, at) for f in files],
    )


def warn(tables: Tables, source: Source, warnings: Iterable[tuple[bytes, str]]) -> None:
    """Remember what a source says that is probably not meant, (path or line, reason), instead of what was before."""
    tables.execute("DELETE FROM warnings WHERE owner = ?", [source.source_id])
    tables.conn.executemany(
        "INSERT OR REPLACE INTO warnings (owner, path, reason) VALUES (?, ?, ?)",
        [(source.source_id, *warning) for warning in warnings],
    )


def warnings(tables: Tables) -> list[tuple[bytes, str]]:
    """Return the remembered warnings of all sources."""
    return tables.execute("SELECT path, reason FROM warnings ORDER BY owner, path").fetchall()


def forget_skipped(tables: Tables, source: Source, paths: Iterable[bytes]) -> None:
    """Forget files that are good, or gone, now."""
    tables.conn.executemany(
        "DELETE FROM skipped WHERE owner = ? AND path = ?", [(source.source_id, path) for path in paths]
    )


def skipped(tables: Tables, source: Source | None = None) -> list[SkippedFile]:
    """Return the remembered files of one source, or of all."""
    clause, values = ("1", []) if source is None else ("owner = ?", [source.source_id])
    sql = f"SELECT path, size, mtime_ns, inode, reason FROM skipped WHERE {clause} ORDER BY owner, path"
    return [SkippedFile(*row) for row in tables.execute(sql, values)]
