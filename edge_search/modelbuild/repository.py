"""Which repository of the public hub holds the weights of a model, as data: ``models/hub/repositories.toml``."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from edge_search.encoder.bundle import default_bundle_root
from edge_search.errors import BundleError, InvalidValue

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["CONFIG", "WEIGHTS", "Repository", "find_repository", "known_repositories"]

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""Of these a pull takes the first that the repository has."""
_FILE = "hub/repositories.toml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Repository:
    """One model's place on the hub.

    ``revision`` is a branch, tag or commit. ``files`` are paths in the repository; empty means its
    configuration and its weights. ``sha256`` pins the weights file, where it is known.
    """

    name: str
    repo: str
    revision: str = "main"
    files: tuple[str, ...] = ()
    sha256: str | None = None


def known_repositories() -> dict[str, Repository]:
    """Return every model that ``model pull`` knows by name; BundleError when the list can't be used."""
    for root in default_bundle_root():
        file = root / _FILE
        if not file.is_file():
            continue
        try:
            document: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
            return {name: _checked(Repository(name, **entry)) for name, entry in document.items()}
        except (OSError, TypeError, ValueError, InvalidValue) as error:
            raise BundleError(f"the list of repositories {file} can't be used: {error}") from error
    return {}


def find_repository(
    name: str, repo: str | None = None, revision: str | None = None, files: tuple[str, ...] = ()
) -> Repository:
    """Return where ``name`` lies on the hub; a given repository, revision or file list wins over the known one.

    Raises InvalidValue for a name nobody knows without ``repo``, and for a name or path that can't be one.
    """
    known = known_repositories()
    if repo is None and name not in known:
        names = ", ".join(known) or "none"
        raise InvalidValue(f"no repository is known for {name!r}; name one with --repo, or pull one of: {names}")
    found = known[name] if repo is None or (name in known and known[name].repo == repo) else Repository(name, repo)
    if revision is not None:
        found = replace(found, revision=revision, sha256=None)
    return _checked(replace(found, files=files or found.files))


def _checked(repository: Repository) -> Repository:
    if not _NAME.fullmatch(repository.name):
        raise InvalidValue(f"{repository.name!r} is not a plain name: letters, digits, dot, dash, underscore")
    if not _REPO.fullmatch(repository.repo):
        raise InvalidValue(f"{repository.repo!r} is no repository; it is written OWNER/NAME")
    if not repository.revision or not repository.revision.isprintable():
        raise InvalidValue(f"{repository.revision!r} is no revision; give a branch, a tag or a commit")
    if repository.sha256 is not None and not _SHA256.fullmatch(repository.sha256):
        raise InvalidValue(f"{repository.sha256!r} is no SHA-256 in hex")
    for name in repository.files:
        path = PurePosixPath(name)
        if path.is_absolute() or not path.parts or "\\" in name or any(p.startswith(".") for p in path.parts):
            raise InvalidValue(f"{name!r} is no file of a repository")
    return repository


def local_path(folder: Path, name: str) -> Path:
    """Where a file of the repository lies in the folder it is pulled into."""
    return folder.joinpath(*PurePosixPath(name).parts)
