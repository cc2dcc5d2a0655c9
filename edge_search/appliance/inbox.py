"""The inbox: photos that wait for somebody to list their SKU."""

from __future__ import annotations

from edge_search.store import products
from edge_search.store.database import Database
from edge_search.types import InboxItem

__all__ = ["read_inbox"]


def read_inbox(database: Database) -> tuple[InboxItem, ...]:
    """Return the photos whose SKU no product table lists, by SKU. They are encoded already, and shown once it is."""
    with database.read() as tables:
        waiting = products.waiting(tables)
        short = {sku.lstrip("0") for sku in waiting if sku.startswith("0") and sku.isdigit()}
        listed = products.get(tables, short)
    return tuple(InboxItem(sku, tuple(keys), _reason(sku, listed)) for sku, keys in waiting.items())


def _reason(sku: str, listed: dict[str, dict[str, object]]) -> str:
    short = sku.lstrip("0")
    if short != sku and short in listed:
        return f"no product table lists {sku}, but one lists {short}: its leading zeros were lost in a spreadsheet"
    return f"no product table lists {sku}"
