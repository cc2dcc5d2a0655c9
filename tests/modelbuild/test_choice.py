"""Which network a runtime gets: measured, judged, with steps back to FP32 where a layer quantizes badly."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_search.encoder.level import Level, join_levels
from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.encoder.runtime import RUNTIMES, Runtime
from edge_search.imaging.recipe import Recipe
from edge_search.modelbuild.calibration import Split, calibration_pictures, drawn_split
from edge_search.modelbuild.efficientnet import network
from edge_search.modelbuild.recipe_file import find_recipe

onnx = pytest.importorskip("onnx", reason="needs the build extra")

SIDE = 64
MEAN, STD = [123.7, 116.3, 103.5], [58.4, 57.1, 57.4]
B0 = replace(
    find_recipe("efficientnet-lite2"),
    name="small-b0-int8",
    architecture="efficientnet-b0",
    recipe=Recipe(SIDE, 0.9, "bicubic"),
    levels=(Level("head", 1280), Level("stage7", 320, "gem", 0.7)),
)
SHIPPED = Path(__file__).resolve().parents[2] / "models" / "efficientnet-lite2-int8" / "network.onnx"
LITE2 = replace(find_recipe("efficientnet-lite2"), recipe=Recipe(128, 0.9, "bicubic"))
WEAK, VICTIM = "blocks.0.project", "blocks.1.expand"  # nothing else reads what lies between them


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    return calibration_pictures(B0.recipe, 24)


@pytest.fixture(scope="module")
def split() -> Split:
    whole = drawn_split(B0.recipe)
    return replace(whole, queries=whole.queries[:96], query_sku=whole.query_sku[:96])


@pytest.fixture(scope="module")
def graph() -> Any:
    """B0 at 64 px with weights from a seed: squeeze-and-excite, SiLU and residual sums as in B4."""
    from edge_search.modelbuild.checkpoint import Folded
    from edge_search.modelbuild.onnx_graph import build_graph

    rng = np.random.default_rng(5)
    layers = network("efficientnet-b0")
    folded = {}
    for conv in layers.convs():
        deviation = np.sqrt((2 if conv.activation else 4) / np.prod(conv.weight_shape[1:]))
        weight = (rng.standard_normal(conv.weight_shape) * deviation).astype(np.float32)
        folded[conv.name] = Folded(weight, rng.uniform(-0.2, 0.2, conv.outputs).astype(np.float32))
    return build_graph(layers, folded, side=SIDE, mean=MEAN, std=STD, levels=B0.levels, padding="symmetric")


@pytest.fixture(scope="module")
def trained() -> Any:
    """A trained network in FP32, from the bytes of the shipped one: only trained features can lose recall."""
    from edge_search.modelbuild.checkpoint import Folded
    from edge_search.modelbuild.onnx_graph import build_graph

    value = {entry.name: onnx.numpy_helper.to_array(entry) for entry in onnx.load(str(SHIPPED)).graph.initializer}

    def real(name: str) -> NDArray[np.float32]:
        scale = value[f"{name}_quantized_scale" if name.endswith("bias") else f"{name}_scale"]
        whole = value[f"{name}_quantized"]
        return np.asarray(whole * scale.reshape(-1, *[1] * (whole.ndim - 1)), np.float32)

    layers = network("efficientnet-lite2")
    folded = {conv.name: Folded(real(f"{conv.name}.weight"), real(f"{conv.name}.bias")) for conv in layers.convs()}
    mean, std, side = LITE2.mean, LITE2.std, LITE2.recipe.side
    return build_graph(layers, folded, side=side, mean=mean, std=std, levels=LITE2.levels, padding="same")


@pytest.fixture(scope="module")
def judged_by() -> Split:
    """The rendered sample catalog, half of its simulated photos."""
    from edge_search.modelbuild.calibration import catalog_photos, catalog_split

    photos = catalog_photos(SHIPPED.parents[2] / "catalog")
    whole = catalog_split(LITE2.recipe, photos, hold_out=False, source="the sample")
    return replace(whole, queries=whole.queries[::2], query_sku=whole.query_sku[::2])


@pytest.fixture(scope="module")
def methods(graph: Any, pictures: NDArray[np.uint8]) -> dict[str, Any]:
    return both_methods(graph, pictures)


def both_methods(graph: Any, pictures: NDArray[np.uint8]) -> dict[str, Any]:
    pytest.importorskip("nncf", reason="needs the build extra")
    from edge_search.modelbuild.nncf_quantize import quantize_nncf
    from edge_search.modelbuild.quantize import quantize

    return {
        "qdq": lambda keep: quantize(graph, pictures, MEAN, STD, keep),
        "nncf": lambda keep: quantize_nncf(graph, pictures, keep),
    }


def features(runtime: Any, model: Any, file: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    onnx.save(model, str(file))
    opened: Runtime = runtime(file, "int8", 2)
    return join_levels(opened.run(pixels), B0.levels)


def test_a_step_back_by_what_was_seen_before_gives_the_same_network(graph: Any, pictures: NDArray[np.uint8]) -> None:
    pytest.importorskip("onnxruntime.quantization", reason="needs the build extra")
    from edge_search.modelbuild.observed import observe
    from edge_search.modelbuild.quantize import quantize

    few = pictures[:2]
    kept = [next(node.name for node in graph.graph.node if node.op_type == "Conv")]
    looked = quantize(graph, few, MEAN, STD, kept)
    remembered = quantize(graph, few, MEAN, STD, kept, observe(graph, few))
    of_others = quantize(graph, few, MEAN, STD, kept, observe(graph, few[:1]))
    assert remembered.SerializeToString() == looked.SerializeToString()
    assert of_others.SerializeToString() != looked.SerializeToString()


@pytest.mark.parametrize("method", ["qdq", "nncf"])
def test_silu_and_squeeze_networks_quantize_closely_and_reproducibly(
    tmp_path: Path, graph: Any, methods: dict[str, Any], pictures: NDArray[np.uint8], method: str
) -> None:
    others = logging.NullHandler()  # of a program that reads NNCF's log, as pytest does
    logging.getLogger("nncf").addHandler(others)
    quantized = methods[method](())
    assert quantized.SerializeToString() == methods[method](()).SerializeToString()
    logging.getLogger("nncf").removeHandler(others)
    assert others.level == logging.NOTSET
    assert quantized.ByteSize() < 0.5 * graph.ByteSize()
    pixels = calibration_pictures(B0.recipe, 40)[24:]
    exact = features(OnnxRuntime, graph, tmp_path / "fp32.onnx", pixels)
    for runtime in (OnnxRuntime, OpenVinoRuntime):
        found = features(runtime, quantized, tmp_path / f"{method}.onnx", pixels)
        # the median: a network that never learnt what a photo is multiplies what one odd picture shows
        assert np.median((found * exact).sum(axis=1)) > 0.97


def test_dense_weights_take_seven_bits_in_both_forms(methods: dict[str, Any]) -> None:
    """Products of bytes are added in 16 bits on CPUs without VNNI."""
    for method in methods.values():
        found = 0
        for entry in method(()).graph.initializer:
            value = onnx.numpy_helper.to_array(entry)
            if value.dtype == np.int8 and value.ndim == 4 and value.shape[1] > 1:
                found += 1
                assert np.abs(value.astype(int)).max() <= 64, entry.name
        assert found >= 30


def spoil(graph: Any) -> Any:
    """The same function, but one channel between two convolutions is 3,000 times as loud as the others."""
    spoilt = onnx.ModelProto()
    spoilt.CopyFrom(graph)
    entries = {entry.name: entry for entry in spoilt.graph.initializer}

    def scale(name: str, part: Any, factor: float) -> None:
        value = onnx.numpy_helper.to_array(entries[name]).copy()
        value[part] *= factor
        entries[name].CopyFrom(onnx.numpy_helper.from_array(value, name))

    scale(f"{WEAK}.weight", 3, 3000.0)
    scale(f"{WEAK}.bias", 3, 3000.0)
    scale(f"{VICTIM}.weight", np.s_[:, 3], 1 / 3000)
    return spoilt


def fixed_pace(monkeypatch: pytest.MonkeyPatch, **fastest: str) -> None:
    """Times as a quiet machine would give them: each runtime has its fastest method, FP32 is the slowest."""
    from edge_search.modelbuild import choice

    def paced(runs: Any, **_: Any) -> dict[str, NDArray[np.float64]]:
        found = {}
        for run in runs:
            runtime, _, name = run.partition(" ")
            found[run] = np.array([9.0 if name == "fp32" else 3.0 if fastest[runtime] == name else 6.0])
        return found

    monkeypatch.setattr(choice, "pace", paced)


def lite2_methods(graph: Any) -> dict[str, Any]:
    from edge_search.modelbuild.quantize import quantize

    drawn = calibration_pictures(LITE2.recipe, 16)
    return {"qdq": lambda keep: quantize(graph, drawn, LITE2.mean, LITE2.std, keep)}


def test_each_runtime_gets_the_file_that_is_fastest_on_it(
    tmp_path: Path, trained: Any, judged_by: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_search.modelbuild.choice import choose

    fixed_pace(monkeypatch, openvino="other", onnxruntime="qdq")
    methods = lite2_methods(trained)
    methods["other"] = methods["qdq"]
    choice = choose(trained, LITE2, methods, judged_by, tmp_path, lambda _: None)
    assert choice.precision == "int8"
    assert {name: network.method for name, network in choice.networks.items()} == {
        "openvino": "other",
        "onnxruntime": "qdq",
    }
    assert choice.report["choice"]["openvino"]["ms"] == {"fp32": 9.0, "qdq": 6.0, "other": 3.0}
    assert choice.report["steps_back"] == []
    assert choice.report["fp32"]["recall@1"] > 0.5


def test_int8_that_is_not_faster_here_is_not_taken(
    tmp_path: Path, trained: Any, judged_by: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_search.modelbuild import choice as module

    monkeypatch.setattr(
        module, "pace", lambda runs, **_: {name: np.array([1.0 if "fp32" in name else 2.0]) for name in runs}
    )
    choice = module.choose(trained, LITE2, lite2_methods(trained), judged_by, tmp_path, lambda _: None)
    assert choice.precision == "fp32"
    assert "no INT8 network is faster" in choice.report["steps_back"][0]


def test_a_layer_that_quantizes_badly_is_found_and_left_in_fp32(
    tmp_path: Path, trained: Any, judged_by: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_search.modelbuild.choice import choose
    from edge_search.modelbuild.damage import rank_damage

    spoilt = spoil(trained)
    methods = lite2_methods(spoilt)
    drawn = calibration_pictures(LITE2.recipe, 2)
    assert rank_damage(spoilt, methods["qdq"](()), drawn)[0][0] == VICTIM
    fixed_pace(monkeypatch, openvino="qdq", onnxruntime="qdq")
    said: list[str] = []
    choice = choose(spoilt, LITE2, methods, judged_by, tmp_path, said.append)
    for runtime in RUNTIMES:
        assert choice.networks[runtime].precision == "mixed"
        assert VICTIM in choice.report["choice"][runtime]["kept_fp32"]
        assert choice.report[runtime]["cosine_mean"] > 0.98
    assert choice.precision == "mixed"
    assert any("of recall, cosine with FP32" in step for step in choice.report["steps_back"])
    assert any("stepping back" in line for line in said)


def test_a_network_that_no_step_can_save_stays_fp32(
    tmp_path: Path, trained: Any, judged_by: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_search.modelbuild.choice import choose

    broken = onnx.ModelProto()
    broken.CopyFrom(lite2_methods(trained)["qdq"](()))
    for entry in broken.graph.initializer:
        if entry.name == "head.weight_scale":
            scales = onnx.numpy_helper.to_array(entry) * np.resize([1, 5], 1280).astype(np.float32)
            entry.CopyFrom(onnx.numpy_helper.from_array(scales, entry.name))
    fixed_pace(monkeypatch, openvino="qdq", onnxruntime="qdq")
    choice = choose(trained, LITE2, {"qdq": lambda _: broken}, judged_by, tmp_path, lambda _: None)
    assert choice.precision == "fp32"
    assert [network.method for network in choice.networks.values()] == ["fp32", "fp32"]
    assert "with 32 convolutions in FP32" in choice.report["steps_back"][-1]
