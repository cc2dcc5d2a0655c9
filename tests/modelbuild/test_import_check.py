"""What tells an encoder from something else, and the thresholds that come of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.encoder import load_encoder
from edge_search.encoder.level import Level
from edge_search.errors import BundleError
from edge_search.imaging.decode import decode
from edge_search.modelbuild.import_check import judge_import, trial_pixels
from edge_search.modelbuild.probe import Probe

LITE2 = Path(__file__).resolve().parents[2] / "models" / "efficientnet-lite2-int8"
COUNT, DIMENSION = 49, 24
LEVELS = (Level("output", DIMENSION, "none"),)


def outputs(seed: int = 0) -> NDArray[np.float32]:
    """Sixteen pictures and two photos of each, and a canary before them."""
    rng = np.random.default_rng(seed)
    pictures = np.repeat(rng.standard_normal((16, DIMENSION)), 3, axis=0)
    rows = pictures + 0.4 * rng.standard_normal(pictures.shape)
    return np.concatenate([rng.standard_normal((1, DIMENSION)), rows]).astype(np.float32)


def probe(rows: NDArray[np.float32], runtime: str = "onnxruntime", repeats: float = 0.0) -> Probe:
    return Probe(runtime, "1", rows, 0.1, 2.0, 100.0, 120.0, repeats)


def test_a_good_encoder_gets_a_report_and_thresholds() -> None:
    judged = judge_import([probe(outputs()), probe(outputs() * 1.0001, "openvino")], LEVELS)
    assert list(judged.features) == ["onnxruntime", "openvino"]
    assert judged.left_out == {}
    assert judged.report["cosine_worst"] == 1.0
    assert judged.report["cosine_same"] > judged.report["cosine_other"]
    assert 0 < judged.verdict["maybe"] < judged.verdict["match"] < 1
    assert np.linalg.norm(judged.features["openvino"], axis=1) == pytest.approx(1)


def test_a_runtime_that_disagrees_on_one_picture_is_left_out() -> None:
    other = outputs()
    other[30] += 0.5
    judged = judge_import([probe(outputs()), probe(other, "openvino")], LEVELS)
    assert list(judged.features) == ["onnxruntime"]
    assert judged.left_out["openvino"].startswith("cosine with onnxruntime only 0.")
    assert "openvino" not in judged.report


def holed() -> NDArray[np.float32]:
    rows = outputs()
    rows[7, 3] = np.nan
    return rows


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (probe(np.ones((COUNT, DIMENSION), np.float32)), "gives the same feature for different pictures"),
        (probe(outputs()[:1].repeat(COUNT, axis=0) * 3), "gives the same feature for different pictures"),
        (probe(np.zeros((COUNT, DIMENSION), np.float32)), "puts out only zeros"),
        (probe(holed()), "numbers that are not finite on onnxruntime; its weights are damaged"),
        (replace(probe(outputs()), repeats=0.1), "answers the same picture differently each time"),
    ],
)
def test_what_is_no_encoder_is_named(found: Probe, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        judge_import([found], LEVELS)


def test_the_thresholds_are_near_those_that_were_measured_for_the_shipped_encoder() -> None:
    bundle = Bundle.open(LITE2)
    pixels = trial_pixels(bundle.recipe, decode((LITE2 / "canary.jpg").read_bytes()))
    assert pixels.shape == (COUNT, bundle.recipe.side, bundle.recipe.side, 3)
    encoder = load_encoder(bundle, "onnxruntime")
    judged = judge_import([probe(encoder.runtime.run(pixels))], bundle.levels)
    for name in ("match", "maybe", "margin"):
        # The trial looks at one view a picture, the shipped encoder at two.
        assert judged.verdict[name] == pytest.approx(bundle.verdict[name], abs=0.08), name
