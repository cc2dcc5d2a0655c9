"""An installed encoder: one that this home can use, loaded when first needed."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.encoder import Encoder
from edge_search.errors import EdgeSearchError
from edge_search.fitting.projection import Projection, identity

__all__ = ["InstalledEncoder"]


class InstalledEncoder:
    """One encoder, twice: for queries (all cores on one photo) and for ingest (a photo a core).

    Of a photo with several views each has cores of its own: so two views on 2 cores take the time of one and a bit,
    and clients at the same time don't wait for each other's threads at every layer.
    """

    def __init__(self, source: Bundle | Encoder, cores: int, load: Callable[[Bundle, int], Encoder]) -> None:
        """Take a bundle, or an encoder that is loaded already; ``load`` gets a bundle and the calling threads."""
        self._source = source
        self._cores = cores
        self._load = load
        self._guard = threading.Lock()
        self._loaded: dict[int, Encoder] = {}
        self._streams = min(cores, len(source.recipe.views))
        self.name = source.name
        self.fingerprint = source.fingerprint
        self.dimension = source.dimension
        self.verdict = dict(source.verdict)

    @property
    def bundle(self) -> Bundle | None:
        """Its folder, if it comes from one."""
        return self._source if isinstance(self._source, Bundle) else None

    @property
    def loaded(self) -> bool:
        """Whether this process has it loaded for queries."""
        return isinstance(self._source, Encoder) or self._streams in self._loaded

    @property
    def plain(self) -> Projection:
        """The projection before anything is fitted: the bundle's fixed one, else the identity."""
        fixed = self._source.load_projection() if isinstance(self._source, Bundle) else self._source.projection
        if fixed is None:
            return identity(self.dimension)
        return Projection("plain", fixed.matrix.shape[1], fixed.mean, fixed.matrix)

    @property
    def query(self) -> Encoder:
        """The encoder for one photo at a time."""
        return self._for(self._streams)

    @property
    def ingest(self) -> Encoder:
        """The encoder for many photos at once, called from as many threads as there are cores."""
        return self._for(self._cores)

    def warm(self) -> None:
        """Load it for queries, if that can be done."""
        with contextlib.suppress(EdgeSearchError):  # whoever needs it will hear what is wrong
            self._for(self._streams)

    def _for(self, streams: int) -> Encoder:
        if isinstance(self._source, Encoder):
            return self._source
        with self._guard:
            if streams not in self._loaded:
                self._loaded[streams] = self._load(self._source, streams)
            return self._loaded[streams]
