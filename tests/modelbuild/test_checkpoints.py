"""Real file layouts against what timm, torchvision and Keras themselves answered (goldens), without any of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.encoder import load_encoder
from edge_search.encoder.level import join_levels
from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.imaging.recipe import Recipe
from edge_search.modelbuild.build import Exact, build_fp32
from edge_search.modelbuild.efficientnet import ARCHITECTURES, network
from edge_search.modelbuild.preprocessing import Preprocessing
from edge_search.modelbuild.recipe_file import BuildRecipe, find_recipe
from tests.modelbuild import checkpoint_files as files

for library in ("onnx", "h5py", "safetensors"):
    pytest.importorskip(library, reason="needs the build extra")

GOLDEN = Path(__file__).resolve().parents[1] / "data" / "checkpoints_golden.npz"
SIDE = 100
Write = Callable[[Path], Path]


def recipe(name: str) -> BuildRecipe:
    """The recipe that ships, at the golden's side, each level as it is."""
    found = find_recipe(name)
    small = Recipe(SIDE, 0.875)
    published = {
        layout: Preprocessing(small, given.mean, given.std, given.source) for layout, given in found.published.items()
    }
    return replace(found, recipe=small, published=published)


def features(exact: Exact, folder: Path, runtime: type[OnnxRuntime | OpenVinoRuntime]) -> NDArray[np.float32]:
    (folder / "fp32.onnx").write_bytes(exact.graph.SerializeToString())
    pixels = np.stack([files.golden_picture(seed, SIDE) for seed in (0, 1)])
    return runtime(folder / "fp32.onnx", "fp32", 2).run(pixels)


def agree(found: NDArray[np.float32], golden: NDArray[np.float32], head: int) -> bool:
    """Whether both levels are within the limits of `make parity`."""
    good = found.shape == golden.shape
    for part in (slice(0, head), slice(head, None)):
        one, other = found[:, part].astype(np.float64), golden[:, part].astype(np.float64)
        cosine = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
        error = np.abs(one - other).max(axis=1) / np.abs(other).max(axis=1)
        good &= bool(cosine.min() >= 0.99999 and error.max() <= 1e-4)
    return good


def check(case: str, architecture: str, path: Path, variant: str | None = None) -> Exact:
    with np.load(GOLDEN) as golden:
        expected = golden[case]
    exact = build_fp32(recipe(architecture), path.parent, path, variant)
    assert exact.recipe.recipe.side == SIDE
    for runtime in (OnnxRuntime, OpenVinoRuntime):
        assert agree(features(exact, path.parent, runtime), expected, network(architecture).head.outputs), runtime
    return exact


@pytest.mark.parametrize("write", [files.safetensors, files.zip_pth, files.legacy_pth])
def test_timm_with_its_configuration(tmp_path: Path, write: Callable[[Path, files.State], Path]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(files.hub_config("efficientnet_b0", SIDE, files.MEAN)))
    (tmp_path / "README.md").write_text("---\ntags:\n- timm\nlicense: cc-by-nc-4.0\n---\n# A model\n")
    exact = check(
        "timm-torch-b0", "efficientnet-b0", write(tmp_path / "weights", files.state("efficientnet-b0", "timm-torch"))
    )
    assert exact.origin.licence == "cc-by-nc-4.0"
    assert exact.origin.source["layout"] == "timm-torch"
    assert exact.origin.source["preprocessing"] == "config.json"


@pytest.mark.parametrize(
    ("case", "architecture", "stated"),
    [
        ("timm-tf-b0", "efficientnet-b0", "tf_efficientnet_b0"),
        ("timm-tf-lite0", "efficientnet-lite0", "tf_efficientnet_lite0"),
    ],
)
def test_timms_tf_networks_take_padding_epsilon_and_mean_from_the_configuration(
    tmp_path: Path, case: str, architecture: str, stated: str
) -> None:
    path = files.safetensors(tmp_path / "model.safetensors", files.state(architecture, "timm-tf"))
    (tmp_path / "config.json").write_text(json.dumps(files.hub_config(stated, SIDE, 0.5)))
    exact = check(case, architecture, path)
    assert exact.recipe.mean == exact.recipe.std == (127.5,) * 3


