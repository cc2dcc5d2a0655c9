"""Images -> features, whatever executes the network."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.canary import check_canary
from edge_search.encoder.compiled_cache import CompiledCache
from edge_search.encoder.cores import available_cores
from edge_search.encoder.level import Level, join_levels
from edge_search.encoder.plain_projection import PlainProjection
from edge_search.encoder.runtime import Runtime, RuntimeChoice, load_runtime
from edge_search.errors import EncoderError, InvalidValue
from edge_search.imaging.recipe import Recipe
from edge_search.imaging.views import views

__all__ = ["Encoder", "load_encoder"]

_log = logging.getLogger("edge_search")


class Encoder:
    """Turns pictures into features; thread-safe.

    ``fingerprint`` names weights, recipe and levels: features of two fingerprints never meet in one index.
    ``projection`` is the bundle's fixed plain projection, None for the identity. ``verdict`` are default
    thresholds on the cosine of two vectors.
    """

    def __init__(
        self,
        *,
        name: str,
        fingerprint: str,
        recipe: Recipe,
        levels: Sequence[Level],
        runtime: Runtime,
        projection: PlainProjection | None = None,
        verdict: Mapping[str, float] | None = None,
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.recipe = recipe
        self.levels = tuple(levels)
        self.runtime = runtime
        self.projection = projection
        self.verdict = dict(verdict or {})
        self.dimension = sum(level.channels for level in self.levels)

    def encode(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Decoded RGB pictures -> features float32 (n, dimension) of length 1; EncoderError."""
        rows = [self.encode_views(views(image, self.recipe)) for image in images]
        return np.stack(rows) if rows else np.zeros((0, self.dimension), np.float32)

    def encode_views(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Views of one picture, uint8 (v, side, side, 3) -> its feature float32 (dimension,) of length 1."""
        found = self.encode_array(pixels)
        if len(found) == 1:
            return np.asarray(found[0], np.float32)
        mean = found.mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12), np.float32)

    def encode_array(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Preprocessed pixels uint8 (n, side, side, 3) -> features float32 (n, dimension) of length 1.

        For callers that decode and preprocess in threads of their own. Raises InvalidValue for another
        shape or dtype, EncoderError when a feature is not finite.
        """
        side = self.recipe.side
        if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[1:] != (side, side, 3):
            raise InvalidValue(f"pixels must be uint8 (n, {side}, {side}, 3), not {batch.dtype} {batch.shape}")
        if len(batch) == 0:
            return np.zeros((0, self.dimension), np.float32)
        raw = self.runtime.run(batch)
        if raw.shape != (len(batch), self.dimension):
            raise EncoderError(f"{self.name} put out {raw.shape}, its manifest says (n, {self.dimension})")
        return join_levels(raw, self.levels)


def load_encoder(
    bundle: Bundle,
    runtime: RuntimeChoice = "auto",
    threads: int = 0,
    streams: int = 1,
    *,
    quick_start: bool = False,
    cache: CompiledCache | None = None,
) -> Encoder:
    """Load a bundle and prove it with its canary.

    ``threads`` 0 takes all cores this process may use. ``streams`` is the number of threads that will call
    `Encoder.encode_array` at the same time (1 for queries, 2 for ingest). ``quick_start`` lets ``auto`` take the
    runtime that is ready first, for a process that answers once. ``cache`` keeps what OpenVINO compiled; the
    canary checks each network that comes from it. Raises RuntimeUnavailable when no
    runtime loads the network and answers the canary, BundleError for a damaged bundle.
    """
    threads = threads or available_cores()

    def build(loaded: Runtime) -> Encoder:
        return Encoder(
            name=bundle.name,
            fingerprint=bundle.fingerprint,
            recipe=bundle.recipe,
            levels=bundle.levels,
            runtime=loaded,
            projection=bundle.load_projection(),
            verdict=bundle.verdict,
        )

    def check(loaded: Runtime) -> None:
        check_canary(bundle, loaded.name, build(loaded).encode)

    loaded = load_runtime(bundle, runtime, threads, streams, check, quick_start=quick_start, cache=cache)
    # Not for everybody: a server that is refused its port must say that alone.
    _log.debug("%s runs on %s %s, %d threads", bundle.name, loaded.name, loaded.version, threads)
    return build(loaded)
