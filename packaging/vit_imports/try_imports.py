"""Import networks of exactly the shapes of CLIP and DINOv2, ViT-B/16 and ViT-L/14.

Run it in ``packaging``: ``python -m vit_imports.try_imports``. Weights are procedural: this proves graphs, sizes,
memory and agreement of the runtimes, not recall. One network at a time; the largest takes about 1.2 GB of disk
twice and 3 GB of memory.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from edge_search.encoder.encoder import load_encoder
from edge_search.modelbuild.import_options import ImportOptions
from edge_search.modelbuild.importing import ImportRequest, import_model
from vit_imports.vit import Vit, save_vit

_CLIP_B = Vit("clip", width=768, depth=12, heads=12, projection=512)
_CLIP_L = Vit("clip", width=1024, depth=24, heads=16, patch=14, projection=768)
_DINO_B = Vit("dinov2", width=768, depth=12, heads=12)
_DINO_L = Vit("dinov2", width=1024, depth=24, heads=16, patch=14)

TRIALS: dict[str, tuple[Vit, ImportOptions, str]] = {
    "clip-vit-b16": (_CLIP_B, ImportOptions(), "clip"),
    "clip-vit-b16-whole": (replace(_CLIP_B, text_width=512), ImportOptions(), "clip"),
    "clip-vit-b16-fp16": (replace(_CLIP_B, half=True), ImportOptions(), "clip"),
    "clip-vit-l14": (_CLIP_L, ImportOptions(), "clip"),
    "dinov2-vit-b16-cls": (_DINO_B, ImportOptions(output="last_hidden_state"), "dinov2"),
    "dinov2-vit-b14-registers-mean": (
        replace(_DINO_B, patch=14, registers=4, opset=17),
        ImportOptions(output="last_hidden_state", pooling="mean"),
        "dinov2",
    ),
    "dinov2-vit-l14": (_DINO_L, ImportOptions(), "dinov2"),
}


def main() -> None:
    """Try the named networks, else all; one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(TRIALS)}")
    parser.add_argument("--folder", type=Path, help="for the networks and bundles (2.5 GB); default: a temporary one")
    given = parser.parse_args()
    for name in given.names or TRIALS:
        with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
            print(json.dumps({"name": name, **attempt(name, Path(scratch))}), flush=True)


def attempt(name: str, folder: Path) -> dict[str, object]:
    """Build, import, load: what it took."""
    vit, options, preset = TRIALS[name]
    file = save_vit(vit, folder / "export", outside=True)
    size = sum(path.stat().st_size for path in file.parent.iterdir())
    started = time.perf_counter()
    request = ImportRequest(file, name, options, preset, "none: procedural weights", "packaging/vit_imports")
    bundle = import_model(request, folder / name, lambda text: print(text, file=sys.stderr))
    took = time.perf_counter() - started
    shutil.rmtree(file.parent)
    for network in bundle.manifest.networks:
        load_encoder(bundle, network.runtime)  # type: ignore[arg-type]
    report = bundle.manifest.document["agreement"]
    return {
        "dimension": bundle.dimension,
        "precision": bundle.manifest.precision,
        "export_mb": round(size / 1e6),
        "bundle_mb": round(sum(entry.bytes for entry in bundle.manifest.files) / 1e6),
        "import_s": round(took),
        "cosine_worst": report.get("cosine_worst"),
        **{runtime: report[runtime] for runtime in ("openvino", "onnxruntime") if runtime in report},
    }


if __name__ == "__main__":
    main()
