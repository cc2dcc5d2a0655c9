"""The material: a catalog's photos by SKU, and the branch of the assortment that each SKU sits on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_search.catalog.folder import list_folder
from edge_search.catalog.manifest import list_manifest
from edge_search.errors import CatalogError, InvalidValue
from edge_search.fitting.gallery import Numbers

__all__ = ["LEAST_PRODUCTS", "Material", "Products", "read_catalog"]

LEAST_PRODUCTS = 20
"""Fewer say nothing about a network that has to tell thousands apart."""

Products = Mapping[str, Mapping[str, Any]]
"""SKU -> its values: columns of the product table, and attributes."""


@dataclass(frozen=True)
class Material:
    """``files`` and ``skus`` int64 (n,) go together; ``names`` and ``branches`` are by SKU number."""

    files: tuple[Path, ...]
    skus: Numbers
    names: tuple[str, ...]
    branches: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, photos: Sequence[tuple[str, Path]], products: Products, balance: Sequence[str]) -> Material:
        """Order ``photos`` (SKU, file) by SKU; a branch is the SKU's values of the columns ``balance``.

        Raises InvalidValue for a column that no product has, CatalogError for fewer than 20 SKUs.
        """
        names = tuple(sorted({sku for sku, _ in photos}))
        if len(names) < LEAST_PRODUCTS:
            raise CatalogError(
                f"{len(names)} products with photos are too few to tune on; {LEAST_PRODUCTS} are the least, "
                "and some hundreds are where it begins to make sense"
            )
        known = {column for sku in names for column, value in products.get(sku, {}).items() if value not in (None, "")}
        for column in balance:
            if column not in known:
                there = ", ".join(sorted(known)) or "nothing"
                raise InvalidValue(f"--balance {column}: no product has a value there; there is: {there}")
        ordered = sorted(photos, key=lambda photo: (photo[0], str(photo[1])))
        return cls(
            tuple(file for _, file in ordered),
            np.searchsorted(names, [sku for sku, _ in ordered]).astype(np.int64),
            names,
            tuple(tuple(str(products.get(sku, {}).get(column) or "") for column in balance) for sku in names),
        )

    def rows(self, kept: Numbers) -> Material:
        """Return it with these photos only; SKUs keep their numbers."""
        return Material(tuple(self.files[row] for row in kept), self.skus[kept], self.names, self.branches)


def read_catalog(path: Path) -> tuple[list[tuple[str, Path]], Products]:
    """Read a catalog folder, or a manifest ``path,sku[,category,...]``; SourceMissing, CatalogError."""
    listing = list_folder(path) if path.is_dir() else list_manifest(path)
    photos = [(file.sku, listing.root / os.fsdecode(file.path)) for file in listing.files]
    return photos, {product.sku: product.values for product in listing.products}
