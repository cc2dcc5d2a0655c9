"""The change log: every change has a sequence number, in the order of commit.

What it holds is enough to make another store equal to this one: what each owner lists (values, as JSON), which
photo (by content hash) shows which SKU, what was hidden here and shown again. Sequence numbers have no holes; the
log only ever loses its oldest entries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

from edge_search.errors import NotFound
from edge_search.store.database import Tables, now

__all__ = ["LOCAL", "Change", "ChangeKind", "head", "page", "prune", "record", "standing", "standing_images", "touched"]

LOCAL = 0
"""The owner of what came through CLI, HTTP or kiosk instead of a source."""

ChangeKind = Literal[
    "began",
    "values",
    "values_dropped",
    "product_hidden",
    "product_shown",
    "image_added",
    "image_removed",
    "image_hidden",
    "image_shown",
    "source",
    "generation",
    "encoder",
]
_JSON = ("values", "encoder")


@dataclass(frozen=True)
class Change:
    """One entry. ``data``: JSON of ``values`` and ``encoder``, a content hash of images, else text or None."""

    seq: int
    at: str
    kind: ChangeKind
    owner: int
    sku: str | None
    image_id: int | None
    data: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as plain JSON types."""
        return dict(asdict(self), data=json.loads(self.data) if self.kind in _JSON and self.data else self.data)


def record(
    tables: Tables,
    kind: ChangeKind,
    owner: int,
    entries: Iterable[tuple[str | None, int | None, str | None]],
) -> None:
    """Append ``(sku, image_id, data)`` entries to the log, inside the caller's transaction."""
    at = now()
    tables.conn.executemany(
        "INSERT INTO changes (at, kind, owner, sku, image_id, data) VALUES (?, ?, ?, ?, ?, ?)",
        [(at, kind, owner, *entry) for entry in entries],
    )


def page(tables: Tables, since: int, *, limit: int = 1000) -> list[Change]:
    """Return up to ``limit`` entries after number ``since``, in order; empty at the end of the log.

    Raises:
        NotFound: entries after ``since`` are forgotten already, or ``since`` is none of this store's numbers.
    """
    last = head(tables)
    first = int(tables.execute("SELECT coalesce(min(seq), 1) FROM changes").fetchone()[0])
    if not first - 1 <= since <= last:
        known = f"the log holds {first} to {last}" if last else "the log is empty"
        raise NotFound(
            f"changes since {since}: {known}; resync: take 'edge-search changes --snapshot', then go on from its number"
        )
    sql = "SELECT seq, at, kind, owner, sku, image_id, data FROM changes WHERE seq > ? ORDER BY seq LIMIT ?"
    return [Change(*row) for row in tables.execute(sql, [since, limit])]


def standing(tables: Tables, seq: int) -> Iterator[Change]:
    """Yield what the store holds now, but for its photos, as if it had all just been added; all carry ``seq``."""
    at = now()

    def rows(kind: ChangeKind, fields: str, rest: str) -> Iterator[Change]:
        yield from (Change(seq, at, kind, *row) for row in tables.execute(f"SELECT {fields} FROM {rest}"))

    yield from rows("encoder", "0, NULL, NULL, value", "meta WHERE key = 'encoder'")
    for source_id, path in tables.execute("SELECT source_id, path FROM sources ORDER BY source_id"):
        yield Change(seq, at, "source", source_id, None, None, path.decode("utf-8", "backslashreplace"))
    yield from rows("values", "owner, sku, NULL, data", "product_values ORDER BY sku, owner")
    yield from rows("product_hidden", "0, sku, NULL, NULL", "tombstones WHERE content_hash = '' ORDER BY sku")
    yield from rows("image_hidden", "0, sku, NULL, content_hash", "tombstones WHERE content_hash != '' ORDER BY 2, 4")


def standing_images(tables: Tables, seq: int, *, after: int = 0, limit: int = 1000) -> list[Change]:
    """Return one page of the photos that are there now, above key ``after``, as entries that carry ``seq``."""
    sql = "SELECT owner, sku, image_id, content_hash FROM images WHERE image_id > ? ORDER BY image_id LIMIT ?"
    return [Change(seq, now(), "image_added", *row) for row in tables.execute(sql, [after, limit])]


def prune(tables: Tables, *, days: float, most: int = 1000) -> int:
    """Delete up to ``most`` of the oldest entries older than ``days``; the newest entry always stays.

    Only from the beginning: an entry that a wrong clock dated long ago stays as long as those before it.
    """
    oldest = (datetime.now(timezone.utc) - timedelta(days=days)).isoformat(timespec="seconds")
    sql = """DELETE FROM changes WHERE seq IN (
        SELECT seq FROM changes WHERE seq < (SELECT coalesce(min(seq), ?) FROM changes WHERE at >= ?)
        ORDER BY seq LIMIT ?)"""
    return int(tables.conn.execute(sql, [head(tables), oldest, most]).rowcount)


def touched(tables: Tables, owner: int, *, after: int) -> bool:
    """Return whether photos of an owner came or went since change number ``after``."""
    sql = "SELECT 1 FROM changes WHERE seq > ? AND owner = ? AND kind IN ('image_added', 'image_removed') LIMIT 1"
    return tables.execute(sql, [after, owner]).fetchone() is not None


def head(tables: Tables) -> int:
    """Return the number of the newest change, 0 before the first."""
    return int(tables.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0])
