"""Writes the bundle's folder: everything beside it first, then one rename."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from edge_search.encoder.bundle import MANIFEST, Bundle, default_bundle_root
from edge_search.encoder.manifest import SCHEMA, BundleFile
from edge_search.errors import BundleError
from edge_search.imaging.decode import decode
from edge_search.imaging.simulate import simulate
from edge_search.imaging.views import views
from edge_search.modelbuild.choice import Choice
from edge_search.modelbuild.origin import Origin
from edge_search.modelbuild.procedural import picture
from edge_search.modelbuild.recipe_file import BuildRecipe

__all__ = ["write_bundle"]

_CANARY_SEED = 3
_LICENCE = "APACHE-2.0.md"


def write_bundle(
    output: Path,
    recipe: BuildRecipe,
    choice: Choice,
    origin: Origin,
    built_with: Mapping[str, Any],
) -> Path:
    """Write the folder ``output`` atomically and return it.

    ``choice`` has the network of each runtime, which leaves its feature of the canary, and the guard's report;
    ``origin`` describes the weights. An older bundle at ``output`` is replaced; BundleError when something else is
    there.
    """
    if output.exists() and not (output / MANIFEST).is_file() and any(output.iterdir()):
        raise BundleError(f"{output} exists and is no bundle; name another folder")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".building-") as scratch:
        folder = Path(scratch) / "bundle"
        folder.mkdir()
        files = _file_names(choice)
        for runtime, name in files.items():
            shutil.copyfile(choice.networks[runtime].file, folder / name)
        _write_canary(folder, recipe, choice)
        _write_texts(folder, recipe, origin, choice)
        manifest = _manifest(folder, recipe, origin, files, choice, built_with)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        Bundle.open(folder).verify()
        if output.exists():
            output.rename(Path(scratch) / "older")
        folder.rename(output)
    return output


def _file_names(choice: Choice) -> dict[str, str]:
    """One file where the runtimes share it, else one a runtime."""
    if len({network.file for network in choice.networks.values()}) == 1:
        return dict.fromkeys(choice.networks, "network.onnx")
    return {runtime: f"{runtime}.onnx" for runtime in choice.networks}


def _write_canary(folder: Path, recipe: BuildRecipe, choice: Choice) -> None:
    """A drawn product in a simulated photo; 400 x 300, so that crop and resizing are in the test."""
    rng = np.random.default_rng(_CANARY_SEED)
    photo = simulate(picture(rng, 400), rng).crop((0, 50, 400, 350))
    file = folder / "canary.jpg"
    photo.save(file, quality=90)
    pixels = views(decode(file.read_bytes()), recipe.recipe)
    for runtime, network in choice.networks.items():
        mean = network.encode(pixels).mean(axis=0)
        np.save(folder / f"canary-{runtime}.npy", mean / np.linalg.norm(mean))


def _write_texts(folder: Path, recipe: BuildRecipe, origin: Origin, choice: Choice) -> None:
    terms = origin.terms.strip() + "\n"
    if origin.apache:
        terms += f"\n{'-' * 72}\n\n{_data(_LICENCE)}"
    (folder / "LICENSE").write_text(terms, encoding="utf-8")
    rounded = {
        "int8": ", weights and\nactivations quantized to 8 bits",
        "mixed": ", weights and\nactivations of most layers quantized to 8 bits",
        "fp32": "",
    }[choice.precision]
    notice = (
        f"{recipe.name}\n\n{origin.notice}\n"
        f"Changed by edge-search: batch-norm folded, classifier removed, pooled levels added{rounded}.\n"
        "See MODEL_CARD.md for what the weights were trained on.\n"
    )
    (folder / "NOTICE").write_text(notice, encoding="utf-8")
    report = json.dumps(choice.report, indent=2)
    card = f"{_data(recipe.card).rstrip()}\n\n{_facts(recipe, origin)}"
    card += f"\n## The guard's report at the build\n\n```json\n{report}\n```\n"
    (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")


def _facts(recipe: BuildRecipe, origin: Origin) -> str:
    """The part of a model card that only the build knows."""
    pictures = recipe.recipe
    levels = ", ".join(f"{level.pooling} of {level.name} ({level.channels})" for level in recipe.levels)
    rows = {
        "architecture": recipe.architecture,
        "weights": ", ".join(f"{key} {value}" for key, value in origin.source.items()),
        "licence": origin.licence,
        "photos": f"short side {round(pictures.side / pictures.crop)} px ({pictures.interpolation}), centre "
        f"{pictures.side} px, mean {list(recipe.mean)}, std {list(recipe.std)}",
        "feature": levels,
    }
    table = "".join(f"| {name} | {value} |\n" for name, value in rows.items())
    return f"## This build\n\n| | |\n|---|---|\n{table}"


def _data(name: str) -> str:
    for root in default_bundle_root():
        if (root / name).is_file():
            return (root / name).read_text(encoding="utf-8")
    raise BundleError(f"{name} is not in the models folder; build from a checkout of edge-search")


def _manifest(
    folder: Path,
    recipe: BuildRecipe,
    origin: Origin,
    files: Mapping[str, str],
    choice: Choice,
    built_with: Mapping[str, Any],
) -> dict[str, Any]:
    def entry(name: str) -> dict[str, Any]:
        return BundleFile.measure(folder / name).to_dict()

    levels = [asdict(level) for level in recipe.levels]
    return {
        "schema": SCHEMA,
        "name": recipe.name,
        "architecture": recipe.architecture,
        "recipe": recipe.recipe.to_dict(),
        "mean": list(recipe.mean),
        "std": list(recipe.std),
        "feature": {"dimension": sum(level.channels for level in recipe.levels), "levels": levels},
        "precision": choice.precision,
        "networks": [
            {
                "runtime": runtime,
                "precision": network.precision,
                "files": [entry(files[runtime])],
                "canary": entry(f"canary-{runtime}.npy"),
            }
            for runtime, network in choice.networks.items()
        ],
        "canary": entry("canary.jpg"),
        "projection": None,
        "verdict": recipe.verdict,
        "agreement": choice.report,
        "documents": [entry(name) for name in ("LICENSE", "NOTICE", "MODEL_CARD.md")],
        "source": dict(origin.source),
        "licence": origin.licence,
        "built_with": dict(built_with),
    }
