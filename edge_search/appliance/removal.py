"""Removing encoder bundles from a home."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import sqlite3
from dataclasses import dataclass

from edge_search.appliance.encoders import named_bundle
from edge_search.encoder.bundle import Bundle, default_bundle_root, find_bundles
from edge_search.errors import InvalidValue, StoreError
from edge_search.maintenance.recover import keep_snapshot, snapshot_path
from edge_search.store import catalog_encoder, features
from edge_search.store.database import Database
from edge_search.store.durable import sync_folder
from edge_search.store.home import Home

__all__ = ["Removed", "remove_bundle", "sweep_removed"]

_REMOVED = ".removed-"


@dataclass(frozen=True)
class Removed:
    """A bundle that is gone, and how many of its features wait for the next ``compact``."""

    name: str
    fingerprint: str
    features: int


def remove_bundle(database: Database, name: str) -> Removed:
    """Delete the bundle called ``name`` from the home, in one step for everybody who looks.

    Raises:
        NotFound: there is none.
        InvalidValue: it came with edge-search, or the catalog needs it now or for the switch that is pending.
        StoreError: its folder can't be moved.
    """
    home = database.home
    bundle = named_bundle(home, name)
    if not bundle.path.is_relative_to(home.models):
        raise InvalidValue(f"model {name} came with edge-search ({bundle.path}) and stays")
    if not _twin(home, bundle) and _snapshot_fingerprint(home) == bundle.fingerprint:
        _check(database, bundle)
        if not keep_snapshot(database, older_than_s=0):
            raise InvalidValue(
                f"model {name}: {snapshot_path(home)} needs it, and the disk has no room for a newer one"
            )
    with database.read() as tables:
        count = features.counted(tables).get(bundle.fingerprint, 0)
    grave = home.models / f"{_REMOVED}{secrets.token_hex(4)}"
    try:
        # Under the writer lock: no switch to it can begin between the look and the step.
        with database.write():
            _check(database, bundle)
            grave.mkdir()
            bundle.path.rename(grave / "bundle")
            sync_folder(home.models)
    except OSError as error:
        raise StoreError(f"{bundle.path}: {error.strerror or error}") from None
    finally:
        sweep_removed(home)
    return Removed(bundle.name, bundle.fingerprint, count)


def sweep_removed(home: Home) -> None:
    """Delete what is left of removed bundles."""
    for grave in home.models.glob(f"{_REMOVED}*"):
        shutil.rmtree(grave, ignore_errors=True)


def _check(database: Database, bundle: Bundle) -> None:
    if _twin(database.home, bundle):
        return
    with database.read() as tables:
        chosen, pending = catalog_encoder.chosen(tables), catalog_encoder.pending(tables)
    if chosen is not None and chosen.fingerprint == bundle.fingerprint:
        raise InvalidValue(
            f"model {bundle.name} is in use by the catalog; 'edge-search model use OTHER' switches it to another one"
        )
    if pending is not None and pending.fingerprint == bundle.fingerprint:
        raise InvalidValue(
            f"the catalog is being switched to model {bundle.name}; 'edge-search model use --cancel' drops that"
        )


def _twin(home: Home, bundle: Bundle) -> bool:
    """Return whether another folder holds the same encoder."""
    everywhere = [*find_bundles([home.models]), *find_bundles(default_bundle_root())]
    return any(other.fingerprint == bundle.fingerprint and other.path != bundle.path for other in everywhere)


def _snapshot_fingerprint(home: Home) -> str | None:
    """Return the encoder of the home's own snapshot: a recovery would need it."""
    try:
        with contextlib.closing(sqlite3.connect(f"{snapshot_path(home).as_uri()}?mode=ro", uri=True)) as conn:
            found = conn.execute("SELECT value FROM meta WHERE key = 'encoder'").fetchone()
        return None if found is None else str(json.loads(found[0])["fingerprint"])
    except (sqlite3.Error, ValueError, KeyError):
        return None
