"""A switch on its way, as status and lists show it."""

from __future__ import annotations

from dataclasses import dataclass

from edge_search.store import catalog_encoder, features
from edge_search.store.database import Tables

__all__ = ["Pending", "read_pending"]


@dataclass(frozen=True)
class Pending:
    """A switch of the encoder that is not done yet.

    ``done`` and ``total`` count different photos (contents), ``from_...`` those that were encoded for it by where
    their pixels came from; ``problem`` says why it stands still, if it does.
    """

    to: str
    fingerprint: str
    done: int
    total: int
    from_folder: int
    from_taught: int
    from_previews: int
    problem: str | None


def read_pending(tables: Tables) -> Pending | None:
    """Return the pending switch and how far it is, None most of the time."""
    found = catalog_encoder.pending(tables)
    if found is None:
        return None
    done, total = features.progress(tables, found.fingerprint)
    origins = found.from_folder, found.from_taught, found.from_previews
    return Pending(found.name, found.fingerprint, done, total, *origins, found.problem)
