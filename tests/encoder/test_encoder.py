"""The shipped encoder on both runtimes: goldens, canary, threads, fall-back."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.cores import available_cores
from edge_search.encoder.encoder import Encoder, load_encoder
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.encoder.manifest import hash_file
from edge_search.encoder.runtime import RuntimeChoice
from edge_search.errors import EncoderError, InvalidValue, RuntimeUnavailable
from edge_search.imaging.recipe import Recipe

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED = REPOSITORY / "models" / "efficientnet-lite2-int8"
RUNTIMES: tuple[RuntimeChoice, ...] = ("openvino", "onnxruntime")


@pytest.fixture(scope="module", params=RUNTIMES)
def shipped(request: pytest.FixtureRequest) -> Encoder:
    return load_encoder(Bundle.open(SHIPPED), request.param, threads=2, streams=2)


@pytest.fixture(scope="module")
def golden() -> dict[str, NDArray[Any]]:
    with np.load(REPOSITORY / "tests" / "data" / "lite2_int8_golden.npz") as file:
        return dict(file)


def photo(seed: int) -> Image.Image:
    """As in packaging/goldens/lite2_int8.py."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:360, :420].astype(np.float64)
    values = rng.uniform(0, 255, 3) + (x[..., None] - 210) * rng.uniform(-0.4, 0.4, 3)
    for _ in range(40):
        cx, cy, radius = rng.uniform(0, 420), rng.uniform(0, 360), rng.uniform(6, 90)
        inside = (x - cx) ** 2 + (y - cy) ** 2 < radius**2
        values[inside] = rng.uniform(0, 255, 3)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def cosines(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    one, other = one.astype(np.float64), other.astype(np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / lengths)


def test_features_are_the_golden_ones(shipped: Encoder, golden: dict[str, NDArray[Any]]) -> None:
    features = shipped.encode([photo(int(seed)) for seed in golden["seeds"]])
    assert features.dtype == np.float32
    assert features.shape == (len(golden["seeds"]), shipped.dimension)
    assert np.allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)
    assert cosines(features, golden[shipped.runtime.name]).min() >= 0.999


def test_the_golden_would_notice_another_preprocessing(shipped: Encoder, golden: dict[str, NDArray[Any]]) -> None:
    photos = [photo(int(seed)) for seed in golden["seeds"]]
    for recipe in (Recipe(320, 1.0, "bicubic"), Recipe(320, 0.875, "bilinear")):
        other = Encoder(
            name="other", fingerprint="0" * 16, recipe=recipe, levels=shipped.levels, runtime=shipped.runtime
        )
        assert cosines(other.encode(photos), golden[shipped.runtime.name]).min() < 0.999
    swapped = [Image.merge("RGB", image.split()[::-1]) for image in photos]
    assert cosines(shipped.encode(swapped), golden[shipped.runtime.name]).max() < 0.995


def test_runtimes_agree(golden: dict[str, NDArray[Any]]) -> None:
    assert cosines(golden["openvino"], golden["onnxruntime"]).min() > 0.99


def test_results_do_not_depend_on_the_batch(shipped: Encoder) -> None:
    photos = [photo(seed) for seed in range(3)]
    together = shipped.encode(photos)
    alone = np.concatenate([shipped.encode([image]) for image in photos])
    assert np.array_equal(together, alone)
    assert shipped.encode([]).shape == (0, shipped.dimension)


def test_eight_threads_get_what_one_gets(shipped: Encoder) -> None:
    photos = [photo(seed) for seed in range(8)]
    serial = shipped.encode(photos)
    with ThreadPoolExecutor(8) as pool:
        rounds = [list(pool.map(lambda image: shipped.encode([image])[0], photos)) for _ in range(3)]
    for features in rounds:
        assert cosines(np.stack(features), serial).min() > 0.99999


def test_pixels_of_another_shape_or_dtype_are_refused(shipped: Encoder) -> None:
    for pixels in (np.zeros((1, 64, 64, 3), np.uint8), np.zeros((1, 320, 320, 3), np.float32)):
        with pytest.raises(InvalidValue, match="pixels must be uint8"):
            shipped.encode_array(pixels)  # type: ignore[arg-type]


