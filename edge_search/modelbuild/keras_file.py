"""Reads Keras' weights, ``.h5`` and ``.keras``, through h5py; nothing of Keras is needed or run."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_search.errors import BundleError

__all__ = ["open_h5", "open_keras"]

# Variables of the newer format have numbers: in the order in which a layer of that class makes them.
_VARIABLES = {
    "Conv2D": ("kernel", "bias"),
    "DepthwiseConv2D": ("kernel", "bias"),
    "Dense": ("kernel", "bias"),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "Normalization": ("mean", "variance", "count"),
}
_LARGEST_TENSOR = 1 << 28  # numbers; the largest of this family has 1.8 million
_LARGEST_PART = 1 << 31  # bytes of the weights in a zip file
_LARGEST_CONFIG = 1 << 26
Opened = tuple[Mapping[str, Any], Mapping[str, Any] | None]


@contextmanager
def open_h5(path: Path) -> Iterator[Opened]:
    """Yield (``layer/variable`` -> dataset, the model's graph or None) of an ``.h5`` file.

    Read are whole models, weights by layer name (``efficientnetb4_notop.h5``) and ``.weights.h5``. Raises
    BundleError, one line, for a file that is cut short, or is HDF5 but no Keras weights.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield _opened(path, file, None)
    except (OSError, RuntimeError, KeyError) as error:
        raise _damaged(path, error) from error


@contextmanager
def open_keras(path: Path) -> Iterator[Opened]:
    """Yield (``layer/variable`` -> dataset, the model's graph) of a ``.keras`` file, as `open_h5` does."""
    import h5py

    try:
        with zipfile.ZipFile(path) as archive:
            description = _part(archive, "config.json", _LARGEST_CONFIG)
            weights = _part(archive, "model.weights.h5", _LARGEST_PART)
        with h5py.File(io.BytesIO(weights), "r") as file:
            yield _opened(path, file, description)
    except (OSError, RuntimeError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> BundleError:
    reason = " ".join(str(error).split())
    return BundleError(f"{path} is cut short or damaged ({reason}); download it again")


def _part(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    if archive.getinfo(name).file_size > limit:
        raise BundleError(f"{name} in {archive.filename} is far too large for this family; it is refused")
    return archive.read(name)


def _graph(text: bytes | str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
        layers = document["config"]["layers"]
        if isinstance(layers, list) and all(isinstance(layer["config"], dict) for layer in layers):
            return {"layers": layers}
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise BundleError("the model's description in the weights file can't be read; save the weights alone")


def _opened(path: Path, file: Any, description: bytes | None) -> Opened:
    try:
        return _read(file, description)
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from error


def _read(file: Any, description: bytes | str | None) -> Opened:
    description = description or file.attrs.get("model_config")
    graph = None if description is None else _graph(description)
    datasets: dict[str, Any] = {}
    file.visititems(lambda name, item: datasets.update({name: item}) if hasattr(item, "shape") else None)
    if "layers" in file:
        return _numbered(file, datasets, graph), graph
    tensors: dict[str, Any] = {}
    for path, dataset in datasets.items():
        parts = path.split("/")
        if parts[0] == "optimizer_weights":
            continue
        if parts[0] == "model_weights":
            parts = parts[1:]
        if len(parts) < 2:
            raise BundleError(f"{path!r} in the HDF5 file is no layer's variable; these are no Keras weights")
        _add(tensors, parts[0], parts[-1].partition(":")[0], dataset)
    return tensors, graph


def _numbered(file: Any, datasets: Mapping[str, Any], graph: Mapping[str, Any] | None) -> dict[str, Any]:
    """Keras 3 counts layers by class (``layers/conv2d_3/vars/0``); their names stand beside or in the graph."""
    names: dict[str, str] = {}
    seen: dict[str, int] = {}
    for layer in (graph or {}).get("layers", []):
        kind = _snake(str(layer.get("class_name")))
        count = seen[kind] = seen.get(kind, -1) + 1
        names[f"{kind}_{count}" if count else kind] = str(layer["config"].get("name"))
    tensors: dict[str, Any] = {}
    kinds = {_snake(kind): variables for kind, variables in _VARIABLES.items()}
    for path, dataset in datasets.items():
        parts = path.split("/")
        if parts[0] != "layers":  # the optimizer's
            continue
        counted = parts[1]
        variables = kinds.get(re.sub(r"_\d+$", "", counted), ())
        if len(parts) != 4 or parts[2] != "vars" or not parts[3].isdigit() or int(parts[3]) >= len(variables):
            raise BundleError(f"{path!r} is no variable of an EfficientNet; save that part of the model by itself")
        stated = file["/".join(parts[:3])].attrs.get("name")
        name = stated or names.get(counted) or (counted if counted.startswith("normalization") else None)
        if name is None:
            raise BundleError(f"{path!r} doesn't say which layer it belongs to; save the model as .keras or .h5")
        _add(tensors, str(name), variables[int(parts[3])], dataset)
    return tensors


def _add(tensors: dict[str, Any], layer: str, variable: str, dataset: Any) -> None:
    # Keras 2 called it so
    name = f"{layer}/{'kernel' if variable == 'depthwise_kernel' else variable}"
    if dataset.shape is None or dataset.size > _LARGEST_TENSOR:
        raise BundleError(f"tensor {name!r} of {dataset.shape} is none of this family; it is refused")
    if dataset.external is not None or dataset.is_virtual:
        raise BundleError(f"tensor {name!r} lies in another file; it is refused")
    if name in tensors:
        raise BundleError(f"tensor {name!r} is there twice; save the EfficientNet by itself")
    tensors[name] = dataset


def _snake(name: str) -> str:
    """``DepthwiseConv2D`` -> ``depthwise_conv2d``: Keras' own rule."""
    spaced = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()
