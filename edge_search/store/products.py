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
    "of_group",
    "page",
    "put_values",
    "refresh",
    "rows",
    "stale",
    "values_of",
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
    for sku, values in listed.items():
        data = dict(values)
        if merge:
            old = tables.execute("SELECT data FROM product_values WHERE sku = ? AND owner = ?", [sku, owner]).fetchone()
            data = {**(json.loads(old[0]) if old else {}), **data}
        tables.execute(
            "INSERT OR REPLACE INTO product_values (sku, owner, data) VALUES (?, ?, ?)",
            [sku, owner, json.dumps(data, ensure_ascii=False, sort_keys=True)],
        )
    _materialise(tables, owner, listed)


def drop_values(tables: Tables, owner: int, skus: Iterable[str]) -> None:
    """Stop listing SKUs for ``owner``; what other owners list stays."""
    gone = list(skus)
    tables.conn.executemany("DELETE FROM product_values WHERE sku = ? AND owner = ?", [(sku, owner) for sku in gone])
    _materialise(tables, owner, gone)


def entomb(tables: Tables, sku: str) -> None:
    """Hide a SKU whoever lists it, until ``exhume``."""
    tables.execute("INSERT OR REPLACE INTO tombstones (sku, content_hash, at) VALUES (?, '', ?)", [sku, now()])
    _materialise(tables, LOCAL, [sku])


def exhume(tables: Tables, sku: str) -> bool:
    """Show a SKU again; return whether it was hidden."""
    found = tables.conn.execute("DELETE FROM tombstones WHERE sku = ? AND content_hash = ''", [sku]).rowcount
    _materialise(tables, LOCAL, [sku])
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
    _materialise(tables, LOCAL, skus)


def inbox(tables: Tables) -> dict[str, int]:
    """Return the SKUs of photos that no owner lists and nobody removed, with how many wait."""
    sql = """SELECT sku, count(*) FROM images
             WHERE sku NOT IN (SELECT sku FROM product_values)
               AND sku NOT IN (SELECT sku FROM tombstones WHERE content_hash = '') GROUP BY sku ORDER BY sku"""
    return dict(tables.execute(sql).fetchall())


def _parsed(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "attributes": json.loads(row["attributes"])}


def _materialise(tables: Tables, owner: int, skus: Iterable[str]) -> None:
    changed: list[str] = []
    removed: list[str] = []
    for sku in skus:
        row, before = _row(tables, sku), _stored(tables, sku)
        if row is None:
            if before is not None:
                tables.execute("DELETE FROM products WHERE sku = ?", [sku])
                removed.append(sku)
            words.drop(tables, sku)
            continue
        if before != row or not words.has(tables, sku):
            tables.execute(f"INSERT OR REPLACE INTO products VALUES ({','.join('?' * len(row))})", row)
            words.put(tables, sku, row)
            changed.append(sku)
    record(tables, "product", owner, [(sku, None, None) for sku in changed])
    record(tables, "product_removed", owner, [(sku, None, None) for sku in removed])


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
