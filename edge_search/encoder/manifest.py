"""What ``manifest.json`` of a bundle says, checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from edge_search.encoder.level import Level, Pooling
from edge_search.errors import BundleError, EdgeSearchError
from edge_search.imaging.recipe import Recipe

__all__ = ["SCHEMA", "BundleFile", "Manifest", "Network", "hash_file"]

SCHEMA = 1
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class BundleFile:
    """One file of the bundle: its name in the folder, SHA-256 in hex, length in bytes."""

    name: str
    sha256: str
    bytes: int

    @classmethod
    def measure(cls, path: Path) -> BundleFile:
        """Describe a file that exists."""
        return cls(path.name, hash_file(path), path.stat().st_size)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BundleFile:
        """Check an entry of the manifest; ValueError for a name that leaves the folder."""
        name, sha256, size = str(data["name"]), str(data["sha256"]), data["bytes"]
        if not _PLAIN_NAME.fullmatch(name):
            raise ValueError(f"file name {name!r} is not a plain name in the bundle's folder")
        if not _SHA256.fullmatch(sha256) or type(size) is not int or size < 0:
            raise ValueError(f"hash or size of {name} is malformed")
        return cls(name, sha256, size)

    def to_dict(self) -> dict[str, Any]:
        """As in the manifest."""
        return {"name": self.name, "sha256": self.sha256, "bytes": self.bytes}


@dataclass(frozen=True)
class Network:
    """The network as one runtime wants it; the first file is the one to open.

    ``canary`` is the feature this runtime gives for the bundle's photo: rounding to bytes in another order
    puts two runtimes up to .005 apart, more than a canary may allow.
    """

    runtime: str
    precision: str
    files: tuple[BundleFile, ...]
    canary: BundleFile


@dataclass(frozen=True)
class Manifest:
    """The fields a running appliance needs; ``document`` is the whole JSON."""

    name: str
    architecture: str
    recipe: Recipe
    levels: tuple[Level, ...]
    dimension: int
    precision: str
    networks: tuple[Network, ...]
    canary_photo: BundleFile
    projection: BundleFile | None
    verdict: Mapping[str, float]
    others: tuple[BundleFile, ...]
    document: Mapping[str, Any]

    @property
    def files(self) -> tuple[BundleFile, ...]:
        """Every file of the bundle except the manifest itself."""
        networks = [file for network in self.networks for file in (*network.files, network.canary)]
        projection = [] if self.projection is None else [self.projection]
        return tuple(dict.fromkeys([*networks, self.canary_photo, *projection, *self.others]))

    @property
    def fingerprint(self) -> str:
        """16 hex digits over network files, recipe and levels.

        One for all runtimes: their files share a bundle only after the guard found them to agree.
        """
        content = {
            "networks": sorted({file.sha256 for network in self.networks for file in network.files}),
            "recipe": self.recipe.to_dict(),
            "levels": [_identity(level) for level in self.levels],
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @classmethod
    def parse(cls, text: str) -> Manifest:
        """Read the JSON; BundleError, one line, for whatever is missing or malformed."""
        try:
            document = json.loads(text)
            if not isinstance(document, dict) or document.get("schema") != SCHEMA:
                raise ValueError(f"it is not of schema {SCHEMA}; a newer edge-search may have written it")
            return cls._from_document(document)
        except KeyError as error:
            raise BundleError(f"manifest.json has no field {error}") from error
        except (ValueError, TypeError, AttributeError, EdgeSearchError) as error:
            raise BundleError(f"manifest.json can't be used: {error}") from error

    @classmethod
    def _from_document(cls, document: dict[str, Any]) -> Manifest:
        feature, projection = document["feature"], document.get("projection")
        levels = tuple(_level(entry) for entry in feature["levels"])
        if not levels or sum(level.channels for level in levels) != feature["dimension"]:
            raise ValueError("the levels don't add up to the feature's dimension")
        networks = tuple(_network(entry) for entry in document["networks"])
        if not networks:
            raise ValueError("it names no network")
        if not _PLAIN_NAME.fullmatch(str(document["name"])):
            raise ValueError(f"{document['name']!r} is not a plain name")
        return cls(
            name=str(document["name"]),
            architecture=str(document["architecture"]),
            recipe=Recipe.from_dict(document["recipe"]),
            levels=levels,
            dimension=int(feature["dimension"]),
            precision=str(document["precision"]),
            networks=networks,
            canary_photo=BundleFile.from_dict(document["canary"]),
            projection=None if projection is None else BundleFile.from_dict(projection),
            verdict={str(key): float(value) for key, value in (document.get("verdict") or {}).items()},
            others=tuple(BundleFile.from_dict(entry) for entry in document.get("documents", [])),
            document=document,
        )


def _level(entry: Mapping[str, Any]) -> Level:
    if entry["pooling"] not in get_args(Pooling):
        raise ValueError(f"pooling {entry['pooling']!r} is unknown")
    channels, weight, power = entry["channels"], float(entry.get("weight", 1.0)), float(entry.get("power", 1.0))
    if type(channels) is not int or channels < 1 or not 0 < weight < 1e6 or not 0 < power <= 4:
        raise ValueError(f"level {entry['name']!r} has an unusable size, weight or power")
    return Level(str(entry["name"]), channels, entry["pooling"], weight, power)


def _identity(level: Level) -> list[str | int | float]:
    # Features of bundles from before there were powers stay what they were.
    power = [level.power] if level.power != 1.0 else []
    return [level.name, level.channels, level.pooling, level.weight, *power]


def _network(entry: Mapping[str, Any]) -> Network:
    files = tuple(BundleFile.from_dict(file) for file in entry["files"])
    if not files:
        raise ValueError(f"the network for {entry['runtime']} has no file")
    canary = BundleFile.from_dict(entry["canary"])
    return Network(str(entry["runtime"]), str(entry["precision"]), files, canary)


def hash_file(path: Path) -> str:
    """SHA-256 of a file in hex, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
