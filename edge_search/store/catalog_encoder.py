"""The catalog's encoder: which one it has, and which one is to take its place.

Every photo has a feature of the first; features of the other are gathered beside them until one commit switches.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from edge_search.errors import EncoderChanged
from edge_search.store import images, meta
from edge_search.store.changes import LOCAL, record
from edge_search.store.database import Tables

__all__ = [
    "ChosenEncoder",
    "PendingEncoder",
    "choose",
    "chosen",
    "drop_pending",
    "expect",
    "pending",
    "put_pending",
    "settle",
    "wanted",
]

_CHOSEN = "encoder"
_PENDING = "pending_encoder"


@dataclass(frozen=True)
class ChosenEncoder:
    """The encoder that every photo of the catalog has a feature of."""

    name: str
    fingerprint: str


@dataclass(frozen=True)
class PendingEncoder:
    """The encoder that the catalog is being switched to.

    ``had``: features of it that were there before; ``left``: about how many are still to be made; ``from_...``:
    photos encoded since, by where their pixels came from; ``problem``: why the switch stands still, if it does.
    With ``without_missing`` photos whose pixels are nowhere to be found leave the catalog.
    """

    name: str
    fingerprint: str
    without_missing: bool = False
    had: int = 0
    left: int = 0
    from_folder: int = 0
    from_taught: int = 0
    from_previews: int = 0
    problem: str | None = None


def chosen(tables: Tables) -> ChosenEncoder | None:
    """Return the catalog's encoder, None before the first photo."""
    text = meta.get(tables, _CHOSEN)
    return None if text is None else ChosenEncoder(**json.loads(text))


def expect(tables: Tables, fingerprint: str) -> None:
    """Make sure that the photos of this snapshot can be asked for with this encoder.

    Raises:
        EncoderChanged: the catalog has another one by now.
    """
    found = chosen(tables)
    if found is not None and found.fingerprint != fingerprint and images.some(tables):
        raise EncoderChanged(
            f"the catalog was switched to {found.name} ({found.fingerprint}) meanwhile; run the same command again"
        )


def settle(tables: Tables, name: str, fingerprint: str) -> None:
    """Make this encoder the catalog's own before its first photo; to be called wherever features are stored.

    Raises:
        EncoderChanged: the catalog has another one by now; nothing encoded with this one may be added.
    """
    expect(tables, fingerprint)
    if chosen(tables) != ChosenEncoder(name, fingerprint):
        _put(tables, ChosenEncoder(name, fingerprint))


def choose(tables: Tables, name: str, fingerprint: str) -> None:
    """Make this encoder the catalog's, whatever it was, and end the switch to it.

    Every photo must have a feature of it in the same transaction.
    """
    _put(tables, ChosenEncoder(name, fingerprint))
    drop_pending(tables)


def pending(tables: Tables) -> PendingEncoder | None:
    """Return the encoder that is to take the catalog's place, None most of the time."""
    text = meta.get(tables, _PENDING)
    return None if text is None else PendingEncoder(**json.loads(text))


def put_pending(tables: Tables, encoder: PendingEncoder) -> None:
    """Begin a switch, or note how far it is."""
    meta.put(tables, _PENDING, json.dumps(asdict(encoder)))


def drop_pending(tables: Tables) -> None:
    """End the switch."""
    meta.drop(tables, _PENDING)


def wanted(tables: Tables) -> set[str]:
    """Return the fingerprints whose features are in use or being gathered."""
    return {encoder.fingerprint for encoder in (chosen(tables), pending(tables)) if encoder is not None}


def _put(tables: Tables, encoder: ChosenEncoder) -> None:
    text = json.dumps(asdict(encoder))
    meta.put(tables, _CHOSEN, text)
    record(tables, "encoder", LOCAL, [(None, None, text)])
