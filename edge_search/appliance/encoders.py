"""Which encoder a home uses, loaded when first needed."""

from __future__ import annotations

import json
import threading

from edge_search.config import Settings
from edge_search.encoder.bundle import Bundle, default_bundle_root, find_bundles
from edge_search.encoder.compiled_cache import CompiledCache
from edge_search.encoder.cores import available_cores
from edge_search.encoder.encoder import Encoder, load_encoder
from edge_search.errors import EncoderError, NotFound
from edge_search.fitting.projection import Projection, identity
from edge_search.store import images, meta
from edge_search.store.database import Database
from edge_search.store.home import Home

__all__ = ["DEFAULT_MODEL", "Encoders", "bundles", "named_bundle"]

DEFAULT_MODEL = "efficientnet-lite2-int8"
_META_KEY = "encoder"


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
        raise NotFound(f"model {name!r} is not installed; there is: {', '.join(found) or 'none'}")
    return found[name]


class Encoders:
    """The catalog's encoder, twice: for queries (all cores on one photo) and for ingest (a photo a core)."""

    def __init__(
        self, database: Database, settings: Settings, given: Encoder | None = None, *, quick_start: bool = False
    ) -> None:
        self._database = database
        self._settings = settings
        self._given = given
        self._quick_start = quick_start
        self._guard = threading.RLock()
        self._bundle: Bundle | None = None
        self._loaded: dict[str, Encoder] = {}
        self.cores = settings.threads or available_cores()

    @property
    def fingerprint(self) -> str:
        """The encoder's fingerprint; loads no network."""
        return self._given.fingerprint if self._given else self._chosen().fingerprint

    @property
    def name(self) -> str:
        """The encoder's name; loads no network."""
        return self._given.name if self._given else self._chosen().name

    @property
    def plain(self) -> Projection:
        """The projection before anything is fitted: the bundle's fixed one, else the identity."""
        if self._given:
            fixed, dimension = self._given.projection, self._given.dimension
        else:
            fixed, dimension = self._chosen().load_projection(), self._chosen().dimension
        if fixed is None:
            return identity(dimension)
        return Projection("plain", fixed.matrix.shape[1], fixed.mean, fixed.matrix)

    @property
    def verdict(self) -> dict[str, float]:
        """Default verdict thresholds of this encoder; may be empty."""
        return dict(self._given.verdict if self._given else self._chosen().verdict)

    @property
    def query(self) -> Encoder:
        """The encoder for one photo at a time."""
        return self._load("query", threads=self.cores, streams=1)

    @property
    def ingest(self) -> Encoder:
        """The encoder for many photos at once, called from ``cores`` threads."""
        return self._load("ingest", threads=self.cores, streams=self.cores)

    def _load(self, use: str, *, threads: int, streams: int) -> Encoder:
        if self._given:
            return self._given
        with self._guard:
            if use not in self._loaded:
                self._loaded[use] = load_encoder(
                    self._chosen(),
                    self._settings.runtime,
                    threads=threads,
                    streams=streams,
                    quick_start=self._quick_start,
                    cache=CompiledCache(self._database.home.cache) if self._settings.compiled_cache else None,
                )
            return self._loaded[use]

    def settle(self) -> None:
        """Make this encoder the catalog's own, before the first photo is stored.

        Raises:
            EncoderError: the catalog is encoded with another one.
        """
        with self._database.write() as tables:
            stored = meta.get(tables, _META_KEY)
            mine = json.dumps({"name": self.name, "fingerprint": self.fingerprint})
            if stored == mine:
                return
            if stored is not None and images.count(tables) and json.loads(stored)["fingerprint"] != self.fingerprint:
                raise _other_encoder(json.loads(stored), self.name)
            meta.put(tables, _META_KEY, mine)

    def _chosen(self) -> Bundle:
        with self._guard:
            if self._bundle is None:
                self._bundle = self._choose()
            return self._bundle

    def _choose(self) -> Bundle:
        home = self._database.home
        with self._database.read() as tables:
            text = meta.get(tables, _META_KEY) if images.count(tables) else None
        wanted = named_bundle(home, self._settings.model) if self._settings.model else None
        if text is None:
            return wanted or named_bundle(home, DEFAULT_MODEL)
        stored = json.loads(text)
        if wanted is not None and wanted.fingerprint != stored["fingerprint"]:
            raise _other_encoder(stored, wanted.name)
        for bundle in [wanted] if wanted else bundles(home):
            if bundle.fingerprint == stored["fingerprint"]:
                return bundle
        raise EncoderError(
            f"the catalog is encoded with {stored['name']} ({stored['fingerprint']}), which is not installed here; "
            f"put its bundle into {home.models}, or index into another home"
        )


def _other_encoder(stored: dict[str, str], name: str) -> EncoderError:
    return EncoderError(
        f"the catalog is encoded with {stored['name']} ({stored['fingerprint']}), not with {name}; "
        "two encoders can't share a catalog: remove the setting 'model', or index into another home"
    )
