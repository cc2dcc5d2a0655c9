"""The product table as staff and integrators see it."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_search.catalog.sku import clean_sku
from edge_search.catalog.table import read_table
from edge_search.catalog.values import parse_values
from edge_search.errors import InvalidValue, NotFound
from edge_search.store import images, products, words
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database, Tables
from edge_search.types import Skipped

__all__ = ["ProductPage", "ProductTable"]

_PAGE = 500


@dataclass(frozen=True)
class ProductPage:
    """Some products (rows with the ``image_id`` that stands for each), and the cursor of those that follow."""

    rows: tuple[dict[str, Any], ...]
    next: str | None


class ProductTable:
    """Products by SKU. What is set, removed or reset here is `local`: following a folder never undoes it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __len__(self) -> int:
        with self._database.read() as tables:
            return products.count(tables)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield all products in SKU order, page by page: a long listing holds no snapshot open."""
        after = ""
        while True:
            with self._database.read() as tables:
                page = products.rows(tables, after=after, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1]["sku"]

    def __contains__(self, sku: object) -> bool:
        with self._database.read() as tables:
            return isinstance(sku, str) and bool(products.get(tables, [sku]))

    def get(self, sku: str) -> dict[str, Any]:
        """Return one product with its images and the values set here.

        Raises:
            NotFound: no such product, or it was removed here.
        """
        with self._database.read() as tables:
            row = products.get(tables, [sku]).get(sku)
            if row is None:
                raise NotFound(_missing(sku, removed=products.entombed(tables, sku)))
            row["images"] = [
                {
                    "image_id": image.image_id,
                    "path": os.fsencode(os.fsdecode(image.path)).decode("utf-8", "backslashreplace"),
                    "owner": "local" if image.owner == LOCAL else image.owner,
                }
                for image in images.of_sku(tables, sku)
            ]
            row["local"] = products.values_of(tables, LOCAL, [sku]).get(sku, {})
            return row

    def search(
        self, *, q: str = "", gtin: str = "", category: str | None = None, cursor: str = "", limit: int = 50
    ) -> ProductPage:
        """Return a page of products: by words (best first), by bar code, or all by SKU.

        Args:
            q: words or their beginnings; all must occur. When none do, what is written alike is found.
            gtin: a bar code's number, as UPC, EAN or GTIN-14.
            category: only this one.
            cursor: the ``next`` of the page before.
            limit: products on a page.

        Raises:
            InvalidValue: a cursor that no page gave.
        """
        with self._database.read() as tables:
            if gtin:
                found, following = words.find_code(tables, gtin)[:limit], None
            elif q.strip():
                found, following = self._by_words(tables, q, category, cursor, limit)
            else:
                found = products.page(tables, after=_decoded(cursor), category=category, limit=limit + 1)
                following = _encoded(found[limit - 1]) if len(found) > limit else None
            rows = products.get(tables, found[:limit])
            faces = images.faces(tables, list(rows))
        shown = [{**rows[sku], "image_id": faces.get(sku)} for sku in found[:limit] if sku in rows]
        if gtin and category is not None:
            shown = [row for row in shown if (row["category"] or "").casefold() == category.casefold()]
        return ProductPage(tuple(shown), following)

    def _by_words(
        self, tables: Tables, q: str, category: str | None, cursor: str, limit: int
    ) -> tuple[list[str], str | None]:
        skip = _offset(cursor)
        found = words.find(tables, q, category=category, skip=skip, limit=limit + 1)
        if not found and not skip:
            return words.find_alike(tables, q, category=category, limit=limit), None
        return found, _encoded(str(skip + limit)) if len(found) > limit else None

    def categories(self) -> list[tuple[str, int]]:
        """Return the categories with how many products each has, most first."""
        with self._database.read() as tables:
            return products.categories(tables)

    def set(self, sku: str, values: Mapping[str, object]) -> None:
        """Set values of a product, making it when it is new or showing it again when it was removed.

        Texts are read as in ``products.csv``; None or an empty text clears a value, also one from a source.

        Raises:
            InvalidValue: a SKU, name or value that can't be used.
        """
        try:
            sku, parsed = clean_sku(sku), parse_values(values)
        except ValueError as error:
            raise InvalidValue(f"product {sku!r}: {error}") from None
        with self._database.write() as tables:
            products.exhume(tables, sku)
            products.put_values(tables, LOCAL, {sku: parsed}, merge=True)

    def reset(self, sku: str) -> None:
        """Forget what was set or removed here; the sources' values hold again. Taught photos stay.

        Raises:
            NotFound: nothing is known of this SKU.
        """
        with self._database.write() as tables:
            known = products.exhume(tables, sku) or bool(products.get(tables, [sku]))
            if not known:
                raise NotFound(_missing(sku, removed=False))
            images.unentomb_all(tables, sku)
            if images.of_sku(tables, sku, owner=LOCAL):
                products.put_values(tables, LOCAL, {sku: {}})
            else:
                products.drop_values(tables, LOCAL, [sku])

    def remove(self, sku: str) -> None:
        """Hide a product from now on, whoever lists it; ``reset`` brings it back.

        Raises:
            NotFound: no such product.
        """
        with self._database.write() as tables:
            if not products.get(tables, [sku]):
                raise NotFound(_missing(sku, removed=products.entombed(tables, sku)))
            products.entomb(tables, sku)

    def import_csv(self, path: Path) -> tuple[int, tuple[Skipped, ...]]:
        """Set the values of every row of a table like ``products.csv``; returns how many, and the bad lines.

        Raises:
            CatalogError: the file can't be read as a table.
        """
        table = read_table(path)
        for start in range(0, len(table.rows), _PAGE):
            part = table.rows[start : start + _PAGE]
            filled = {row.sku: {k: v for k, v in row.values.items() if v is not None} for row in part}
            with self._database.write() as tables:
                for sku in filled:
                    products.exhume(tables, sku)
                products.put_values(tables, LOCAL, filled, merge=True)
        return len(table.rows), tuple(Skipped(problem.path, problem.reason) for problem in table.problems)


def _encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (ValueError, UnicodeError):
        text = ""
    if _encoded(text) == cursor:
        return text
    raise InvalidValue(f"cursor {cursor[:40]!r}: give the 'next' of the page before")


def _offset(cursor: str) -> int:
    text = _decoded(cursor) or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise InvalidValue(f"cursor {cursor[:40]!r}: give the 'next' of the page before")
    return int(text)


def _missing(sku: str, *, removed: bool) -> str:
    if removed:
        return f"product {sku!r} was removed here; 'edge-search products reset {sku}' brings it back"
    return f"product {sku!r} is not in the catalog; 'edge-search products list' shows what is"
