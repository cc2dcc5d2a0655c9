"""Images: which photo shows which SKU, who owns it, and where it lies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from edge_search.store.changes import LOCAL, record
from edge_search.store.database import Tables, now
from edge_search.types import KeyArray

__all__ = [
    "Image",
    "add",
    "at",
    "below",
    "by_owner",
    "contents",
    "count",
    "count_searchable",
    "entomb",
    "faces",
    "get",
    "hide",
    "keys_between",
    "more_than",
    "move",
    "newest",
    "of_content",
    "of_sku",
    "pictured",
    "portrayed",
    "remove",
    "searchable",
    "searchable_of",
    "shown",
    "size_of",
    "skus_of",
    "some",
    "unentomb",
    "unentomb_all",
]

_BATCH = 500
_FIELDS = "image_id, sku, owner, path, content_hash, size, mtime_ns, inode, width, height"

# A photo is searchable while its SKU is shown and it was not removed here by itself.
_SEARCHABLE = """FROM images i JOIN products p ON p.sku = i.sku
    WHERE NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.sku = i.sku AND t.content_hash = i.content_hash)"""


@dataclass(frozen=True)
class Image:
    """One row: a photo of a SKU. ``path`` is relative to its source's root, or to the home when local."""

    image_id: int
    sku: str
    owner: int
    path: bytes
    content_hash: str
    size: int
    mtime_ns: int
    inode: int
    width: int
    height: int