def test_without_a_configuration_the_flag_decides(tmp_path: Path) -> None:
    path = files.safetensors(tmp_path / "b0.safetensors", files.state("efficientnet-b0", "timm-torch"))
    check("timm-torch-b0", "efficientnet-b0", path, "torch")
    with np.load(GOLDEN) as golden:
        expected = golden["timm-torch-b0"]
    other = build_fp32(recipe("efficientnet-b0"), tmp_path, path, "tf")
    assert not agree(features(other, tmp_path, OnnxRuntime), expected, 1280), "the golden tells both variants apart"


def test_names_that_dataparallel_wrapped(tmp_path: Path) -> None:
    wrapped = {f"module.{name}": value for name, value in files.state("efficientnet-b0", "timm-torch").items()}
    check("timm-torch-b0", "efficientnet-b0", files.zip_pth(tmp_path / "a.pth", wrapped), "torch")


@pytest.mark.parametrize("write", [files.zip_pth, files.legacy_pth])
def test_torchvision(tmp_path: Path, write: Callable[[Path, files.State], Path]) -> None:
    path = write(tmp_path / "efficientnet_b0_rwightman-7f5810bc.pth", files.state("efficientnet-b0", "torchvision"))
    check("torchvision-b0", "efficientnet-b0", path)


def keras_files(architecture: str) -> dict[str, Write]:
    state, graph = files.state(architecture, "keras"), files.keras_graph(architecture, SIDE)
    classified = state | {
        "predictions/kernel": np.zeros((8, 10), np.float32),
        "predictions/bias": np.zeros(10, np.float32),
    }
    renamed = {name.replace("normalization/", "normalization_4/"): value for name, value in state.items()}
    return {
        "notop": lambda folder: files.published_h5(folder / "efficientnetb0_notop.h5", state),
        "full": lambda folder: files.published_h5(folder / "efficientnetb0.h5", classified),
        "second in its process": lambda folder: files.published_h5(folder / "mine.h5", renamed),
        "saved h5": lambda folder: files.saved_h5(folder / "model.h5", classified, graph),
        "keras": lambda folder: files.keras_zip(folder / "model.keras", state, graph),
        "keras without names": lambda folder: files.keras_zip(folder / "model.keras", state, graph, named=False),
    }


@pytest.mark.parametrize("kind", list(keras_files("efficientnet-b0")))
def test_keras(tmp_path: Path, kind: str) -> None:
    exact = check("keras-b0", "efficientnet-b0", keras_files("efficientnet-b0")[kind](tmp_path))
    assert exact.recipe.mean == pytest.approx([255 * value for value in files.MEAN])
    assert exact.recipe.std == pytest.approx([255 * value for value in files.STD])
    assert exact.origin.source["preprocessing"] == "the weights file"


def test_a_keras_model_of_any_input_size_pads_odd_maps_as_keras_does(tmp_path: Path) -> None:
    state, graph = files.state("efficientnet-b0", "keras"), files.keras_graph("efficientnet-b0", None)
    exact = check("keras-any-b0", "efficientnet-b0", files.keras_zip(tmp_path / "model.keras", state, graph))
    with np.load(GOLDEN) as golden:
        assert not agree(features(exact, tmp_path, OnnxRuntime), golden["keras-b0"], 1280)


@pytest.mark.parametrize(
    ("case", "layout"), [("timm-torch-b4", "timm-torch"), ("torchvision-b4", "torchvision"), ("keras-b4", "keras")]
)
def test_b4_in_each_layout(tmp_path: Path, case: str, layout: str) -> None:
    state = files.state("efficientnet-b4", layout)
    if layout == "keras":
        files.published_h5(tmp_path / "efficientnetb4_notop.h5", state)
    elif layout == "torchvision":
        files.zip_pth(tmp_path / "efficientnet_b4_rwightman-23ab8bcd.pth", state)
    else:
        files.safetensors(tmp_path / "model.safetensors", state)
        config = files.hub_config("efficientnet_b4", SIDE, files.MEAN)
        (tmp_path / "config.json").write_text(json.dumps(config))
    weights = next(file for file in tmp_path.iterdir() if file.name != "config.json")
    assert sum(level.channels for level in check(case, "efficientnet-b4", weights).recipe.levels) == 1792 + 448


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "efficientnet-lite2"])
def test_every_member_of_the_family_has_a_recipe_that_fits_its_network(name: str) -> None:
    found = find_recipe(name)
    channels = network(name).level_channels()
    assert [channels[level.name] for level in found.levels] == [level.channels for level in found.levels]
    assert found.architecture == name
    assert found.name == f"{name}-int8"
    assert found.recipe.side == ARCHITECTURES[name].side
    assert round(found.recipe.side / found.recipe.crop) == found.recipe.side + 32
    assert (find_recipe("efficientnet-lite2").preprocessing.mean == found.mean) == ARCHITECTURES[name].lite
    assert (Path(__file__).resolve().parents[2] / "models" / found.card).is_file()


