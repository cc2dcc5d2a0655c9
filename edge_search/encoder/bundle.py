"""A bundle: the folder that holds one encoder."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_search.encoder.level import Level
from edge_search.encoder.manifest import BundleFile, Manifest, Network, hash_file
from edge_search.encoder.plain_projection import PlainProjection
from edge_search.errors import BundleError, RuntimeUnavailable
from edge_search.imaging.recipe import Recipe

__all__ = ["MANIFEST", "Bundle", "default_bundle_root", "find_bundles"]

MANIFEST = "manifest.json"
_LARGEST_MANIFEST = 1 << 20
_log = logging.getLogger("edge_search")


@dataclass(frozen=True)
class Bundle:
    """An opened bundle: its folder and its checked manifest."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: str | Path) -> Bundle:
        """Read and check the manifest, and that each file is there with its size. Cheap: nothing is hashed.

        Raises BundleError naming the folder and what is wrong.
        """
        folder = Path(path)
        file = folder / MANIFEST
        try:
            if file.stat().st_size > _LARGEST_MANIFEST:
                raise BundleError(f"{file} is far larger than a manifest; it is not one")
            manifest = Manifest.parse(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BundleError(f"{folder} is no bundle: it holds no {MANIFEST}") from None
        except (OSError, UnicodeDecodeError) as error:
            raise BundleError(f"can't read {file}: {error}") from error
        except BundleError as error:
            raise BundleError(f"{folder}: {error}") from error
        bundle = cls(folder, manifest)
        for entry in manifest.files:
            bundle._check_size(entry)
        return bundle

    def verify(self) -> None:
        """Hash every file; BundleError naming the first that differs from the manifest."""
        for entry in self.manifest.files:
            self._check_size(entry)
            try:
                found = hash_file(self.path / entry.name)
            except OSError as error:
                raise BundleError(f"can't read {self.path / entry.name}: {error.strerror}") from error
            if found != entry.sha256:
                raise BundleError(f"{self.path / entry.name} is damaged: its hash differs from the manifest's")

    def _check_size(self, entry: BundleFile) -> None:
        file = self.path / entry.name
        try:
            size = file.stat().st_size
        except OSError as error:
            raise BundleError(f"{file} is missing; copy or build the bundle again") from error
        if size != entry.bytes:
            raise BundleError(f"{file} has {size} bytes, not {entry.bytes}; copy or build the bundle again")

    @property
    def name(self) -> str:
        """Name of the encoder, as in ``model list``."""
        return self.manifest.name

    @property
    def fingerprint(self) -> str:
        """16 hex digits over weights, recipe and levels; every stored feature carries it."""
        return self.manifest.fingerprint

    @property
    def recipe(self) -> Recipe:
        """How a picture becomes pixels."""
        return self.manifest.recipe

    @property
    def levels(self) -> tuple[Level, ...]:
        """The parts of the feature."""
        return self.manifest.levels

    @property
    def dimension(self) -> int:
        """Numbers in a feature."""
        return self.manifest.dimension

    @property
    def verdict(self) -> Mapping[str, float]:
        """Default thresholds on the cosine; may be empty."""
        return self.manifest.verdict

    @property
    def canary_photo(self) -> BundleFile:
        """The photo whose feature is known."""
        return self.manifest.canary_photo

    def network(self, runtime: str) -> Network:
        """The network for ``runtime``; RuntimeUnavailable if the bundle has none."""
        for network in self.manifest.networks:
            if network.runtime == runtime:
                return network
        raise RuntimeUnavailable(f"{self.name} has no network for {runtime}; use another runtime")

    def load_projection(self) -> PlainProjection | None:
        """The fixed plain projection; None means the identity."""
        entry = self.manifest.projection
        return None if entry is None else PlainProjection.load(self.path / entry.name, self.dimension)


def find_bundles(roots: Sequence[Path]) -> list[Bundle]:
    """Open every bundle right under the roots, by name; of two with one name the earlier root's.

    A folder that looks like a bundle but can't be used is left out with a warning.
    """
    found: dict[str, Bundle] = {}
    for root in roots:
        for file in sorted(root.glob(f"*/{MANIFEST}")):
            try:
                bundle = Bundle.open(file.parent)
            except BundleError as error:
                _log.warning("left out: %s", error)
            else:
                found.setdefault(bundle.name, bundle)
    return [found[name] for name in sorted(found)]


def default_bundle_root() -> list[Path]:
    """Where the bundles that came with edge-search lie: in the wheel, or beside the code in a checkout."""
    package = Path(__file__).resolve().parent.parent
    roots = [package / "models"]
    if (package.parent / "pyproject.toml").is_file():
        roots.append(package.parent / "models")
    return [root for root in roots if root.is_dir()]
