"""From any ONNX image encoder to a bundle: choose, wrap, try on both runtimes, judge, write."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_search.encoder.bundle import MANIFEST, Bundle
from edge_search.encoder.cores import available_cores
from edge_search.encoder.level import Level
from edge_search.encoder.manifest import hash_file
from edge_search.encoder.runtime import RUNTIMES
from edge_search.errors import BundleError, EncoderError, InvalidValue, RuntimeUnavailable
from edge_search.modelbuild.import_check import judge_import, trial_pixels
from edge_search.modelbuild.import_options import PRESETS, ImportOptions, beside
from edge_search.modelbuild.imported_bundle import Imported, canary_image, write_canary, write_imported
from edge_search.modelbuild.probe import Probe, probe
from edge_search.modelbuild.scratch import need_room, scratch_folder

__all__ = ["ImportRequest", "import_model"]

_NETWORK = "network.onnx"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LARGEST_DIMENSION = 16384
_CLASS_COUNTS = {1000, 1001, 10450, 21841, 21843}
"""Of ImageNet: an output of that length holds scores, not a feature."""
_REFERENCE = RUNTIMES[::-1]  # ONNX Runtime first: it is the reference implementation of the format


@dataclass(frozen=True)
class ImportRequest:
    """What is imported, as what. ``licence`` and ``source`` are texts for the bundle's card."""

    network: Path
    name: str
    options: ImportOptions
    preset: str | None = None
    licence: str = ""
    source: str = ""


def _quiet(_: str) -> None:
    """Report no progress."""


def import_model(request: ImportRequest, output: Path, progress: Callable[[str], None] = _quiet) -> Bundle:
    """Write the bundle ``output`` from a foreign ONNX file; returns it.

    What is not said by the request's options is taken from its preset, then from the exporter's
    ``preprocessor_config.json`` beside the file. ``progress`` gets one line a step. A bundle that is at
    ``output`` already is replaced only by the same one: another encoder needs another name.

    Raises EncoderError when the build extra is missing, InvalidValue for options that can't be, BundleError for
    a file that is damaged or no image encoder, RuntimeUnavailable when no runtime runs it, NoSpace when the disk is
    too small for it.
    """
    _need_extra()
    if not _PLAIN_NAME.fullmatch(request.name):
        raise InvalidValue(f"--name {request.name!r} is not a plain name: letters, digits, dot, dash, underscore")
    options = _options(request)
    progress(f"reading {request.network}")
    with scratch_folder(output.parent) as scratch:
        folder = scratch / "bundle"
        folder.mkdir()
        drawn = _draw(request, options, folder, progress)
        pixels = trial_pixels(drawn.recipe, canary_image())
        probes, refused = _try(folder / _NETWORK, pixels, progress)
        judged = judge_import(probes, drawn.levels)
        left_out = {**refused, **judged.left_out}
        for runtime, reason in left_out.items():
            progress(f"{runtime} is left out: {reason}")
        write_canary(folder, judged.features)
        write_imported(folder, request.name, drawn, judged, left_out, request.licence)
        _check_place(output, Bundle.open(folder).fingerprint)
        progress(f"writing {output}")
        if output.exists():
            output.rename(scratch / "older")
        folder.rename(output)
    return Bundle.open(output)


