"""Real bundles in a home, and the real command line on them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_search.encoder.bundle import MANIFEST, Bundle
from edge_search.encoder.encoder import Encoder
from edge_search.encoder.manifest import BundleFile
from edge_search.encoder.runtime import load_runtime
from edge_search.imaging.decode import decode

__all__ = ["recropped"]


def recropped(source: Path, target: Path, *, name: str, crop: float) -> Bundle:
    """Copy a bundle and give it another crop: another encoder, with canaries of its own."""
    shutil.copytree(source, target)
    bundle = Bundle.open(target)
    manifest: dict[str, Any] = json.loads((target / MANIFEST).read_text())
    recipe = replace(bundle.recipe, crop=crop)
    manifest.update(name=name, recipe=recipe.to_dict())
    photo = decode((target / bundle.canary_photo.name).read_bytes())
    for network in manifest["networks"]:
        runtime = load_runtime(bundle, network["runtime"])
        encoder = Encoder(
            name=name, fingerprint="unknown", recipe=recipe, levels=bundle.levels, runtime=runtime, projection=None
        )
        file = target / network["canary"]["name"]
        np.save(file, encoder.encode([photo])[0])
        network["canary"] = BundleFile.measure(file).to_dict()
    (target / MANIFEST).write_text(json.dumps(manifest))
    return Bundle.open(target)
