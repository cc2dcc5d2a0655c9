"""One known photo with its known feature: proves decoding, preprocessing, weights and runtime at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_search.encoder.bundle import Bundle
from edge_search.errors import BundleError, EdgeSearchError, RuntimeUnavailable
from edge_search.imaging.decode import decode

__all__ = ["AGREEMENT", "check_canary"]

AGREEMENT = 0.999
"""Cosine that the canary's feature must reach; a damaged model cache or weight stays far below."""


def check_canary(bundle: Bundle, runtime: str, encode: Callable[[Sequence[Image.Image]], NDArray[np.float32]]) -> float:
    """Encode the bundle's canary on ``runtime``; return the cosine with the feature stored for it.

    Raises BundleError when the canary's own files can't be used, RuntimeUnavailable when the cosine is
    under 0.999.
    """
    try:
        expected = np.load(bundle.path / bundle.network(runtime).canary.name, allow_pickle=False)
        image = decode((bundle.path / bundle.canary_photo.name).read_bytes())
    except (OSError, ValueError, EdgeSearchError) as error:
        raise BundleError(f"the canary of {bundle.path} can't be read: {error}") from error
    if expected.shape != (bundle.dimension,):
        raise BundleError(f"the canary of {bundle.path} has {expected.shape} numbers, not {bundle.dimension}")
    found = encode([image])[0]
    length = np.linalg.norm(found) * np.linalg.norm(expected)
    cosine = float(found @ expected / length) if length > 0 else 0.0
    if not cosine >= AGREEMENT:
        raise RuntimeUnavailable(
            f"{bundle.name} answers its canary with cosine {cosine:.4f}, under {AGREEMENT}; run model verify"
        )
    return cosine
