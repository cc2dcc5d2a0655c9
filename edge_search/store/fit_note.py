"""The note about the last fit: when it was, of what, and what it came to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from edge_search.store import meta
from edge_search.store.database import Tables

__all__ = ["FitNote", "changed_since", "note", "put_note"]

_KEY = "fit"


@dataclass(frozen=True)
class FitNote:
    """``images``: how many there were, the newest being ``last_image_id``. ``reverted``: people went back by hand."""

    fingerprint: str
    at: str
    images: int
    last_image_id: int
    reverted: bool = False
    report: dict[str, Any] = field(default_factory=dict)


def note(tables: Tables) -> FitNote | None:
    """Return the note, None before the first fit."""
    text = meta.get(tables, _KEY)
    return None if text is None else FitNote(**json.loads(text))


def put_note(tables: Tables, one: FitNote) -> None:
    """Keep the note."""
    meta.put(tables, _KEY, json.dumps(asdict(one)))


def changed_since(tables: Tables, one: FitNote) -> int:
    """Return how many images came or went since."""
    sql = "SELECT count(*), coalesce(sum(image_id <= ?), 0) FROM images"
    now, old = tables.execute(sql, [one.last_image_id]).fetchone()
    return int(now - old) + max(0, one.images - int(old))
