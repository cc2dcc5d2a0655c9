"""Files that are no usable weights: one line each, that says what, where, and what to do."""

from __future__ import annotations

import json
import os
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_search.errors import BundleError
from edge_search.modelbuild.build import build_fp32
from edge_search.modelbuild.recipe_file import find_recipe
from tests.modelbuild import checkpoint_files as files

for library in ("onnx", "h5py", "safetensors"):
    pytest.importorskip(library, reason="needs the build extra")

B0 = "efficientnet-b0"
FIRST = {"timm-torch": "conv_stem.weight", "torchvision": "features.0.0.weight", "keras": "stem_conv/kernel"}
WRITERS: dict[str, tuple[str, Callable[[Path, files.State], Path]]] = {
    "safetensors": ("timm-torch", files.safetensors),
    "zip": ("torchvision", files.zip_pth),
    "legacy": ("timm-torch", files.legacy_pth),
    "h5": ("keras", files.published_h5),
    "keras": ("keras", lambda path, state: files.keras_zip(path, state, files.keras_graph(B0, 224))),
}


@pytest.fixture(scope="module")
def states() -> dict[str, files.State]:
    return {layout: files.state(B0, layout) for layout in FIRST}


def refusal(path: Path, name: str = B0, variant: str | None = None) -> str:
    """The one line that the build answers with; it begins with the file's path."""
    with pytest.raises(BundleError) as refused:
        build_fp32(find_recipe(name), path.parent, path, variant)
    line = str(refused.value)
    assert "\n" not in line
    assert str(path) in line or "config.json" in line
    assert len(line) < 500
    return line


def flag(layout: str) -> str | None:
    return "torch" if layout == "timm-torch" else None


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 0.9999])
def test_truncated(tmp_path: Path, states: dict[str, files.State], kind: str, share: float) -> None:
    layout, write = WRITERS[kind]
    path = write(tmp_path / "weights", states[layout])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    line = refusal(path, variant=flag(layout))
    assert re.search(r"cut short|damaged", line), line
    assert "again" in line
    if kind == "safetensors" and share >= 0.5:
        assert re.search(r"in tensor '[a-z0-9_.]+'", line), line
    if kind == "legacy" and share >= 0.5:
        assert re.search(r"in tensor '[a-z0-9_.]+'", line), line


@pytest.mark.parametrize("kind", ["safetensors", "h5"])
def test_truncated_by_less_than_the_classifier_is_still_noticed(
    tmp_path: Path, states: dict[str, files.State], kind: str
) -> None:
    layout, write = WRITERS[kind]
    path = write(tmp_path / "weights", states[layout])
    path.write_bytes(path.read_bytes()[:-1])
    assert re.search(r"cut short|damaged", refusal(path, variant=flag(layout)))


@pytest.mark.parametrize("kind", WRITERS)
def test_another_architecture_is_named(tmp_path: Path, kind: str) -> None:
    layout, write = WRITERS[kind]
    state = files.state("efficientnet-b3", layout)
    if kind == "keras":
        path = files.keras_zip(tmp_path / "b3", state, files.keras_graph("efficientnet-b3", 300))
    else:
        path = write(tmp_path / "b3", state)
    line = refusal(path, "efficientnet-b4", flag(layout))
    assert f"tensor {FIRST[layout]!r} has shape" in line
    assert "efficientnet-b4 needs (" in line
    assert "these are the weights of efficientnet-b3: build that" in line


@pytest.mark.parametrize("pair", [("b0", "b1"), ("b1", "b0"), ("lite0", "b0"), ("b0", "lite0"), ("lite4", "lite3")])
def test_neighbours_whose_tensors_are_partly_the_same(tmp_path: Path, pair: tuple[str, str]) -> None:
    wanted, given = (f"efficientnet-{name}" for name in pair)
    path = files.safetensors(tmp_path / "a.safetensors", files.state(given, "timm-tf"))
    line = refusal(path, wanted, "tf")
    assert f"these are the weights of {given}: build that, or give those of {wanted}" in line


