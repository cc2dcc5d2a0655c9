"""Whether a foreign network is an encoder at all, and where its features stop meaning "the same product"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_search.encoder.level import Level, join_levels
from edge_search.errors import BundleError, EncoderError
from edge_search.imaging.preprocess import preprocess
from edge_search.imaging.recipe import Recipe
from edge_search.imaging.simulate import simulate
from edge_search.modelbuild.probe import Probe
from edge_search.modelbuild.procedural import picture

__all__ = ["AGREEMENT", "Judged", "judge_import", "trial_pixels"]

AGREEMENT = 0.999
"""Cosine two runtimes must reach on every picture to share a bundle."""
_PICTURES, _PHOTOS = 16, 2
_SEED = 11
_SAME = 0.99999
"""Cosine from which two pictures count as not told apart."""
_REPEATS = 1e-4
"""Largest difference, relative to the largest number, between two runs on one picture."""


@dataclass(frozen=True)
class Judged:
    """The runtimes that agree, in the order given; what was found of each; default thresholds on the cosine."""

    features: Mapping[str, NDArray[np.float32]]
    report: dict[str, Any]
    verdict: dict[str, float]
    left_out: dict[str, str]


def trial_pixels(recipe: Recipe, canary: Image.Image) -> NDArray[np.uint8]:
    """Return uint8 (n, S, S, 3): the canary, then drawn pictures, each followed by simulated photos of it."""
    rows = [preprocess(canary, recipe)]
    for number in range(_PICTURES):
        rng = np.random.default_rng([_SEED, number])
        drawn = picture(rng)
        rows.append(preprocess(drawn, recipe))
        rows += [preprocess(simulate(drawn, rng), recipe) for _ in range(_PHOTOS)]
    return np.stack(rows)


def judge_import(probes: Sequence[Probe], levels: Sequence[Level]) -> Judged:
    """Check what each runtime put out for `trial_pixels`; the first probe is the reference for the others.

    Raises BundleError when a network is no encoder: numbers that are not finite, another answer to the same
    picture, one answer to all pictures. A runtime that disagrees with the first is left out.
    """
    features: dict[str, NDArray[np.float32]] = {}
    report: dict[str, Any] = {"pictures": len(probes[0].outputs)}
    left_out: dict[str, str] = {}
    for probe in probes:
        found = _features(probe, levels)
        if features:
            cosine = (found * next(iter(features.values()))).sum(axis=1)
            if not cosine.min() >= AGREEMENT:
                first = next(iter(features))
                left_out[probe.runtime] = f"cosine with {first} only {cosine.min():.4f}, {AGREEMENT} is needed"
                continue
            report["cosine_worst"] = round(float(cosine.min()), 6)
        features[probe.runtime] = found
        report[probe.runtime] = {
            "version": probe.version,
            "p50_ms": probe.p50_ms,
            "load_s": probe.load_s,
            "resident_mb": probe.resident_mb,
            "peak_mb": probe.peak_mb,
        }
    same, other = _cosines(next(iter(features.values())))
    report["cosine_same"] = round(float(np.median(same)), 4)
    report["cosine_other"] = round(float(np.median(other)), 4)
    return Judged(features, report, _verdict(same, other), left_out)


def _features(probe: Probe, levels: Sequence[Level]) -> NDArray[np.float32]:
    raw = np.asarray(probe.outputs, np.float32)
    if not np.isfinite(raw).all():
        raise BundleError(
            f"the network puts out numbers that are not finite on {probe.runtime}; its weights are damaged"
        )
    if probe.repeats > _REPEATS * max(float(np.abs(raw).max()), 1e-12):
        raise BundleError(
            f"the network answers the same picture differently each time on {probe.runtime}; export it for inference"
        )
    try:
        features = join_levels(raw, levels)
    except EncoderError as error:
        raise BundleError("the network puts out only zeros for some picture; another --output may be meant") from error
    cosines = features @ features.T
    np.fill_diagonal(cosines, -1)
    if cosines[0].min() > _SAME or (cosines.max(axis=1) > _SAME).all():
        raise BundleError(
            f"the network gives the same feature for different pictures on {probe.runtime} "
            f"(cosine {np.median(cosines[0][1:]):.6f}); another --output, --mean or --std may be meant"
        )
    return features


def _cosines(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Of photos with the picture they show, and with the most alike of the other pictures."""
    rows = features[1:].reshape(_PICTURES, 1 + _PHOTOS, -1)
    gallery, photos = rows[:, 0], rows[:, 1:].reshape(_PICTURES * _PHOTOS, -1)
    cosines = photos @ gallery.T
    own = np.repeat(np.arange(_PICTURES), _PHOTOS)
    same = cosines[np.arange(len(own)), own]
    cosines[np.arange(len(own)), own] = -1
    return same, cosines.max(axis=1)


def _verdict(same: NDArray[np.float32], other: NDArray[np.float32]) -> dict[str, float]:
    """Thresholds until a catalog has a calibration, by the spread that cosines have in this encoder.

    For the shipped encoder the rule gives .79 and .54; .80 and .52 were found for it on photos of products.
    """
    maybe = min(float(np.quantile(other, 0.1)), 0.98)
    match = min(max(float(np.quantile(same, 0.9)), float(other.max()), maybe + 0.01), 0.999)
    return {"match": round(match, 3), "maybe": round(maybe, 3), "margin": round((match - maybe) / 5, 3)}
