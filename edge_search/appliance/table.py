"""The product table as staff and integrators see it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edge_search.catalog.sku import clean_sku
from edge_search.catalog.table import read_table
from edge_search.catalog.values import parse_values
from edge_search.errors import InvalidValue, NotFound
from edge_search.store import images, products
from edge_search.store.changes import LOCAL
from edge_search.store.database import Database
from edge_search.types import Skipped

__all__ = ["ProductTable"]

_PAGE = 500


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

    def reset(self, sku: str) -> dict[str, Any]:
        """Forget what was set here: the sources' values hold again. Taught photos stay.

        A product that was removed here comes back as it was instead, with what was set before; this is returned.

        Raises:
            NotFound: nothing is known of this SKU.
        """
        with self._database.write() as tables:
            if products.exhume(tables, sku):
                return products.values_of(tables, LOCAL, [sku]).get(sku, {})
            if not products.get(tables, [sku]):
                raise NotFound(_missing(sku, removed=False))
            images.unentomb_all(tables, sku)
            if images.of_sku(tables, sku, owner=LOCAL):
                products.put_values(tables, LOCAL, {sku: {}})
            else:
                products.drop_values(tables, LOCAL, [sku])
        return {}

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


def _missing(sku: str, *, removed: bool) -> str:
    if removed:
        return f"product {sku!r} was removed here; 'edge-search products reset {sku}' brings it back"
    return f"product {sku!r} is not in the catalog; 'edge-search products list' shows what is"
