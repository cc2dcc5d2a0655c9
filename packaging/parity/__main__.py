"""`make parity`: exit code 1 when a feature differs from the library's by more than the limits."""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_search.encoder.level import Level
from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.imaging.preprocess import preprocess
from edge_search.modelbuild.build import build_fp32
from edge_search.modelbuild.recipe_file import BuildRecipe, find_recipe
from parity.pictures import photos, pixels
from parity.reference import Reference, SavedFile

LEAST_COSINE, LARGEST_ERROR = 0.99999, 1e-4
PICTURES = 8
RUNTIMES = {"ONNX Runtime": OnnxRuntime, "OpenVINO": OpenVinoRuntime}


def timm(network: str, architecture: str) -> Callable[[], Reference]:
    """Return what makes a network of timm; ``network`` with the tag of a training."""

    def make() -> Reference:
        from parity.torch_side import TimmReference

        return TimmReference(network, architecture)

    return make


def torchvision(network: str, architecture: str) -> Callable[[], Reference]:
    """Return what makes a network of torchvision."""

    def make() -> Reference:
        from parity.torch_side import TorchvisionReference

        return TorchvisionReference(network, architecture)

    return make


def keras(network: str, architecture: str, side: int | None) -> Callable[[], Reference]:
    """Return what makes a network of Keras; ``side`` None takes pictures of any size."""

    def make() -> Reference:
        from parity.keras_side import KerasReference

        return KerasReference(network, architecture, side)

    return make


CASES: tuple[Callable[[], Reference], ...] = (
    timm("efficientnet_b4.ra2_in1k", "efficientnet-b4"),
    timm("tf_efficientnet_b4.ns_jft_in1k", "efficientnet-b4"),
    torchvision("efficientnet_b4", "efficientnet-b4"),
    keras("EfficientNetB4", "efficientnet-b4", 380),
    keras("EfficientNetB4", "efficientnet-b4", None),
    timm("efficientnet_b0.ra4_e3600_r224_in1k", "efficientnet-b0"),
    timm("tf_efficientnet_b1.ap_in1k", "efficientnet-b1"),
    torchvision("efficientnet_b2", "efficientnet-b2"),
    keras("EfficientNetB3", "efficientnet-b3", 300),
    torchvision("efficientnet_b0", "efficientnet-b0"),
    keras("EfficientNetB0", "efficientnet-b0", 224),
    timm("efficientnet_lite0.ra_in1k", "efficientnet-lite0"),
    timm("tf_efficientnet_lite2.in1k", "efficientnet-lite2"),
    timm("tf_efficientnet_lite4.in1k", "efficientnet-lite4"),
)


