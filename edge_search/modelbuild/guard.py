"""Compares the quantized network with the FP32 one before a bundle may exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_search.errors import BundleError
from edge_search.modelbuild.calibration import Split

__all__ = ["judge", "recall"]

Encode = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

LARGEST_LOSS = 0.01
"""Recall the quantized network may lose against FP32."""
LARGEST_GAP = 0.015
"""Recall by which two runtimes of one bundle may differ."""
LEAST_COSINE = 0.98
"""Mean cosine of quantized and FP32 features, and of two runtimes' features."""


def recall(
    gallery: NDArray[np.float32],
    gallery_sku: NDArray[np.int64],
    queries: NDArray[np.float32],
    query_sku: NDArray[np.int64],
    k: int,
) -> float:
    """Recall@k by SKU; a SKU scores the largest cosine over its images. Features have length 1."""
    skus = np.unique(gallery_sku)
    cosines = queries @ gallery.T
    scores = np.stack([cosines[:, gallery_sku == sku].max(axis=1) for sku in skus], axis=1)
    own = scores[np.arange(len(queries)), np.searchsorted(skus, query_sku)]
    return float(((scores > own[:, None]).sum(axis=1) < k).mean())


def judge(split: Split, reference: Encode, runtimes: Mapping[str, Encode]) -> dict[str, Any]:
    """Measure each runtime's features against the FP32 ones; returns the report kept in the manifest.

    Raises BundleError naming the runtime whose recall or agreement is too low.
    """
    exact = _encode(split, reference)
    report: dict[str, Any] = {
        "queries": len(split.queries),
        "products": len(np.unique(split.gallery_sku)),
        "fp32": _recalls(split, exact),
    }
    found = {name: _encode(split, encode) for name, encode in runtimes.items()}
    for name, features in found.items():
        cosine = (np.concatenate(features) * np.concatenate(exact)).sum(axis=1)
        recalls = _recalls(split, features)
        report[name] = {
            **recalls,
            "cosine_mean": round(float(cosine.mean()), 4),
            "cosine_worst": round(float(cosine.min()), 4),
        }
        loss = max(report["fp32"][key] - recalls[key] for key in recalls)
        if loss > LARGEST_LOSS or cosine.mean() < LEAST_COSINE:
            raise BundleError(
                f"{name}: the INT8 network loses {loss:.3f} of recall, cosine with FP32 {cosine.mean():.3f}; "
                f"at most {LARGEST_LOSS} and at least {LEAST_COSINE} are allowed"
            )
    if len(found) == 2:
        (first, one), (second, other) = found.items()
        cosine = (np.concatenate(one) * np.concatenate(other)).sum(axis=1)
        gap = max(abs(report[first][key] - report[second][key]) for key in report["fp32"])
        report["runtimes"] = {
            "cosine_mean": round(float(cosine.mean()), 4),
            "cosine_worst": round(float(cosine.min()), 4),
            "recall_gap": round(gap, 4),
        }
        if gap > LARGEST_GAP or cosine.mean() < LEAST_COSINE:
            raise BundleError(
                f"{first} and {second} disagree: recall by {gap:.3f}, cosine {cosine.mean():.3f}; "
                "they can't share a fingerprint"
            )
    return report


def _encode(split: Split, encode: Encode) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return encode(split.gallery), encode(split.queries)


def _recalls(split: Split, features: tuple[NDArray[np.float32], NDArray[np.float32]]) -> dict[str, float]:
    gallery, queries = features
    return {f"recall@{k}": round(recall(gallery, split.gallery_sku, queries, split.query_sku, k), 4) for k in (1, 5)}
