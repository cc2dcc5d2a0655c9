"""Products: each owner's values side by side, and the merged row that shoppers see.

A SKU is *shown* while some owner lists it and it has no tombstone. Local values win, then the source that was
added first; the others fill what is left empty. A photo whose SKU nobody lists waits in the inbox.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from edge_search.catalog.values import PRODUCT_COLUMNS
from edge_search.store import words
from edge_search.store.changes import LOCAL, record
from edge_search.store.database import Tables, now

__all__ = [
    "COLUMNS",
    "Values",
    "categories",
    "count",
    "drop_values",
    "entomb",
    "entombed",
    "exhume",
    "get",
    "groups_of",
    "inbox",
    "listed_skus",
    "of_group",
    "page",
    "put_values",
    "refresh",
    "rows",
    "stale",
    "values_of",
    "waiting",
]

Values: TypeAlias = Mapping[str, "str | float | int | None"]

COLUMNS = PRODUCT_COLUMNS
"""The product table's own columns; any other name is an attribute."""

_BATCH = 500  # bound parameters of one statement


def values_of(tables: Tables, owner: int, skus: Iterable[str] | None = None) -> dict[str, dict[str, Any]]:
    """Return what ``owner`` lists, of these SKUs or of all: SKU -> its values."""
    sql = "SELECT sku, data FROM product_values WHERE owner = ?"
    if skus is None:
        return {sku: json.loads(data) for sku, data in tables.execute(sql, [owner])}
    found = (tables.execute(f"{sql} AND sku = ?", [owner, sku]).fetchone() for sku in set(skus))
    return {row[0]: json.loads(row[1]) for row in found if row}


def put_values(tables: Tables, owner: int, listed: Mapping[str, Values], *, merge: bool = False) -> None:
    """List SKUs for ``owner`` with these values; with ``merge`` the owner's other values stay."""
    changed: dict[str, str] = {}
    for sku, values in listed.items():
        data = dict(values)
        old = tables.execute("SELECT data FROM product_values WHERE sku = ? AND owner = ?", [sku, owner]).fetchone()
        if merge and old:
            data = {**json.loads(old[0]), **data}
        text = json.dumps(data, ensure_ascii=False, sort_keys=True)
        if old is None or old[0] != text:
            changed[sku] = text
    tables.conn.executemany(
        "INSERT OR REPLACE INTO product_values (sku, owner, data) VALUES (?, ?, ?)",
        [(sku, owner, text) for sku, text in changed.items()],
    )
    record(tables, "values", owner, [(sku, None, text) for sku, text in changed.items()])
    refresh(tables, changed)


def listed_skus(tables: Tables) -> set[str]:
    """Return every SKU that some owner lists."""
    return {sku for (sku,) in tables.execute("SELECT DISTINCT sku FROM product_values")}


def drop_values(tables: Tables, owner: int, skus: Iterable[str]) -> None:
    """Stop listing SKUs for ``owner``; what other owners list stays."""
    sql = "DELETE FROM product_values WHERE sku = ? AND owner = ?"
    gone = [sku for sku in skus if tables.conn.execute(sql, [sku, owner]).rowcount]
    record(tables, "values_dropped", owner, [(sku, None, None) for sku in gone])
    refresh(tables, gone)


def entomb(tables: Tables, sku: str) -> None:
    """Hide a SKU whoever lists it, until ``exhume``."""
    sql = "INSERT OR IGNORE INTO tombstones (sku, content_hash, at) VALUES (?, '', ?)"
    if tables.conn.execute(sql, [sku, now()]).rowcount:
        record(tables, "product_hidden", LOCAL, [(sku, None, None)])
        refresh(tables, [sku])


def exhume(tables: Tables, sku: str) -> bool:
    """Show a SKU again; return whether it was hidden."""
    found = tables.conn.execute("DELETE FROM tombstones WHERE sku = ? AND content_hash = ''", [sku]).rowcount
    if found:
        record(tables, "product_shown", LOCAL, [(sku, None, None)])
        refresh(tables, [sku])
    return found > 0


def entombed(tables: Tables, sku: str) -> bool:
    """Return whether a SKU was removed here."""
    sql = "SELECT 1 FROM tombstones WHERE sku = ? AND content_hash = ''"
    return tables.execute(sql, [sku]).fetchone() is not None