def compare(make: Callable[[], Reference]) -> Iterator[bool]:
    """Print a line a file and runtime; yield whether each was within the limits."""
    reference = make()
    recipe = find_recipe(reference.architecture)
    recipe = replace(recipe, levels=tuple(replace(level, weight=1.0) for level in recipe.levels))
    reference.randomise(pixels(PICTURES, recipe.recipe), seed=1)
    seen: dict[bytes, dict[str, tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prepared = []
        for file in reference.save(folder):
            exact = build_fp32(recipe, folder, file.path, file.variant)
            prepared.append(exact.recipe)
            graph = exact.graph.SerializeToString()
            again = graph in seen
            if not again:
                seen[graph] = measure(reference, graph, exact.recipe, folder)
            for name, found in seen[graph].items():
                yield report(reference, file, exact.recipe.recipe.side, name, found, again=again)
        report_preparation(reference, prepared[0])


def measure(reference: Reference, graph: bytes, recipe: BuildRecipe, folder: Path) -> dict[str, tuple[float, float]]:
    """Run a graph on each runtime and the library on the same pixels: runtime -> `worst`."""
    network = folder / "fp32.onnx"
    network.write_bytes(graph)
    batch = pixels(PICTURES, recipe.recipe)
    expected = reference.features(batch)
    return {
        name: worst(runtime(network, "fp32", 2).run(batch), expected, recipe.levels)
        for name, runtime in RUNTIMES.items()
    }


def worst(found: NDArray[np.float32], expected: NDArray[np.float32], levels: tuple[Level, ...]) -> tuple[float, float]:
    """Smallest cosine, largest relative error (of length, and of the largest value) over pictures and levels."""
    cosines, errors, start = [], [], 0
    for level in levels:
        part = slice(start, start + level.channels)
        start += level.channels
        one, other = found[:, part].astype(np.float64), expected[:, part].astype(np.float64)
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        cosines.append((one * other).sum(axis=1) / lengths)
        errors.append(np.linalg.norm(one - other, axis=1) / np.linalg.norm(other, axis=1))
        errors.append(np.abs(one - other).max(axis=1) / np.abs(other).max(axis=1))
    assert start == found.shape[1] == expected.shape[1]
    return float(np.min(cosines)), float(np.max(errors))


def report(
    reference: Reference, file: SavedFile, side: int, runtime: str, found: tuple[float, float], *, again: bool
) -> bool:
    """Print one line; return whether it is within the limits. ``again``: the graph was measured with another file."""
    cosine, error = found
    good = cosine >= LEAST_COSINE and error <= LARGEST_ERROR
    print(
        f"{reference.library:<12}{reference.network:<22}{file.kind:<34}{side:>4} {runtime:<13}"
        f"{cosine:.7f}  {error:.1e}  {'good' if good else 'BROKEN'}"
        f"{' (the same graph, byte for byte)' if again else ''}",
        flush=True,
    )
    return good


def report_preparation(reference: Reference, recipe: BuildRecipe) -> None:
    """Say how far our preprocessing is from the library's own on whole photos; nothing is asked of it."""
    shots = photos(2)
    theirs = [reference.prepare(shot) for shot in shots]
    if theirs[0] is None:
        print(f"{'':<12}preprocessing: the library resizes nothing; ours {recipe.recipe}")
        return
    ours = [preprocess(shot, recipe.recipe) for shot in shots]
    if ours[0].shape != theirs[0].shape:
        print(f"{'':<12}preprocessing: ours {ours[0].shape}, the library's {theirs[0].shape}")
        return
    apart = [np.abs(one - other) for one, other in zip(ours, theirs, strict=True) if other is not None]
    features = reference.features(np.stack(ours))
    exact = reference.features(
        np.clip(np.rint(np.stack([t for t in theirs if t is not None])), 0, 255).astype(np.uint8)
    )
    cosine = (features * exact).sum(axis=1) / np.linalg.norm(features, axis=1) / np.linalg.norm(exact, axis=1)
    print(
        f"{'':<12}preprocessing, ours and the library's on two whole photos: {np.mean(apart):.3f} of 255 apart on "
        f"average, {np.max(apart):.0f} at most; features' cosine at least {cosine.min():.5f}",
        flush=True,
    )


def main() -> int:
    """Run every case; 0 when all are within the limits."""
    warnings.simplefilter("ignore")
    logging.getLogger("absl").setLevel(logging.ERROR)  # Keras on saving .h5
    versions = ", ".join(
        f"{name} {metadata.version(name)}"
        for name in ("torch", "timm", "torchvision", "keras", "onnxruntime", "openvino")
    )
    print(f"FP32, {PICTURES} pictures, drawn weights; {versions}")
    print(f"limits: cosine {LEAST_COSINE} at least, relative error {LARGEST_ERROR:g} at most, worst picture and level")
    print(f"{'library':<12}{'network':<22}{'file':<34}{'side':>4} {'runtime':<13}{'cosine':<11}error")
    results = [good for make in CASES for good in compare(make)]
    broken = results.count(False)
    print(
        f"{len(results)} comparisons, {broken} broken"
        if broken
        else f"{len(results)} comparisons, all within the limits"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
