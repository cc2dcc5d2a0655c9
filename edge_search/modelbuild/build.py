"""One command from public weights to a bundle: fetch, fold, draw the graph, quantize, judge, write."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_search.encoder.level import join_levels
from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.encoder.runtime import Runtime
from edge_search.errors import EncoderError
from edge_search.modelbuild.recipe_file import BuildRecipe, find_recipe

if TYPE_CHECKING:
    import onnx

__all__ = ["build", "build_fp32", "quiet"]

_THREADS = 2
_NETWORK = "network.onnx"
_SAMPLE_CATALOG = Path(__file__).resolve().parents[2] / "catalog"


def quiet(_: str) -> None:
    """Report no progress."""


def build(name: str, output: Path, progress: Callable[[str], None] = quiet, catalog: Path = _SAMPLE_CATALOG) -> Path:
    """Build the bundle that ``models/<name>.toml`` describes into the folder ``output``; returns it.

    ``progress`` gets one line a step. The guard judges by photos simulated from the pictures of ``catalog``.
    ``output`` appears whole or not at all; an older bundle there is replaced. Takes about 90 s on 2 cores.

    Raises EncoderError when the build extra is missing or the weights can't be downloaded, BundleError when
    they are not what the recipe names or the guard refuses the result.
    """
    _need_extra()
    import onnx

    from edge_search.modelbuild.bundle_writer import write_bundle
    from edge_search.modelbuild.calibration import calibration_pictures, catalog_split
    from edge_search.modelbuild.guard import judge
    from edge_search.modelbuild.quantize import quantize

    recipe = find_recipe(name)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        progress(f"weights: {recipe.weights.package} {recipe.weights.version}")
        exact, licence = build_fp32(recipe, folder)
        progress(f"calibration: {recipe.calibration_pictures} drawn pictures")
        pictures = calibration_pictures(recipe.recipe, recipe.calibration_pictures)
        progress("quantizing to INT8")
        network = folder / _NETWORK
        onnx.save(quantize(exact, pictures, recipe.mean, recipe.std), str(network))
        onnx.save(exact, str(folder / "fp32.onnx"))

        progress(f"guard: INT8 against FP32, runtime against runtime, on {catalog}")
        runtimes: dict[str, Runtime] = {
            "openvino": OpenVinoRuntime(network, "int8", _THREADS),
            "onnxruntime": OnnxRuntime(network, "int8", _THREADS),
        }
        encoders = {key: _encoder(runtime, recipe) for key, runtime in runtimes.items()}
        reference = _encoder(OnnxRuntime(folder / "fp32.onnx", "fp32", _THREADS), recipe)
        agreement = judge(catalog_split(recipe.recipe, catalog), reference, encoders)

        progress(f"writing {output}")
        return write_bundle(output, recipe, network, licence, encoders, agreement, _versions(runtimes))


def build_fp32(recipe: BuildRecipe, folder: Path) -> tuple[onnx.ModelProto, str]:
    """Fetch the weights (into ``folder`` if need be) and write the FP32 graph; also the licence's text."""
    _need_extra()
    from edge_search.modelbuild.checkpoint import LAYOUTS, fold
    from edge_search.modelbuild.efficientnet import network
    from edge_search.modelbuild.onnx_graph import build_graph
    from edge_search.modelbuild.unpickler import read_state_dict
    from edge_search.modelbuild.weights import fetch_weights

    weights, licence = fetch_weights(recipe.weights, folder)
    layers, layout = network(recipe.architecture), LAYOUTS[recipe.layout]
    graph = build_graph(
        layers,
        fold(layers, read_state_dict(weights), layout),
        side=recipe.recipe.side,
        mean=recipe.mean,
        std=recipe.std,
        levels=recipe.levels,
        padding=layout.padding,
    )
    return graph, licence


def _encoder(runtime: Runtime, recipe: BuildRecipe) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    def encode(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return join_levels(runtime.run(batch), recipe.levels)

    return encode


def _need_extra() -> None:
    try:
        import onnx  # noqa: F401 - is it there?
    except ImportError as error:
        raise EncoderError("building a model needs more packages: pip install 'edge-search[build]'") from error


def _versions(runtimes: dict[str, Runtime]) -> dict[str, Any]:
    """What built it; none of it is part of the fingerprint."""
    used = {name: metadata.version(name) for name in ("onnx", "numpy", "pillow")}
    return {**used, **{name: runtime.version for name, runtime in runtimes.items()}}