def get(tables: Tables, skus: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the merged rows of these SKUs, as far as they are shown."""
    wanted = list(skus)
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(wanted), _BATCH):
        part = wanted[start : start + _BATCH]
        sql = f"SELECT * FROM products WHERE sku IN ({','.join('?' * len(part))})"
        found.update((row["sku"], _parsed(row)) for row in tables.query(sql, part))
    return found


def groups_of(tables: Tables, skus: Iterable[str]) -> dict[str, str]:
    """Return SKU -> variant group, for those of these SKUs that are shown and have one."""
    wanted = list(skus)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _BATCH):
        part = wanted[start : start + _BATCH]
        sql = f"""SELECT sku, variant_group FROM products
                  WHERE sku IN ({",".join("?" * len(part))}) AND coalesce(variant_group, '') != ''"""
        found.update(tables.execute(sql, part).fetchall())
    return found


def of_group(tables: Tables, group: str, *, limit: int = 100) -> list[dict[str, Any]]:
    """Return the shown products of a variant group, cheapest first."""
    sql = "SELECT * FROM products WHERE variant_group = ? ORDER BY price IS NULL, price, title, sku LIMIT ?"
    return [_parsed(row) for row in tables.query(sql, [group, limit])]


def count(tables: Tables) -> int:
    """Return how many products are shown."""
    return int(tables.execute("SELECT count(*) FROM products").fetchone()[0])


def rows(tables: Tables, *, after: str = "", limit: int = 500) -> list[dict[str, Any]]:
    """Return one page of shown products in SKU order, with the number of their images."""
    sql = """SELECT p.*, (SELECT count(*) FROM images i WHERE i.sku = p.sku) AS images
             FROM products p WHERE p.sku > ? ORDER BY p.sku LIMIT ?"""
    return [_parsed(row) for row in tables.query(sql, [after, limit])]


def page(tables: Tables, *, after: str, category: str | None, limit: int) -> list[str]:
    """Return the SKUs of one page of shown products in SKU order, of one category where given."""
    sql = "SELECT sku FROM products WHERE sku > ? AND (? IS NULL OR category = ?) ORDER BY sku LIMIT ?"
    return [sku for (sku,) in tables.execute(sql, [after, category, category, limit])]


def categories(tables: Tables) -> list[tuple[str, int]]:
    """Return the categories with the number of shown products, most first."""
    sql = """SELECT min(category), count(*) FROM products WHERE coalesce(category, '') != ''
             GROUP BY category ORDER BY 2 DESC, 1"""
    return [(row[0], row[1]) for row in tables.execute(sql)]


def stale(tables: Tables) -> list[str]:
    """Return the SKUs whose merged row is not what their owners list, or whose words are not in step with it."""
    known = tables.execute("SELECT sku FROM products UNION SELECT sku FROM product_values").fetchall()
    rows = ((sku, _row(tables, sku)) for (sku,) in known)
    return [sku for sku, row in rows if row != _stored(tables, sku) or (row is not None) != words.has(tables, sku)]


def refresh(tables: Tables, skus: Iterable[str]) -> None:
    """Merge the rows of these SKUs again."""
    for sku in skus:
        row, before = _row(tables, sku), _stored(tables, sku)
        if row is None:
            if before is not None:
                tables.execute("DELETE FROM products WHERE sku = ?", [sku])
            words.drop(tables, sku)
        elif row != before or not words.has(tables, sku):
            tables.execute(f"INSERT OR REPLACE INTO products VALUES ({','.join('?' * len(row))})", row)
            words.put(tables, sku, row)


def inbox(tables: Tables) -> dict[str, int]:
    """Return the SKUs of photos that no owner lists and nobody removed, with how many wait."""
    return {sku: len(keys) for sku, keys in waiting(tables).items()}


def waiting(tables: Tables) -> dict[str, list[int]]:
    """Return SKU -> keys of the photos that no owner lists and nobody removed."""
    sql = """SELECT i.sku, i.image_id FROM images i
             WHERE i.sku NOT IN (SELECT sku FROM product_values) AND NOT EXISTS (
               SELECT 1 FROM tombstones t WHERE t.sku = i.sku AND t.content_hash IN ('', i.content_hash))
             ORDER BY i.sku, i.image_id"""
    found: dict[str, list[int]] = {}
    for sku, key in tables.execute(sql):
        found.setdefault(sku, []).append(key)
    return found


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "attributes": json.loads(row["attributes"])}


def _row(tables: Tables, sku: str) -> tuple[Any, ...] | None:
    merged = _merged(tables, sku)
    return None if merged is None else (sku, *(merged.pop(name, None) for name in COLUMNS), _attributes(merged))


def _stored(tables: Tables, sku: str) -> tuple[Any, ...] | None:
    found = tables.execute("SELECT * FROM products WHERE sku = ?", [sku]).fetchone()
    return None if found is None else tuple(found)


def _merged(tables: Tables, sku: str) -> dict[str, Any] | None:
    if entombed(tables, sku):
        return None
    layers = tables.execute(
        "SELECT owner, data FROM product_values WHERE sku = ? ORDER BY owner DESC", [sku]
    ).fetchall()
    if not layers:
        return None
    merged: dict[str, Any] = {}
    for owner, data in layers:  # youngest source first, so older ones overwrite; local (0) comes last
        values = json.loads(data)
        merged.update(values if owner == LOCAL else {k: v for k, v in values.items() if v is not None})
    return merged


def _attributes(left: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in left.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)
