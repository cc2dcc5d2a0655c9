"""Which encoder a home uses, and which ones it could."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence

from edge_search.appliance.installed import InstalledEncoder
from edge_search.config import Settings
from edge_search.encoder.bundle import Bundle, default_bundle_root, find_bundles
from edge_search.encoder.compiled_cache import CompiledCache
from edge_search.encoder.cores import available_cores
from edge_search.encoder.encoder import Encoder, load_encoder
from edge_search.errors import EdgeSearchError, EncoderError, InvalidValue, NotFound
from edge_search.fitting.projection import Projection
from edge_search.store import catalog_encoder, images
from edge_search.store.catalog_encoder import ChosenEncoder, PendingEncoder
from edge_search.store.database import Database
from edge_search.store.home import Home

__all__ = ["DEFAULT_MODEL", "Encoders", "bundles", "named_bundle"]

DEFAULT_MODEL = "efficientnet-lite2-int8"
# A switch with so few photos left is over in seconds to a minute.
_SOON = 256


def bundles(home: Home) -> list[Bundle]:
    """Return all bundles this home can use: its own, then those that came with edge-search."""
    return find_bundles([home.models, *default_bundle_root()])


def named_bundle(home: Home, name: str) -> Bundle:
    """Return the bundle called ``name``.

    Raises:
        NotFound: there is none; the message lists those there are.
    """
    found = {bundle.name: bundle for bundle in bundles(home)}
    if name not in found:
        raise NotFound(_not_installed(name, list(found)))
    return found[name]


class Encoders:
    """The catalog's encoder, followed as the catalog is switched, and the others that are installed."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        given: Encoder | Sequence[Encoder] | None = None,
        *,
        quick_start: bool = False,
    ) -> None:
        """Follow ``database``; ``given`` encoders stand in for all bundles, the first for the shipped one."""
        self._database = database
        self._settings = settings
        self._given = [given] if isinstance(given, Encoder) else list(given or ())
        self._quick_start = quick_start
        self._guard = threading.RLock()
        self._known: dict[str, InstalledEncoder] = {}
        self._current: InstalledEncoder | None = None
        self._foreseen = ""
        self.cores = settings.threads or available_cores()

    @property
    def current(self) -> InstalledEncoder:
        """The catalog's encoder at this moment, as the store says; loads no network.

        Raises:
            EncoderError: it is not installed here, or the setting ``model`` wants another one.
        """
        with self._database.read() as tables:
            chosen, pending = catalog_encoder.chosen(tables), catalog_encoder.pending(tables)
            empty = not images.some(tables)
        with self._guard:
            wanted, now = self._settings.model, self._current
            if pending and pending.left <= _SOON and now and now.loaded and not self._quick_start:
                self._foresee(pending)
            if chosen and now and now.fingerprint == chosen.fingerprint and wanted in {"", now.name}:
                return now
            found = self._choose(chosen, pending, empty=empty)
            if now is None or now.fingerprint != found.fingerprint:
                # What was loaded of another one goes, as soon as no query is in it any more.
                self._known, self._current = {found.fingerprint: found}, found
            return found

    @property
    def identity(self) -> ChosenEncoder:
        """Name and fingerprint of the catalog's encoder, also when that is not installed."""
        with self._database.read() as tables:
            chosen = catalog_encoder.chosen(tables) if images.some(tables) else None
        if chosen is not None:
            return chosen
        return ChosenEncoder(self.current.name, self.current.fingerprint)

    @property
    def fingerprint(self) -> str:
        """The catalog's encoder's fingerprint."""
        return self.current.fingerprint

    @property
    def name(self) -> str:
        """The catalog's encoder's name."""
        return self.current.name

    @property
    def plain(self) -> Projection:
        """The catalog's encoder's projection before anything is fitted."""
        return self.current.plain

    @property
    def query(self) -> Encoder:
        """The catalog's encoder for one photo at a time; loads it."""
        return self.current.query

    def warm(self) -> None:
        """Load the catalog's encoder for queries, if that can be done; whoever needs it will hear what is wrong."""
        with contextlib.suppress(EdgeSearchError):
            self.current.warm()

    @property
    def ingest(self) -> Encoder:
        """The catalog's encoder for many photos at once; loads it."""
        return self.current.ingest

    def settle(self) -> None:
        """Make this encoder the catalog's own, before the first photo is stored."""
        current = self.current
        with self._database.write() as tables:
            catalog_encoder.settle(tables, current.name, current.fingerprint)

    def installed(self) -> list[InstalledEncoder]:
        """Return all encoders that this home can use, by name."""
        sources: Sequence[Encoder | Bundle] = self._given or bundles(self._database.home)
        with self._guard:
            return [self._keep(InstalledEncoder(source, self.cores, self._load)) for source in sources]

    def named(self, name: str) -> InstalledEncoder:
        """Return an installed encoder.

        Raises:
            NotFound: there is none of that name; the message lists those there are.
        """
        found = {encoder.name: encoder for encoder in self.installed()}
        if name not in found:
            raise NotFound(_not_installed(name, list(found)))
        return found[name]

    def check_setting(self, target: InstalledEncoder) -> None:
        """Make sure that the setting ``model`` doesn't want another encoder.

        Raises:
            InvalidValue: it does; after a switch no command would work.
        """
        wanted = self._settings.model
        if wanted and self.named(wanted).fingerprint != target.fingerprint:
            raise InvalidValue(
                f"the setting 'model' is {wanted}: remove it, or set it to {target.name}, then run the command again"
            )

    def _foresee(self, pending: PendingEncoder) -> None:
        """Load the encoder that is about to take over: the first query after the switch doesn't wait for it."""
        if self._foreseen == pending.fingerprint:
            return
        self._foreseen = pending.fingerprint
        for encoder in self.installed():
            if encoder.fingerprint == pending.fingerprint:
                threading.Thread(target=encoder.warm, name="edge-search-warm", daemon=True).start()

    def _keep(self, encoder: InstalledEncoder) -> InstalledEncoder:
        # One that was loaded before stays loaded; a renamed bundle has the fingerprint it had.
        known = self._known.get(encoder.fingerprint)
        if known is not None and known.name == encoder.name:
            return known
        self._known[encoder.fingerprint] = encoder
        return encoder

    def _load(self, bundle: Bundle, streams: int) -> Encoder:
        runtime, quick = self._settings.runtime, self._quick_start
        cache = CompiledCache(self._database.home.cache) if self._settings.compiled_cache else None
        return load_encoder(bundle, runtime, threads=self.cores, streams=streams, quick_start=quick, cache=cache)

    def _choose(self, chosen: ChosenEncoder | None, pending: PendingEncoder | None, *, empty: bool) -> InstalledEncoder:
        wanted = self.named(self._settings.model) if self._settings.model else None
        if chosen is None or (empty and wanted):
            return wanted or self._default()
        # While the catalog is on its way to the one that is wanted, it answers with the one it has.
        underway = wanted and pending and pending.fingerprint == wanted.fingerprint
        if wanted and wanted.fingerprint != chosen.fingerprint and not underway:
            raise _other_encoder(chosen, wanted.name)
        for encoder in self.installed():
            if encoder.fingerprint == chosen.fingerprint:
                return encoder
        if empty:
            return self._default()
        if self._given:
            raise _other_encoder(chosen, self._given[0].name)
        raise EncoderError(
            f"the catalog is encoded with {chosen.name} ({chosen.fingerprint}), which is not installed here; "
            f"put its bundle into {self._database.home.models}, or index into another home"
        )

    def _default(self) -> InstalledEncoder:
        return self.named(self._given[0].name if self._given else DEFAULT_MODEL)


def _not_installed(name: str, there_are: Sequence[str]) -> str:
    return f"model {name!r} is not installed; there is: {', '.join(there_are) or 'none'}"


def _other_encoder(stored: ChosenEncoder, name: str) -> EncoderError:
    return EncoderError(
        f"the catalog is encoded with {stored.name} ({stored.fingerprint}), not with {name}; two encoders can't share "
        f"a catalog: remove the setting 'model', then 'edge-search model use {name}' switches the catalog to it"
    )
