"""A real bundle of a few hundred bytes: its network is the mean colour of each cell of a grid.

Three numbers a cell; as it comes, with one cell.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.runtime import RUNTIMES
from edge_search.imaging.decode import decode
from edge_search.imaging.preprocess import preprocess
from edge_search.imaging.recipe import Recipe
from tests.conftest import make_photo

SIDE = 64


def make_bundle(folder: Path, *, turned: bool = False, name: str = "tiny", grid: int = 1) -> Bundle:
    """Write the bundle; ``turned`` gives it a canary that no runtime can pass."""
    folder.mkdir(parents=True)
    dimension = 3 * grid * grid
    onnx.save(_network(grid), folder / "network.onnx")
    photo = make_photo(folder / "canary.jpg", 1)
    recipe = Recipe(side=SIDE, crop=1.0, interpolation="bilinear")
    pixels = preprocess(decode(photo.read_bytes()), recipe)
    cells = pixels.reshape(grid, SIDE // grid, grid, SIDE // grid, 3).mean(axis=(1, 3))
    feature = cells.transpose(2, 0, 1).reshape(-1).astype(np.float32)
    np.save(folder / "canary.npy", -feature if turned else feature)
    canary = _entry(folder / "canary.npy")
    network = {"precision": "fp32", "files": [_entry(folder / "network.onnx")], "canary": canary}
    manifest = {
        "schema": 1,
        "name": name,
        "architecture": "mean",
        "recipe": recipe.to_dict(),
        "feature": {"dimension": dimension, "levels": [{"name": "mean", "channels": dimension, "pooling": "avg"}]},
        "precision": "fp32",
        "networks": [{"runtime": runtime, **network} for runtime in RUNTIMES],
        "canary": _entry(photo),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return Bundle.open(folder)


def _network(grid: int) -> Any:
    side = [SIDE // grid, SIDE // grid]
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["cells"], kernel_shape=side, strides=side),
        helper.make_node("Flatten", ["cells"], ["feature"]),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, SIDE, SIDE, 3])
    feature = helper.make_tensor_value_info("feature", TensorProto.FLOAT, [1, 3 * grid * grid])
    graph = helper.make_graph(nodes, "mean", [pixels], [feature])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def _entry(file: Path) -> dict[str, Any]:
    data = file.read_bytes()
    return {"name": file.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
