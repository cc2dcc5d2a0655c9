"""Words: finding products by what is written about them, and by the number under the bar code.

Kept in step by whoever changes a product's row, in the same transaction. What people type is cut into words here
and each is quoted, so nothing of it is syntax.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database as Tables

__all__ = ["code_of", "count", "drop", "fill", "find", "find_alike", "find_code", "has", "put"]

_COLUMNS = ("title", "sku", "brand", "category", "gtin", "attributes")
# A word in the title says more than one in an attribute.
_WEIGHTS = "10.0, 8.0, 4.0, 3.0, 6.0, 1.0"
_MOST_WORDS = 12
_LONGEST_WORD = 64
# Scripts that put no blank between words: each character is a word, and what is typed is a phrase of them.
_UNSPACED = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
)
_WORD = re.compile(r"[^\W_]+")
_GRAM = 3
_ALIKE = 0.5  # share of a typed word's letter triples that must occur in a product's words


def put(tables: Tables, sku: str, row: Sequence[Any]) -> None:
    """Index one product's row, in the order of the table ``products``."""
    values = dict(zip(_product_columns(tables), row, strict=True))
    attributes = json.loads(values["attributes"])
    texts = {**values, "attributes": " ".join(str(value) for value in attributes.values())}
    cells = [_spaced(str(texts[name] or "")) for name in _COLUMNS]
    drop(tables, sku)
    cursor = tables.execute("INSERT INTO product_words (sku, code) VALUES (?, ?)", [sku, code_of(values["gtin"])])
    number = cursor.lastrowid
    tables.execute(f"INSERT INTO product_text (rowid, {', '.join(_COLUMNS)}) VALUES (?,?,?,?,?,?,?)", [number, *cells])
    tables.execute(
        "INSERT INTO product_grams (rowid, words) VALUES (?, ?)", [number, _folded(" ".join([cells[0], cells[2]]))]
    )


def drop(tables: Tables, sku: str) -> None:
    """Forget one product's words."""
    found = tables.execute("SELECT word_id FROM product_words WHERE sku = ?", [sku]).fetchone()
    if found:
        for table in ("product_text", "product_grams"):
            tables.execute(f"DELETE FROM {table} WHERE rowid = ?", found)
        tables.execute("DELETE FROM product_words WHERE word_id = ?", found)


def fill(tables: Tables) -> None:
    """Index every product that is there."""
    for row in tables.execute("SELECT * FROM products").fetchall():
        put(tables, row[0], row)


def has(tables: Tables, sku: str) -> bool:
    """Return whether a product can be found by words."""
    return tables.execute("SELECT 1 FROM product_words WHERE sku = ?", [sku]).fetchone() is not None


def count(tables: Tables) -> int:
    """Return how many products can be found by words."""
    return int(tables.execute("SELECT count(*) FROM product_words").fetchone()[0])


def find(tables: Tables, typed: str, *, category: str | None, skip: int, limit: int) -> list[str]:
    """Return SKUs whose words begin with all those typed, best first; accents and case don't count."""
    phrases = _phrases(typed)
    if not phrases:
        return []
    sql = f"""SELECT w.sku FROM product_text JOIN product_words w ON w.word_id = product_text.rowid
              JOIN products p ON p.sku = w.sku
              WHERE product_text MATCH ? AND (? IS NULL OR p.category = ?)
              ORDER BY bm25(product_text, {_WEIGHTS}), w.sku LIMIT ? OFFSET ?"""
    found = tables.execute(sql, [" AND ".join(phrases), category, category, limit, skip])
    return [sku for (sku,) in found]


def find_alike(tables: Tables, typed: str, *, category: str | None, limit: int) -> list[str]:
    """Return SKUs whose titles or brands are written much like what was typed: for slips of the finger."""
    wanted = {gram for word in _WORD.findall(_folded(typed))[:_MOST_WORDS] for gram in _grams(word[:_LONGEST_WORD])}
    if not wanted:
        return []
    sql = """SELECT w.sku, product_grams.words FROM product_grams
             JOIN product_words w ON w.word_id = product_grams.rowid JOIN products p ON p.sku = w.sku
             WHERE product_grams MATCH ? AND (? IS NULL OR p.category = ?) ORDER BY bm25(product_grams) LIMIT 200"""
    rows = tables.execute(sql, [" OR ".join(f'"{gram}"' for gram in sorted(wanted)), category, category])
    shares = {sku: sum(gram in words for gram in wanted) / len(wanted) for sku, words in rows}
    alike = sorted((sku for sku, share in shares.items() if share >= _ALIKE), key=lambda sku: (-shares[sku], sku))
    return alike[:limit]


def find_code(tables: Tables, gtin: str) -> list[str]:
    """Return the SKUs with that number under the bar code, whether written as UPC, EAN or GTIN-14."""
    code = code_of(gtin)
    rows = tables.execute("SELECT sku FROM product_words WHERE code = ? ORDER BY sku", [code]) if code else []
    return [sku for (sku,) in rows]


def code_of(gtin: str | None) -> str | None:
    """Return a bar code's number without blanks, dashes and leading zeros: UPC-A is EAN-13 with a 0 before it."""
    digits = re.sub(r"[\s-]", "", gtin or "")
    return digits.lstrip("0") or None if digits.isascii() and digits.isdigit() else None


def _product_columns(tables: Tables) -> list[str]:
    return [row[1] for row in tables.execute("PRAGMA table_info(products)")]


def _spaced(text: str) -> str:
    return _UNSPACED.sub(r" \1 ", _folded(text))


def _folded(text: str) -> str:
    """Return text in lower case without accents (SQLite's own folding knows Latin ones only)."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", "".join(c for c in plain if not unicodedata.combining(c)))


def _phrases(typed: str) -> list[str]:
    phrases = []
    for word in _WORD.findall(_folded(typed))[:_MOST_WORDS]:
        parts = _spaced(word[:_LONGEST_WORD]).split()
        phrases.append(" + ".join(f'"{part}"' for part in parts) + "*")
    return phrases


def _grams(word: str) -> list[str]:
    return [word[start : start + _GRAM] for start in range(len(word) - _GRAM + 1)]
