"""Checkpoints with weights from a seed, in the layouts and kinds of file that their publishers use."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_search.modelbuild.checkpoint import expected_tensors
from edge_search.modelbuild.efficientnet import network
from edge_search.modelbuild.layouts import LAYOUTS, places
from tests.modelbuild import pth_files

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
State = dict[str, NDArray[Any]]


def drawn(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """As in packaging/goldens/checkpoints.py."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) > 1:
        kernel = shape[:2] if shape[-1] == 1 else shape[:3]
        fan = np.prod(kernel if name.endswith("kernel") else shape[1:])
        gate = 0.2 if re.search(r"[._]se[._]|\.fc[12]\.", name) else 1
        return np.asarray(rng.standard_normal(shape) * np.sqrt(2 / fan) * gate, np.float32)
    if name.endswith(("running_var", "moving_variance", "weight", "gamma")):
        return rng.uniform(0.6, 1.4, shape).astype(np.float32)
    return rng.uniform(-0.3, 0.3, shape).astype(np.float32)


def golden_picture(seed: int, side: int) -> NDArray[np.uint8]:
    """As in packaging/goldens/checkpoints.py."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (side // 20, side // 20, 3))
    picture = np.kron(coarse, np.ones((20, 20, 1), np.int64))
    return np.asarray(np.clip(picture + rng.integers(-24, 25, picture.shape), 0, 255), np.uint8)


def state(architecture: str, layout: str) -> State:
    """Every tensor of the network, a classifier, and the counters that batch-norms have in PyTorch."""
    expected = expected_tensors(network(architecture), LAYOUTS[layout])
    tensors: State = {name: drawn(name, shape) for name, shape in expected.items()}
    outputs = network(architecture).head.outputs
    if layout == "keras":
        tensors |= {
            "normalization/mean": np.array(MEAN, np.float32),
            "normalization/variance": np.array(STD, np.float32),
        }
        return tensors | {"normalization/count": np.array(1, np.int64)}
    classifier = {"lukemelas": "_fc", "torchvision": "classifier.1"}.get(layout, "classifier")
    tensors |= {
        f"{classifier}.weight": np.zeros((10, outputs), np.float32),
        f"{classifier}.bias": np.zeros(10, np.float32),
    }
    counters = [name.replace("running_mean", "num_batches_tracked") for name in tensors if "running_mean" in name]
    return tensors | {name: np.array(7, np.int64) for name in counters}


def safetensors(path: Path, tensors: State) -> Path:
    from safetensors.numpy import save_file

    save_file(tensors, path)
    return path


def zip_pth(path: Path, tensors: State) -> Path:
    return pth_files.zipped(path, *pth_files.state_dict(tensors))


def legacy_pth(path: Path, tensors: State) -> Path:
    return pth_files.legacy(path, *pth_files.state_dict(tensors))


def published_h5(path: Path, tensors: State) -> Path:
    """As keras.applications downloads them, written by Keras 2."""
    import h5py

    with h5py.File(path, "w") as file:
        layers: dict[str, list[str]] = {}
        for name in tensors:
            layer, _, variable = name.partition("/")
            layers.setdefault(layer, []).append(variable)
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        file.create_group("stem_activation").attrs["weight_names"] = []
        for layer, variables in layers.items():
            group = file.create_group(layer)
            names = []
            for variable in variables:
                stored = "depthwise_kernel" if layer.endswith("dwconv") else variable
                names.append(f"{layer}/{stored}:0".encode())
                group.create_dataset(f"{layer}/{stored}:0", data=tensors[f"{layer}/{variable}"])
            group.attrs["weight_names"] = names
    return path


def saved_h5(path: Path, tensors: State, graph: Mapping[str, Any]) -> Path:
    """As Keras 3 saves a whole model in HDF5."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(graph)
        for name, value in tensors.items():
            file.create_dataset(f"model_weights/{name.partition('/')[0]}/{name}", data=value)
        file.create_dataset("optimizer_weights/adam/iterations", data=3)
    return path


def keras_zip(path: Path, tensors: State, graph: Mapping[str, Any], *, named: bool = True) -> Path:
    """As Keras 3 saves ``.keras``: layers counted by class; ``named``: with the name as an attribute."""
    import h5py

    classes = {layer["config"]["name"]: layer["class_name"] for layer in graph["config"]["layers"]}
    order = {
        "BatchNormalization": ["gamma", "beta", "moving_mean", "moving_variance"],
        "Normalization": ["mean", "variance", "count"],
    }
    counted = {"DepthwiseConv2D": "depthwise_conv2d", "BatchNormalization": "batch_normalization"}
    seen: dict[str, int] = {}
    memory = BytesIO()
    with h5py.File(memory, "w") as file:
        for name, kind in classes.items():
            base = counted.get(kind, kind.lower())
            number = seen[base] = seen.get(base, -1) + 1
            group = file.create_group(f"layers/{base}{f'_{number}' if number else ''}/vars")
            if named:
                group.attrs["name"] = name
            for place, variable in enumerate(order.get(kind, ["kernel", "bias"])):
                if f"{name}/{variable}" in tensors:
                    group.create_dataset(str(place), data=tensors[f"{name}/{variable}"])
        file.create_dataset("optimizer/vars/0", data=3)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(graph))
        archive.writestr("model.weights.h5", memory.getvalue())
    return path


def keras_graph(architecture: str, side: int | None) -> dict[str, Any]:
    """A model's description with what a build reads of it, layers in the order of keras.applications."""
    layers: list[dict[str, Any]] = [
        {"class_name": "InputLayer", "config": {"name": "input_layer", "batch_shape": [None, side, side, 3]}},
        {"class_name": "Rescaling", "config": {"name": "rescaling", "scale": 1 / 255, "offset": 0.0}},
        {"class_name": "Normalization", "config": {"name": "normalization"}},
        {
            "class_name": "Rescaling",
            "config": {"name": "rescaling_1", "scale": [std**-0.5 for std in STD], "offset": 0.0},
        },
    ]
    for conv, place in places(network(architecture)):
        name, norm = LAYOUTS["keras"].names(place)
        layers.append({"class_name": "DepthwiseConv2D" if conv.depthwise else "Conv2D", "config": {"name": name}})
        if conv.batch_norm:
            layers.append({"class_name": "BatchNormalization", "config": {"name": norm}})
            layers.append({"class_name": "Activation", "config": {"name": name + "_activation"}})
    return {"class_name": "Functional", "config": {"name": architecture, "layers": layers}}


def hub_config(architecture: str, side: int, mean: float | list[float], **fields: Any) -> dict[str, Any]:
    """timm's config.json as the public hub has it."""
    values = mean if isinstance(mean, list) else [mean] * 3
    return {
        "architecture": architecture,
        "num_classes": 1000,
        "num_features": 1280,
        "pretrained_cfg": {
            "tag": "drawn",
            "custom_load": False,
            "input_size": [3, side, side],
            "fixed_input_size": False,
            "interpolation": "bicubic",
            "crop_pct": 0.875,
            "crop_mode": "center",
            "mean": values,
            "std": STD if values == MEAN else [0.5] * 3,
            "num_classes": 1000,
            "pool_size": [7, 7],
            "first_conv": "conv_stem",
            "classifier": "classifier",
            **fields,
        },
    }