@pytest.mark.parametrize("kind", WRITERS)
def test_a_missing_tensor_is_named(tmp_path: Path, states: dict[str, files.State], kind: str) -> None:
    layout, write = WRITERS[kind]
    name = next(name for name in states[layout] if name.endswith(("bn2.running_var", "1.1.running_var", "2a_bn/beta")))
    path = write(tmp_path / "a", {key: value for key, value in states[layout].items() if key != name})
    line = refusal(path, variant=flag(layout))
    assert f"no tensor {name!r} of {states[layout][name].shape}" in line
    assert "is it efficientnet-b0" in line


@pytest.mark.parametrize("kind", ["safetensors", "zip", "legacy", "h5"])
def test_an_extra_tensor_is_named(tmp_path: Path, states: dict[str, files.State], kind: str) -> None:
    layout, write = WRITERS[kind]
    name = "adapter/kernel" if layout == "keras" else "adapter.weight"
    path = write(tmp_path / "a", {**states[layout], name: np.zeros((2, 3), np.float32)})
    assert f"tensor {name!r} of (2, 3) belongs to no layer of efficientnet-b0" in refusal(path, variant=flag(layout))


def test_a_counter_of_no_batch_norm_is_an_extra_tensor(tmp_path: Path, states: dict[str, files.State]) -> None:
    state = {**states["timm-torch"], "other.num_batches_tracked": np.array(1, np.int64)}
    assert "'other.num_batches_tracked'" in refusal(files.safetensors(tmp_path / "a", state), variant="torch")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(tmp_path: Path, states: dict[str, files.State], kind: str, value: float) -> None:
    layout, write = WRITERS[kind]
    name = list(states[layout])[9]
    bad = states[layout][name].copy()
    bad.reshape(-1)[-1] = value
    path = write(tmp_path / "a", {**states[layout], name: bad})
    assert f"tensor {name!r} holds values that are not finite" in refusal(path, variant=flag(layout))


def test_numbers_that_no_training_leaves(tmp_path: Path, states: dict[str, files.State]) -> None:
    state = states["torchvision"]

    def with_tensor(name: str, value: Any) -> str:
        return refusal(files.zip_pth(tmp_path / "a.pth", {**state, name: value}))

    negative = np.full(32, -1, np.float32)
    assert "'features.0.1.running_var' holds negative variances" in with_tensor("features.0.1.running_var", negative)
    whole = state["features.0.0.weight"].astype(np.int64)
    assert "'features.0.0.weight' holds int64" in with_tensor("features.0.0.weight", whole)
    huge = np.full(32, 3e38, np.float32)
    assert "are too large" in with_tensor("features.0.1.weight", huge)


def test_half_precision_is_read(tmp_path: Path, states: dict[str, files.State]) -> None:
    half = {name: value.astype(np.float16) if value.ndim else value for name, value in states["torchvision"].items()}
    assert build_fp32(find_recipe(B0), tmp_path, files.zip_pth(tmp_path / "a.pth", half)).recipe.recipe.side == 224


