"""What lies in an imported bundle beside the network: canary, texts, manifest."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_search.encoder.bundle import MANIFEST
from edge_search.encoder.level import Level
from edge_search.encoder.manifest import SCHEMA, BundleFile
from edge_search.imaging.decode import decode
from edge_search.imaging.recipe import Recipe
from edge_search.imaging.simulate import simulate
from edge_search.modelbuild.import_card import card_text
from edge_search.modelbuild.import_check import Judged
from edge_search.modelbuild.procedural import picture

__all__ = ["Imported", "canary_image", "write_canary", "write_imported"]

_CANARY_SEED = 3
_CANARY = "canary.jpg"
_NOT_STATED = "not stated"


@dataclass(frozen=True)
class Imported:
    """What was drawn from a foreign file; see `Manifest` for the fields' meaning."""

    recipe: Recipe
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    levels: tuple[Level, ...]
    precision: str
    files: tuple[str, ...]
    source: Mapping[str, Any]


def _canary_bytes() -> bytes:
    """A drawn product in a simulated photo; 400 x 300, so that crop and resizing are in the test."""
    rng = np.random.default_rng(_CANARY_SEED)
    photo = simulate(picture(rng, 400), rng).crop((0, 50, 400, 350))
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def canary_image() -> Image.Image:
    """Decode the photo whose feature every load compares."""
    return decode(_canary_bytes())


def write_canary(folder: Path, features: Mapping[str, NDArray[np.float32]]) -> None:
    """Write the canary and its feature by each runtime: row 0 of what it made of the trial pictures."""
    (folder / _CANARY).write_bytes(_canary_bytes())
    for runtime, rows in features.items():
        np.save(folder / f"canary-{runtime}.npy", rows[0])


def write_imported(
    folder: Path, name: str, imported: Imported, judged: Judged, left_out: Mapping[str, str], licence: str
) -> None:
    """Write licence, card and manifest beside the network files and canary that are in ``folder``."""
    licence = licence.strip() or _NOT_STATED
    (folder / "LICENSE").write_text(f"{licence}\n", encoding="utf-8")
    built_with = {library: metadata.version(library) for library in ("onnx", "numpy", "pillow")}
    for runtime in judged.features:
        built_with[runtime] = judged.report[runtime]["version"]
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "name": name,
        "architecture": "imported",
        "recipe": imported.recipe.to_dict(),
        "mean": [round(value, 4) for value in imported.mean],
        "std": [round(value, 4) for value in imported.std],
        "feature": {
            "dimension": sum(level.channels for level in imported.levels),
            "levels": [asdict(level) for level in imported.levels],
        },
        "precision": imported.precision,
        "projection": None,
        "verdict": judged.verdict,
        "agreement": judged.report,
        "left_out": dict(left_out),
        "source": dict(imported.source),
        "licence": licence.splitlines()[0][:200],
        "built_with": built_with,
    }
    size = sum((folder / name).stat().st_size for name in imported.files)
    (folder / "MODEL_CARD.md").write_text(card_text(manifest, size), encoding="utf-8")

    def entry(name: str) -> dict[str, Any]:
        return BundleFile.measure(folder / name).to_dict()

    network = {"precision": imported.precision, "files": [entry(name) for name in imported.files]}
    manifest["networks"] = [
        {"runtime": runtime, **network, "canary": entry(f"canary-{runtime}.npy")} for runtime in judged.features
    ]
    manifest["canary"] = entry(_CANARY)
    manifest["documents"] = [entry(name) for name in ("LICENSE", "MODEL_CARD.md")]
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