def broken(tmp_path: Path, *, repair_manifest: bool) -> Bundle:
    """A copy whose weights are damaged in the middle."""
    folder = tmp_path / "bundle"
    shutil.copytree(SHIPPED, folder)
    network = folder / "network.onnx"
    data = bytearray(network.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200_000] = np.random.default_rng(0).bytes(200_000)
    network.write_bytes(data)
    if repair_manifest:  # someone built it wrong: hashes agree, features don't
        document = json.loads((folder / "manifest.json").read_text())
        for entry in document["networks"]:
            entry["files"][0]["sha256"] = hash_file(network)
        (folder / "manifest.json").write_text(json.dumps(document))
    return Bundle.open(folder)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_canary_refuses_other_weights(tmp_path: Path, runtime: RuntimeChoice) -> None:
    with pytest.raises(RuntimeUnavailable):
        load_encoder(broken(tmp_path, repair_manifest=True), runtime, threads=2)


def test_auto_says_why_nothing_runs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RuntimeUnavailable, match="no runtime can execute") as refused:
        load_encoder(broken(tmp_path, repair_manifest=False), threads=2)
    assert "\n" not in str(refused.value)
    assert "trying the next runtime" in caplog.text


def test_auto_falls_back_when_openvino_is_missing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    encoder = load_encoder(Bundle.open(SHIPPED), "auto", threads=2)
    assert encoder.runtime.name == "onnxruntime"
    assert "openvino can't run" in caplog.text
    with pytest.raises(RuntimeUnavailable, match="can't be imported"):
        load_encoder(Bundle.open(SHIPPED), "openvino", threads=2)


def test_auto_takes_openvino_first_on_all_cores() -> None:
    encoder = load_encoder(Bundle.open(SHIPPED))
    assert encoder.runtime.name == "openvino"
    assert encoder.runtime.threads == available_cores()
    assert encoder.runtime.precision == "int8"
    assert encoder.fingerprint == Bundle.open(SHIPPED).fingerprint


def test_unknown_runtimes_and_thread_counts_are_refused() -> None:
    bundle = Bundle.open(SHIPPED)
    with pytest.raises(InvalidValue, match="unknown runtime 'tpu'"):
        load_encoder(bundle, "tpu")  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match="at least 1"):
        load_encoder(bundle, threads=-1)


class _Nan:
    name, version, precision, threads = "nan", "1", "fp32", 1

    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.full((len(batch), 64), np.nan, np.float32)


class _Short(_Nan):
    def run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.ones((len(batch), 63), np.float32)


def test_features_that_are_not_finite_or_too_short_never_leave() -> None:
    fake = FakeEncoder()
    for runtime, message in ((_Nan(), "not finite"), (_Short(), "put out")):
        encoder = Encoder(name="bad", fingerprint="0" * 16, recipe=fake.recipe, levels=fake.levels, runtime=runtime)
        with pytest.raises(EncoderError, match=message):
            encoder.encode([photo(0)])


def test_the_fake_is_deterministic_and_sees_likeness() -> None:
    fake = FakeEncoder()
    one, same, other = fake.encode([photo(0), photo(0).resize((210, 180)), photo(1)])
    assert one @ same > 0.99
    assert one @ same > one @ other
    assert np.array_equal(fake.encode([photo(0)])[0], one)
    assert fake.encode([Image.new("RGB", (80, 80), (128, 128, 128))]).shape == (1, fake.dimension)


def test_pictures_side_by_side_are_as_one_after_the_other(shipped: Encoder) -> None:
    rng = np.random.default_rng(4)
    pictures = rng.integers(0, 256, (5, shipped.recipe.side, shipped.recipe.side, 3), np.uint8)
    together = shipped.encode_array(pictures)
    alone = np.concatenate([shipped.encode_array(pictures[n : n + 1]) for n in range(5)])
    assert cosines(together, alone).min() > 0.99999
    assert abs(cosines(together, alone[::-1])[0]) < 0.999, "they can be told apart"


def test_a_picture_that_fails_leaves_no_request_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load_encoder(Bundle.open(SHIPPED), "openvino", threads=2, streams=2)
    good = np.zeros((2, loaded.recipe.side, loaded.recipe.side, 3), np.uint8)
    expected = loaded.runtime.run(good)
    with pytest.raises(EncoderError):
        loaded.runtime.run(np.zeros((2, 7, 7, 3), np.uint8))
    assert np.allclose(loaded.runtime.run(good), expected)
