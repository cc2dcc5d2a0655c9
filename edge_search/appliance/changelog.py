"""The change log as others read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge_search.errors import NotFound
from edge_search.store import changes, meta
from edge_search.store.database import Database, Tables

__all__ = ["ChangeLog"]

_PAGE = 1000


@dataclass(frozen=True)
class ChangeLog:
    """What changed, in the order of commit; `Box` carries it as ``box.changes``.

    An entry is a dict ``{"epoch", "seq", "at", "kind", "owner", "sku", "image_id", "data"}``. The epoch is another
    one after a restore or a recovery: numbers of the one before name other changes.
    """

    database: Database

    def since(self, seq: int = 0, *, epoch: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the entries after number ``seq``, page by page, up to the newest.

        Raises:
            NotFound: some of them are forgotten already, or ``epoch`` is not this store's: a resync is due.
        """
        while True:
            with self.database.read() as tables:
                mine = _epoch(tables, epoch)
                found = changes.page(tables, seq, limit=_PAGE)
            yield from ({"epoch": mine, **change.to_dict()} for change in found)
            if len(found) < _PAGE:
                return
            seq = found[-1].seq

    def standing(self) -> Iterator[dict[str, Any]]:
        """Yield entries that make an empty store equal to this one; go on with ``since`` from their number.

        The number is older than the pages that are read after it: going on from it repeats some changes, which
        does no harm, for each says what is so since then.
        """
        with self.database.read() as tables:
            mine, seq = _epoch(tables, None), changes.head(tables)
            found = list(changes.standing(tables, seq))
        after = 0
        while found:
            yield from ({"epoch": mine, **change.to_dict()} for change in found)
            with self.database.read() as tables:
                found = changes.standing_images(tables, seq, after=after, limit=_PAGE)
            after = found[-1].image_id or 0 if found else after

    def head(self) -> int:
        """Return the number of the newest change, 0 before the first."""
        with self.database.read() as tables:
            return changes.head(tables)


def _epoch(tables: Tables, wanted: str | None) -> str:
    mine = meta.get(tables, meta.EPOCH) or ""
    if wanted is not None and wanted != mine:
        raise NotFound(
            f"changes of epoch {wanted}: this store is at epoch {mine} since a restore or recovery; "
            "resync: take 'edge-search changes --snapshot', then go on from its number"
        )
    return mine
