"""Sources: the folders and manifests that are followed, and the files in them that can't be taken."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from edge_search.catalog.rules import DEFAULT_RULES, Rules
from edge_search.store.changes import record
from edge_search.store.database import Tables, now
from edge_search.types import Held

__all__ = [
    "KEPT",
    "SkippedFile",
    "Source",
    "change",
    "enlist",
    "followed",
    "forget",
    "forget_skipped",
    "get",
    "listed",
    "note_scan",
    "note_state",
    "skip",
    "skipped",
    "skipped_at",
    "warn",
    "warnings",
]

SourceKind = Literal["folder", "manifest"]
KEPT = "kept"
"""The state of a source that is not followed any more while its products stay."""

_FIELDS = "source_id, kind, path, has_table, state, last_scan, since, detail, held, confirmed, rules, marker"


@dataclass(frozen=True)
class Source:
    """One followed folder or manifest; its number owns the rows that came from it.

    ``state``: new, online, scanning, held, offline, kept; ``since`` then (UTC, ISO 8601), ``detail``: why.
    ``held``: the deletion that waits for a yes; ``confirmed``: the one that got it. ``marker``: what the file in
    its root says; empty: it can't be written there, None: it was never tried.
    """

    source_id: int
    kind: SourceKind
    path: Path
    has_table: bool
    state: str
    last_scan: str | None
    since: str | None = None
    detail: str | None = None
    held: Held | None = None
    confirmed: Held | None = None
    rules: Rules = DEFAULT_RULES
    marker: str | None = None

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
    """Return all sources, oldest first; also those that are not followed any more but whose products stay."""
    return [_source(row) for row in tables.execute(f"SELECT {_FIELDS} FROM sources ORDER BY source_id")]


def followed(tables: Tables) -> list[Source]:
    """Return the sources that are followed, oldest first."""
    return [source for source in listed(tables) if source.state != KEPT]


def get(tables: Tables, source_id: int) -> Source | None:
    """Return one source."""
    row = tables.execute(f"SELECT {_FIELDS} FROM sources WHERE source_id = ?", [source_id]).fetchone()
    return None if row is None else _source(row)


def enlist(tables: Tables, kind: SourceKind, path: Path) -> Source:
    """Return the source at ``path``, adding it when it is new."""
    known = [source for source in listed(tables) if source.path == path]
    if known:
        return known[0]
    cursor = tables.execute(
        "INSERT INTO sources (kind, path, since) VALUES (?, ?, ?)", [kind, os.fsencode(path), now()]
    )
    source_id = cursor.lastrowid
    assert source_id is not None
    record(tables, "source", source_id, [(None, None, _text(path))])
    return Source(source_id, kind, path, has_table=False, state="new", last_scan=None)


def forget(tables: Tables, source: Source) -> None:
    """Forget a source; its images and values must be gone already."""
    tables.execute("DELETE FROM skipped WHERE owner = ?", [source.source_id])
    tables.execute("DELETE FROM sources WHERE source_id = ?", [source.source_id])
    record(tables, "source", source.source_id, [(None, None, None)])


def note_scan(
    tables: Tables,
    source: Source,
    *,
    has_table: bool,
    state: str,
    held: Held | None = None,
    detail: str | None = None,
) -> None:
    """Record that a source was read just now, and how it stands; a yes that ``source`` knew of is used up."""
    tables.execute(
        """UPDATE sources SET has_table = ?, last_scan = ?, held = ?,
           confirmed = CASE WHEN confirmed IS ? THEN NULL ELSE confirmed END WHERE source_id = ?""",
        [int(has_table), now(), _held_text(held), _held_text(source.confirmed), source.source_id],
    )
    note_state(tables, source.source_id, state, detail)


def note_state(tables: Tables, source_id: int, state: str, detail: str | None = None) -> None:
    """Record how a source stands; ``since`` changes only with the state."""
    tables.execute(
        """UPDATE sources SET since = CASE WHEN state = ? AND since IS NOT NULL THEN since ELSE ? END,
           state = ?, detail = ? WHERE source_id = ?""",
        [state, now(), state, detail, source_id],
    )


def change(
    tables: Tables,
    source_id: int,
    *,
    rules: Rules | None = None,
    marker: str | None = None,
    confirmed: Held | None = None,
) -> None:
    """Set what is given of a source."""
    given = {
        "rules": None if rules is None else rules.to_json(),
        "marker": marker,
        "confirmed": _held_text(confirmed),
    }
    for column, value in given.items():
        if value is not None:
            tables.execute(f"UPDATE sources SET {column} = ? WHERE source_id = ?", [value, source_id])


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


def skipped_at(tables: Tables, source: Source, paths: Iterable[bytes]) -> list[SkippedFile]:
    """Return the remembered files at or below some paths, by path."""
    sql = """SELECT path, size, mtime_ns, inode, reason FROM skipped
             WHERE owner = ? AND (path = ? OR path > ? AND path < ?)"""
    found = {
        row[0]: SkippedFile(*row)
        for path in paths
        for row in tables.execute(sql, [source.source_id, path, path + b"/", path + b"0"])
    }
    return [found[path] for path in sorted(found)]


def _source(row: tuple[Any, ...]) -> Source:
    source_id, kind, path, has_table, state, last_scan, since, detail, held, confirmed, rules, marker = row
    return Source(
        source_id,
        kind,
        Path(os.fsdecode(path)),
        bool(has_table),
        state,
        last_scan,
        since,
        detail,
        Held(**json.loads(held)) if held else None,
        Held(**json.loads(confirmed)) if confirmed else None,
        Rules.from_json(rules),
        marker,
    )


def _held_text(held: Held | None) -> str | None:
    return None if held is None else json.dumps(asdict(held))


def _text(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