def _draw(request: ImportRequest, options: ImportOptions, folder: Path, progress: Callable[[str], None]) -> Imported:
    """Write the wrapped network into ``folder``; its graph is out of memory when this returns."""
    from edge_search.modelbuild.onnx_file import precision, read_graph, weigh, write_graph
    from edge_search.modelbuild.onnx_tower import find_tower
    from edge_search.modelbuild.onnx_wrap import choose_pooling, pool, put_pixels_in

    file = request.network
    model = read_graph(file)
    tower = find_tower(model, options.input, options.output, options.layout)
    mean, std = options.normalisation()
    if request.options.side is None and tower.side is not None:
        options = replace(options, side=tower.side)  # a preset's size is a proposal
    recipe = options.recipe(tower.side)
    need_room(folder, weigh(model, file.parent))
    prefix = put_pixels_in(model, tower, recipe.side, mean, std)
    kind = precision(model.graph)
    files = write_graph(model, file.parent, folder, _NETWORK)
    progress(f"output {tower.output}: trying it")
    shape = _shape(folder / _NETWORK, np.zeros((1, recipe.side, recipe.side, 3), np.uint8))
    pooling, tokens = choose_pooling(shape, options.pooling, options.prefix_tokens)
    dimension = pool(model, tower, prefix, pooling, tokens, shape)
    if not 2 <= dimension <= _LARGEST_DIMENSION:
        raise BundleError(f"the feature would have {dimension} numbers; from 2 to {_LARGEST_DIMENSION} can be searched")
    (folder / _NETWORK).write_bytes(model.SerializeToString())
    progress(f"output {tower.output} {shape}, pooling {pooling}: {dimension} numbers")
    if dimension in _CLASS_COUNTS:
        progress(f"{dimension} numbers look like class scores; an output before the classifier finds more products")
    return Imported(
        recipe=recipe,
        mean=mean,
        std=std,
        levels=(Level(_level_name(tower.output), dimension, pooling),),
        precision=kind,
        files=tuple(path.name for path in files),
        source={
            "text": request.source,
            "file": file.name,
            "sha256": hash_file(file),
            "output": tower.output,
            "pooling": pooling,
            "prefix_tokens": tokens,
        },
    )


def _options(request: ImportRequest) -> ImportOptions:
    found = request.options
    if request.preset is not None:
        if request.preset not in PRESETS:
            raise InvalidValue(f"--preset {request.preset!r} is unknown; use {', '.join(PRESETS)}")
        return found.over(PRESETS[request.preset])
    if not request.network.is_file():
        raise BundleError(f"{request.network} is no file; name the .onnx file")
    config = beside(request.network)
    return found if config is None else found.over(config)


def _shape(network: Path, pixels: NDArray[np.uint8]) -> tuple[int, ...]:
    reasons = []
    for runtime in _REFERENCE:
        try:
            return tuple(probe(network, runtime, pixels, 1, timed=False).outputs.shape)
        except RuntimeUnavailable as error:
            reasons.append(str(error))
    raise RuntimeUnavailable(f"no runtime can execute the network: {'; '.join(reasons)}")


def _try(
    network: Path, pixels: NDArray[np.uint8], progress: Callable[[str], None]
) -> tuple[list[Probe], dict[str, str]]:
    """Each runtime's answer, one after the other (their memory adds up otherwise), and why one has none."""
    probes: list[Probe] = []
    refused: dict[str, str] = {}
    for runtime in _REFERENCE:
        progress(f"{runtime}: {len(pixels)} pictures")
        try:
            probes.append(probe(network, runtime, pixels, available_cores()))
        except RuntimeUnavailable as error:
            refused[runtime] = str(error)
    if not probes:
        raise RuntimeUnavailable(f"no runtime can execute the network: {'; '.join(refused.values())}")
    return probes, refused


def _level_name(output: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", output).strip("_") or "output"


def _check_place(output: Path, fingerprint: str) -> None:
    """Refuse to put the bundle over anything but itself: a catalog may be encoded with what is there."""
    if not output.exists():
        return
    if not (output / MANIFEST).is_file():
        raise BundleError(f"{output} exists and is no bundle; give another --name, or another folder with --output")
    there = Bundle.open(output).fingerprint
    if there != fingerprint:
        raise BundleError(f"{output} holds another encoder ({there}); give this one another --name")


def _need_extra() -> None:
    try:
        import onnx  # noqa: F401 - is it there?
    except ImportError as error:
        raise EncoderError("importing a model needs more packages: pip install 'edge-search[build]'") from error
