"""What another box would do with the entries of a change log: nothing but what they say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edge_search.store import images, meta, products
from edge_search.store.database import Tables
from edge_search.store.images import Image


def replay(tables: Tables, entries: Iterable[Mapping[str, Any]]) -> None:
    """Bring a store up to the last entry; keys of its own, photos are known by content hash."""
    for entry in entries:
        kind, owner, sku, data = entry["kind"], entry["owner"], entry["sku"], entry["data"]
        path = str(entry["image_id"]).encode()
        if kind == "values":
            products.put_values(tables, owner, {sku: data})
        elif kind == "values_dropped":
            products.drop_values(tables, owner, [sku])
        elif kind == "product_hidden":
            products.entomb(tables, sku)
        elif kind == "product_shown":
            products.exhume(tables, sku)
        elif kind == "image_hidden":
            images.hide(tables, sku, data)
        elif kind == "image_shown":
            images.unentomb(tables, sku, data)
        elif kind == "image_added":
            if images.at(tables, owner, path, sku) is None:
                images.add(tables, [Image(0, sku, owner, path, data, 1, 1, 1, 1, 1)])
        elif kind == "image_removed":
            old = images.at(tables, owner, path, sku)
            images.remove(tables, [old.image_id] if old else [])
        elif kind == "encoder":
            meta.put(tables, "encoder", repr(data))
        else:
            assert kind in {"source", "generation", "began"}, kind