def test_bfloat16_is_refused_by_name(tmp_path: Path, states: dict[str, files.State]) -> None:
    path = files.safetensors(tmp_path / "a.safetensors", states["timm-torch"])
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    body = data[8 + length :]
    first, last = header["conv_stem.weight"]["data_offsets"]
    header["conv_stem.weight"]["dtype"] = "BF16"
    for name, entry in header.items():  # half as long, and all behind it moved up
        begin, end = entry["data_offsets"]
        shift = (last - first) // 2
        entry["data_offsets"] = [
            begin - shift * (begin > first),
            end - shift * (begin > first or name == "conv_stem.weight"),
        ]
    text = json.dumps(header).encode()
    cut = body[: (first + last) // 2] + body[last:]
    path.write_bytes(len(text).to_bytes(8, "little") + text + cut)
    assert "tensor 'conv_stem.weight' is BF16; save the weights as float32" in refusal(path, variant="torch")


def test_a_pickle_that_calls_something(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, (f"touch {tmp_path / 'touched'}",)

    (tmp_path / "a.pth").write_bytes(pickle.dumps({"conv_stem.weight": Evil()}))
    with zipfile.ZipFile(tmp_path / "b.pth", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"conv_stem.weight": Evil()}))
    for name in ("a.pth", "b.pth"):
        with pytest.raises(BundleError, match="system, which a state dict never needs; it is refused"):
            build_fp32(find_recipe(B0), tmp_path, tmp_path / name)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty; download it again"),
        (b"conv_stem.weight 1.0 2.0\n" * 90, "is a text file, no weights"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>" * 20, "is a web page saved under that name"),
        (b'\n<?xml version="1.0"?><Error>AccessDenied</Error>', "is a web page saved under that name"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935\nsize 77933744\n",
            "is a Git LFS pointer, not the 77933744 bytes it stands for; run 'git lfs pull'",
        ),
        (b'{"architecture": "efficientnet_b4"}', "is a JSON file; name the weights file itself"),
        (b"\x00\x01\x02\x03" * 100, "is no weights file of a known kind"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 600, "is no weights file of a known kind"),
        (b"PK\x03\x04" + b"\x00" * 600, "is cut short"),
        (b"\x89HDF\r\n\x1a\n" + b"\x00" * 600, "is cut short or damaged"),
        (b"\x0f\x00\x00\x00\x00\x00\x00\x00{not json, no!}", "damaged list of tensors"),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    assert says in refusal(tmp_path / "model.safetensors")


def test_files_that_are_not_there_or_hold_something_else(tmp_path: Path) -> None:
    assert "can't read weights" in refusal(tmp_path / "absent.h5")
    assert "can't read weights" in refusal(tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "is a zip file, but holds no PyTorch or Keras weights" in refusal(tmp_path / "a.zip")
    resnet = {"conv1.weight": np.zeros((64, 3, 7, 7), np.float32), "fc.bias": np.zeros(10, np.float32)}
    line = refusal(files.safetensors(tmp_path / "resnet.safetensors", resnet))
    assert "its tensors ('conv1.weight', 'fc.bias', ...) are no EfficientNet's of timm" in line
    import h5py

    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["measurements"] = np.zeros(3)
    assert "'measurements' in the HDF5 file is no layer's variable" in refusal(tmp_path / "data.h5")


def test_keras_files_that_reach_outside_themselves(tmp_path: Path, states: dict[str, files.State]) -> None:
    import h5py

    path = files.published_h5(tmp_path / "a.h5", states["keras"])
    (tmp_path / "other").write_bytes(b"\x00" * 4096)
    with h5py.File(path, "a") as file:
        del file["stem_conv/stem_conv/kernel:0"]
        where = [(str(tmp_path / "other"), 0, 3456)]
        file.create_dataset("stem_conv/stem_conv/kernel:0", (3, 3, 3, 32), "f4", external=where)
    assert "tensor 'stem_conv/kernel' lies in another file" in refusal(path)
    path = files.published_h5(tmp_path / "b.h5", states["keras"])
    with h5py.File(path, "a") as file:
        file.create_dataset("bomb/bomb/kernel:0", (1 << 20, 1 << 20), "f4", chunks=(1024, 1024))
    assert "tensor 'bomb/kernel' of (1048576, 1048576) is none of this family" in refusal(path)


def test_a_keras_model_around_the_network_is_refused(tmp_path: Path, states: dict[str, files.State]) -> None:
    import h5py

    with h5py.File(tmp_path / "a.weights.h5", "w") as file:
        file["layers/functional/layers/conv2d/vars/0"] = states["keras"]["stem_conv/kernel"]
    line = refusal(tmp_path / "a.weights.h5")
    assert "'layers/functional/layers/conv2d/vars/0' is no variable of an EfficientNet; save that part" in line
    with h5py.File(tmp_path / "b.weights.h5", "w") as file:
        file["layers/conv2d/vars/0"] = states["keras"]["stem_conv/kernel"]
    assert "doesn't say which layer it belongs to; save the model as .keras" in refusal(tmp_path / "b.weights.h5")


def test_keras_weights_without_their_normalisation_are_refused(tmp_path: Path, states: dict[str, files.State]) -> None:
    state = {name: value for name, value in states["keras"].items() if not name.startswith("normalization")}
    assert "no tensor 'normalization/mean'" in refusal(files.published_h5(tmp_path / "a.h5", state))
    graph = files.keras_graph(B0, 224)
    graph["config"]["layers"][1]["config"]["offset"] = -1
    line = refusal(files.keras_zip(tmp_path / "a.keras", states["keras"], graph))
    assert "layer 'rescaling' of the weights rescales in an unknown way" in line


def test_timms_two_variants_are_never_guessed(tmp_path: Path, states: dict[str, files.State]) -> None:
    path = files.safetensors(tmp_path / "model.safetensors", states["timm-torch"])
    line = refusal(path)
    assert "efficientnet_b0 and tf_efficientnet_b0 share these tensor names" in line
    assert "config.json beside it, or say --variant torch or --variant tf" in line
    (tmp_path / "config.json").write_text('{"model_type": "something of another library"}')
    assert "say --variant torch or --variant tf" in refusal(path)
    assert "--variant tf, which its name suggests" in refusal(path.rename(tmp_path / "tf_efficientnet_b0_aa.pth"))


def test_a_flag_that_contradicts_what_is_known(tmp_path: Path, states: dict[str, files.State]) -> None:
    path = files.zip_pth(tmp_path / "tv.pth", states["torchvision"])
    assert "torchvision's layout, for which --variant tf is wrong; leave it out" in refusal(path, variant="tf")
    path = files.safetensors(tmp_path / "model.safetensors", states["timm-torch"])
    (tmp_path / "config.json").write_text(json.dumps(files.hub_config("efficientnet_b0", 64, files.MEAN)))
    assert "says --variant torch; leave --variant tf out" in refusal(path, variant="tf")
    with pytest.raises(BundleError, match="variant 'keras' is unknown"):
        build_fp32(find_recipe(B0), tmp_path, path, "keras")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"architecture": "efficientnet_b3"}, "says efficientnet-b3; build that, or give weights of efficientnet-b0"),
        ({"architecture": "efficientnet_b1_pruned"}, "'efficientnet_b1_pruned', which is no EfficientNet B0 to B4"),
        ({"architecture": "resnet50"}, "architecture 'resnet50'"),
        ({"model_args": {"num_classes": 3, "bn_eps": 0.1}}, "changes the network by model_args 'bn_eps'"),
        ({"pretrained_cfg": {}}, "has no field 'input_size'"),
        ({"input_size": [1, 64, 64]}, "input_size [1, 64, 64] is not [3, side, side]"),
        ({"input_size": [3, 64, 32]}, "is not [3, side, side]"),
        ({"interpolation": "random"}, "'random' is not bilinear"),
        ({"crop_pct": 7}, "crop_pct 7 is not a fraction"),
        ({"crop_mode": "squash"}, "crop_mode 'squash'"),
        ({"std": [0, 0, 0]}, "is not above 0"),
        ({"mean": "none"}, "mean 'none' is not a list of numbers"),
    ],
)
def test_configurations_that_cant_be_followed(
    tmp_path: Path, states: dict[str, files.State], change: dict[str, Any], says: str
) -> None:
    config = files.hub_config("efficientnet_b0", 64, files.MEAN)
    place = config if set(change) & {"architecture", "model_args", "pretrained_cfg"} else config["pretrained_cfg"]
    place.update(change)
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert says in refusal(files.safetensors(tmp_path / "model.safetensors", states["timm-torch"]))


def test_a_configuration_that_is_no_json(tmp_path: Path, states: dict[str, files.State]) -> None:
    (tmp_path / "config.json").write_text("<html>")
    assert "beside the weights can't be read" in refusal(files.safetensors(tmp_path / "a", states["timm-torch"]))


def test_advprop_needs_its_configuration(tmp_path: Path) -> None:
    path = files.safetensors(tmp_path / "tf_efficientnet_b0_ap-f262efe1.pth", files.state(B0, "timm-tf"))
    assert "its name says AdvProp" in refusal(path, variant="tf")


def test_layouts_without_lite_networks(tmp_path: Path, states: dict[str, files.State]) -> None:
    path = files.zip_pth(tmp_path / "a.pth", states["torchvision"])
    assert "torchvision has no Lite networks" in refusal(path, "efficientnet-lite0")


def test_without_weights_one_line_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(
        BundleError, match="no weights come with efficientnet-b4; give a checkpoint with --weights FILE"
    ):
        build_fp32(find_recipe("efficientnet-b4"), tmp_path)
