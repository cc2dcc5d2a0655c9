"""Compares the quantized network with the FP32 one before a bundle may exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_search.modelbuild.calibration import Split

__all__ = ["Examined", "Guard", "recall"]

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


class Guard:
    """Holds the FP32 features of a split and measures others against them.

    ``report`` says by what is judged: products, queries, where the pictures are from, and FP32's own recall.
    """

    def __init__(self, split: Split, reference: Encode) -> None:
        self._split = split
        self._exact = _encode(split, reference)
        self._recalls = _recalls(split, self._exact)
        self.report: dict[str, Any] = {
            "pictures": split.source,
            "queries": len(split.queries),
            "products": len(np.unique(split.gallery_sku)),
            "fp32": self._recalls,
        }

    def examine(self, encode: Encode) -> Examined:
        """Measure one network on one runtime against FP32."""
        features = _encode(self._split, encode)
        cosine = (np.concatenate(features) * np.concatenate(self._exact)).sum(axis=1)
        recalls = _recalls(self._split, features)
        report = {**recalls, **_agreement(cosine)}
        loss = max(self._recalls[key] - recalls[key] for key in recalls)
        fault = None
        if loss > LARGEST_LOSS or not cosine.mean() >= LEAST_COSINE:
            fault = (
                f"loses {loss:.3f} of recall, cosine with FP32 {cosine.mean():.3f}; "
                f"at most {LARGEST_LOSS} and at least {LEAST_COSINE} are allowed"
            )
        return Examined(features, report, fault)

    def broken(self, reason: str) -> Examined:
        """The finding for a network that puts out nothing usable."""
        zeros = tuple(np.zeros_like(part) for part in self._exact)
        return Examined((zeros[0], zeros[1]), dict.fromkeys(self._recalls, 0.0), reason)

    def compare(self, one: Examined, other: Examined) -> tuple[dict[str, Any], str | None]:
        """Measure two runtimes of one bundle against each other; the report, and the fault if there is one."""
        cosine = (np.concatenate(one.features) * np.concatenate(other.features)).sum(axis=1)
        gap = max(abs(one.report[key] - other.report[key]) for key in self._recalls)
        report = {**_agreement(cosine), "recall_gap": round(gap, 4)}
        if gap > LARGEST_GAP or not cosine.mean() >= LEAST_COSINE:
            return report, f"recall differs by {gap:.3f}, cosine {cosine.mean():.3f}: they can't share a fingerprint"
        return report, None


@dataclass(frozen=True)
class Examined:
    """Features of gallery and queries, the figures, and in words why they won't do (None: they do)."""

    features: tuple[NDArray[np.float32], NDArray[np.float32]]
    report: dict[str, Any]
    fault: str | None


def _agreement(cosine: NDArray[np.float32]) -> dict[str, float]:
    return {"cosine_mean": round(float(cosine.mean()), 4), "cosine_worst": round(float(cosine.min()), 4)}


def _encode(split: Split, encode: Encode) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return encode(split.gallery), encode(split.queries)


def _recalls(split: Split, features: tuple[NDArray[np.float32], NDArray[np.float32]]) -> dict[str, float]:
    gallery, queries = features
    return {f"recall@{k}": round(recall(gallery, split.gallery_sku, queries, split.query_sku, k), 4) for k in (1, 5)}