def test_torchvisions_b4_is_prepared_as_torchvision_does() -> None:
    published = find_recipe("efficientnet-b4").published
    assert (published["torchvision"].recipe.side, published["torchvision"].recipe.crop) == (380, 380 / 384)
    assert published["timm-torch"].recipe == Recipe(384, 1.0)


def test_the_test_size_of_a_configuration_wins(tmp_path: Path) -> None:
    path = files.safetensors(tmp_path / "model.safetensors", files.state("efficientnet-b0", "timm-torch"))
    fields = {"test_input_size": [3, 80, 80], "test_crop_pct": 0.9, "interpolation": "bilinear", "license": "mit"}
    config = files.hub_config("efficientnet_b0.some_tag", 64, 0.5, **fields)
    (tmp_path / "config.json").write_text(json.dumps(config))
    exact = build_fp32(recipe("efficientnet-b0"), tmp_path, path)
    assert exact.recipe.recipe == Recipe(80, 80 / 88, "bilinear")
    assert exact.origin.licence == "mit"
    assert exact.graph.graph.input[0].type.tensor_type.shape.dim[1].dim_value == 80


def test_an_older_configuration_without_parts_is_read(tmp_path: Path) -> None:
    path = files.safetensors(tmp_path / "model.safetensors", files.state("efficientnet-b0", "timm-tf"))
    config = files.hub_config("tf_efficientnet_b0_ns", SIDE, 0.5)
    (tmp_path / "config.json").write_text(json.dumps(config | config.pop("pretrained_cfg")))
    check("timm-tf-b0", "efficientnet-b0", path)


def test_the_manifest_says_where_the_weights_come_from_and_what_photos_go_through(tmp_path: Path) -> None:
    from edge_search.modelbuild.bundle_writer import write_bundle
    from edge_search.modelbuild.choice import Candidate, Choice

    path = files.safetensors(tmp_path / "model.safetensors", files.state("efficientnet-b0", "timm-tf"))
    config = files.hub_config("tf_efficientnet_b0", 96, 0.5, crop_pct=0.8, license="cc-by-nc-4.0")
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "LICENSE").write_text("Not for sale.")
    exact = build_fp32(find_recipe("efficientnet-b0"), tmp_path, path)
    network_file = tmp_path / "network.onnx"
    network_file.write_bytes(exact.graph.SerializeToString())
    runtime = OnnxRuntime(network_file, "fp32", 2)
    candidate = Candidate(
        runtime, "fp32", network_file, lambda batch: join_levels(runtime.run(batch), exact.recipe.levels)
    )
    choice = Choice({"onnxruntime": candidate}, {})
    folder = write_bundle(tmp_path / "out", exact.recipe, choice, exact.origin, {})
    bundle = Bundle.open(folder)
    document = bundle.manifest.document
    assert document["source"] == {
        "file": "model.safetensors",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
        "layout": "timm-tf",
        "preprocessing": "config.json",
        "tag": "drawn",
    }
    assert document["licence"] == "cc-by-nc-4.0"
    assert document["architecture"] == "efficientnet-b0"
    assert (document["mean"], document["std"]) == ([127.5] * 3, [127.5] * 3)
    assert bundle.recipe == Recipe(96, 0.8)
    assert (folder / "LICENSE").read_text() == "Not for sale.\n"
    card = (folder / "MODEL_CARD.md").read_text()
    assert "short side 120 px (bicubic), centre 96 px" in card
    assert document["source"]["sha256"] in card
    assert load_encoder(bundle, "onnxruntime", threads=2).dimension == 1600


def test_an_unstated_licence_is_said_to_be_unstated(tmp_path: Path) -> None:
    path = files.zip_pth(tmp_path / "a.pth", files.state("efficientnet-b0", "torchvision"))
    origin = build_fp32(recipe("efficientnet-b0"), tmp_path, path).origin
    assert origin.licence.startswith("not stated beside the weights (torchvision gives its weights out under BSD-3")