def add(tables: Tables, images: Sequence[Image]) -> list[int]:
    """Insert rows (their ``image_id`` is ignored); a row of the same owner, path and SKU is replaced.

    Returns:
        The new keys, in order. A replaced photo gets a new key: the index may still hold the old one.
    """
    keys: list[int] = []
    at = now()
    for image in images:
        old = tables.execute(
            "SELECT image_id FROM images WHERE owner = ? AND path = ? AND sku = ?",
            [image.owner, image.path, image.sku],
        ).fetchone()
        if old:
            remove(tables, [old[0]])
        cursor = tables.execute(
            """INSERT INTO images (sku, owner, path, content_hash, size, mtime_ns, inode, width, height, added_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            [
                image.sku, image.owner, image.path, image.content_hash, image.size, image.mtime_ns, image.inode,
                image.width, image.height, at,
            ],
        )  # fmt: skip
        key = cursor.lastrowid
        assert key is not None
        record(tables, "image_added", image.owner, [(image.sku, key, image.content_hash)])
        keys.append(key)
    return keys


def remove(tables: Tables, keys: Iterable[int]) -> int:
    """Delete rows by key; return how many there were."""
    gone = 0
    for key in keys:
        row = tables.execute("SELECT sku, owner, content_hash FROM images WHERE image_id = ?", [key]).fetchone()
        if row is None:
            continue
        tables.execute("DELETE FROM images WHERE image_id = ?", [key])
        record(tables, "image_removed", row[1], [(row[0], key, row[2])])
        gone += 1
    return gone


def move(tables: Tables, key: int, path: bytes, size: int, mtime_ns: int, inode: int) -> None:
    """Note where a photo lies now and its file's stamp; the key, and so the index, stays."""
    tables.execute(
        "UPDATE images SET path = ?, size = ?, mtime_ns = ?, inode = ? WHERE image_id = ?",
        [path, size, mtime_ns, inode, key],
    )


def entomb(tables: Tables, image: Image) -> None:
    """Hide one photo of a SKU, whichever owner brings it, also after a new scan."""
    hide(tables, image.sku, image.content_hash)


def hide(tables: Tables, sku: str, content_hash: str) -> None:
    """Hide a photo of a SKU by its content, whether there is a row of it or not."""
    sql = "INSERT OR IGNORE INTO tombstones (sku, content_hash, at) VALUES (?, ?, ?)"
    if tables.conn.execute(sql, [sku, content_hash, now()]).rowcount:
        record(tables, "image_hidden", LOCAL, [(sku, None, content_hash)])


def unentomb(tables: Tables, sku: str, content_hash: str) -> None:
    """Show a photo of a SKU again."""
    if tables.conn.execute("DELETE FROM tombstones WHERE sku = ? AND content_hash = ?", [sku, content_hash]).rowcount:
        record(tables, "image_shown", LOCAL, [(sku, None, content_hash)])


def unentomb_all(tables: Tables, sku: str) -> None:
    """Show all photos of a SKU again."""
    found = tables.execute("SELECT content_hash FROM tombstones WHERE sku = ? AND content_hash != ''", [sku])
    for (content_hash,) in found.fetchall():
        unentomb(tables, sku, content_hash)


def by_owner(tables: Tables, owner: int) -> list[Image]:
    """Return all rows of an owner, in key order."""
    found = tables.execute(f"SELECT {_FIELDS} FROM images WHERE owner = ? ORDER BY image_id", [owner])
    return [Image(*row) for row in found]


def of_sku(tables: Tables, sku: str, *, owner: int | None = None) -> list[Image]:
    """Return the rows of a SKU, of one owner where given, in key order."""
    clause, values = ("", [sku]) if owner is None else (" AND owner = ?", [sku, owner])
    found = tables.execute(f"SELECT {_FIELDS} FROM images WHERE sku = ?{clause} ORDER BY image_id", values)
    return [Image(*row) for row in found]


def at(tables: Tables, owner: int, path: bytes, sku: str) -> Image | None:
    """Return the row of one owner, path and SKU."""
    found = tables.execute(
        f"SELECT {_FIELDS} FROM images WHERE owner = ? AND path = ? AND sku = ?", [owner, path, sku]
    ).fetchone()
    return Image(*found) if found else None


def below(tables: Tables, owner: int, paths: Iterable[bytes]) -> list[Image]:
    """Return the rows of an owner at or below some paths, in key order."""
    # An index leads to them, as long as each range is a query of its own.
    sql = f"SELECT {_FIELDS} FROM images WHERE owner = ? AND path"
    found = {}
    for path in paths:
        rows = tables.execute(f"{sql} = ?", [owner, path]).fetchall()
        rows += tables.execute(f"{sql} > ? AND path < ?", [owner, path + b"/", path + b"0"]).fetchall()
        found.update({row[0]: Image(*row) for row in rows})
    return [found[key] for key in sorted(found)]


def pictured(tables: Tables, owner: int) -> int:
    """Return how many SKUs an owner has photos of."""
    return int(tables.execute("SELECT count(DISTINCT sku) FROM images WHERE owner = ?", [owner]).fetchone()[0])


def more_than(tables: Tables, owner: int, sku: str, number: int) -> bool:
    """Return whether an owner has more than ``number`` photos of a SKU, without counting all of them."""
    sql = "SELECT count(*) FROM (SELECT 1 FROM images WHERE sku = ? AND owner = ? LIMIT ?)"
    return bool(tables.execute(sql, [sku, owner, number + 1]).fetchone()[0] > number)


def get(tables: Tables, key: int) -> Image | None:
    """Return the row of a key."""
    found = tables.execute(f"SELECT {_FIELDS} FROM images WHERE image_id = ?", [key]).fetchone()
    return Image(*found) if found else None


def size_of(tables: Tables, content_hash: str) -> tuple[int, int] | None:
    """Return (width, height) in pixels of a content some row shows."""
    found = tables.execute("SELECT width, height FROM images WHERE content_hash = ? LIMIT 1", [content_hash]).fetchone()
    return (found[0], found[1]) if found else None


def count(tables: Tables, owner: int | None = None) -> int:
    """Return the number of rows, of one owner or of all."""
    if owner is None:
        return int(tables.execute("SELECT count(*) FROM images").fetchone()[0])
    return int(tables.execute("SELECT count(*) FROM images WHERE owner = ?", [owner]).fetchone()[0])


def some(tables: Tables) -> bool:
    """Return whether there is any row."""
    return bool(tables.execute("SELECT EXISTS (SELECT 1 FROM images)").fetchone()[0])


def newest(tables: Tables) -> int:
    """Return the highest key, 0 when there is none."""
    return int(tables.execute("SELECT coalesce(max(image_id), 0) FROM images").fetchone()[0])


def count_searchable(tables: Tables) -> int:
    """Return the number of photos that answers can come from: not in the inbox, not removed here."""
    return int(tables.execute(f"SELECT count(*) {_SEARCHABLE}").fetchone()[0])


def keys_between(tables: Tables, first: int, last: int) -> KeyArray:
    """Return all keys from ``first`` to ``last``, ascending."""
    rows = tables.execute("SELECT image_id FROM images WHERE image_id BETWEEN ? AND ? ORDER BY image_id", [first, last])
    return np.asarray([row[0] for row in rows], dtype=np.int64)


def contents(tables: Tables, *, after: str = "", limit: int = 1000) -> list[str]:
    """Return a page of the content hashes that images show, in order."""
    sql = "SELECT DISTINCT content_hash FROM images WHERE content_hash > ? ORDER BY content_hash LIMIT ?"
    return [row[0] for row in tables.execute(sql, [after, limit])]


def of_content(tables: Tables, content_hash: str) -> list[Image]:
    """Return the rows that show a content, in key order."""
    found = tables.execute(f"SELECT {_FIELDS} FROM images WHERE content_hash = ? ORDER BY image_id", [content_hash])
    return [Image(*row) for row in found]


def skus_of(tables: Tables, keys: Sequence[int], *, where: str = "1", values: Sequence[object] = ()) -> dict[int, str]:
    """Return key -> SKU for those keys that are searchable now; dead and hidden keys are missing.

    With ``where`` (about product ``p``) the others are missing too.
    """
    found: dict[int, str] = {}
    for start in range(0, len(keys), _BATCH):
        part = [int(key) for key in keys[start : start + _BATCH]]
        sql = f"SELECT i.image_id, i.sku {_SEARCHABLE} AND i.image_id IN ({','.join('?' * len(part))}) AND ({where})"
        found.update(tables.execute(sql, [*part, *values]).fetchall())
    return found


def searchable_of(tables: Tables, skus: Sequence[str]) -> dict[int, str]:
    """Return key -> SKU of all searchable images of these SKUs."""
    found: dict[int, str] = {}
    for start in range(0, len(skus), _BATCH):
        part = skus[start : start + _BATCH]
        sql = f"SELECT i.image_id, i.sku {_SEARCHABLE} AND i.sku IN ({','.join('?' * len(part))})"
        found.update(tables.execute(sql, part).fetchall())
    return found


def searchable(tables: Tables, *, where: str = "1", values: Sequence[object] = (), after: int = 0) -> KeyArray:
    """Return the searchable keys above ``after`` whose product ``p`` satisfies ``where``, ascending."""
    sql = f"SELECT i.image_id {_SEARCHABLE} AND i.image_id > ? AND ({where}) ORDER BY i.image_id"
    rows = tables.execute(sql, [after, *values]).fetchall()
    return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))


def portrayed(tables: Tables, *, after: int = 0, limit: int = 10_000) -> list[tuple[int, str, str]]:
    """Return a page of (key, SKU, content hash) of the searchable images above key ``after``, ascending."""
    sql = f"SELECT i.image_id, i.sku, i.content_hash {_SEARCHABLE} AND i.image_id > ? ORDER BY i.image_id LIMIT ?"
    return [(row[0], row[1], row[2]) for row in tables.execute(sql, [after, limit])]


def faces(tables: Tables, skus: Sequence[str]) -> dict[str, int]:
    """Return SKU -> the key of its first searchable image: the picture that stands for the product."""
    found: dict[str, int] = {}
    for start in range(0, len(skus), _BATCH):
        part = skus[start : start + _BATCH]
        sql = f"SELECT i.sku, min(i.image_id) {_SEARCHABLE} AND i.sku IN ({','.join('?' * len(part))}) GROUP BY i.sku"
        found.update(tables.execute(sql, part).fetchall())
    return found


def shown(tables: Tables, key: int) -> bool:
    """Return whether shoppers may see an image: its product is shown, and it was not removed here."""
    return tables.execute(f"SELECT 1 {_SEARCHABLE} AND i.image_id = ?", [key]).fetchone() is not None
