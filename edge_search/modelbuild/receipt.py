"""What was pulled, from where, with which hashes: ``receipt.json`` beside the files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_search.encoder.manifest import hash_file
from edge_search.errors import BundleError
from edge_search.modelbuild.repository import CONFIG, WEIGHTS, local_path

__all__ = ["RECEIPT", "PulledFile", "Receipt", "pulled_weights", "weights_folder"]

RECEIPT = "receipt.json"


@dataclass(frozen=True)
class PulledFile:
    """One file: its path in the repository, its SHA-256 in hex, its length."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Receipt:
    """One pull: ``commit`` is what ``revision`` stood for then."""

    name: str
    repo: str
    revision: str
    commit: str
    endpoint: str
    files: tuple[PulledFile, ...]

    @classmethod
    def read(cls, folder: Path) -> Receipt | None:
        """Read the folder's receipt; None without one, BundleError when it can't be used."""
        file = folder / RECEIPT
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            files = tuple(PulledFile(**entry) for entry in document.pop("files"))
            return cls(**document, files=files)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise BundleError(f"{file} can't be used ({error}); pull the model again") from error

    def text(self) -> str:
        """As it is written beside the files."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def verify(self, folder: Path) -> None:
        """Hash every file; BundleError naming the first that is missing or not what was pulled."""
        for entry in self.files:
            file = local_path(folder, entry.name)
            try:
                whole = file.stat().st_size == entry.bytes and hash_file(file) == entry.sha256
            except OSError as error:
                raise BundleError(f"can't read {file}: {error.strerror}; pull or copy it again") from error
            if not whole:
                raise BundleError(f"{file} is not the file that was pulled; pull or copy it again")


def weights_folder(home: Path, name: str) -> Path:
    """Where `model pull` puts the weights of ``name``, and where `model build` looks for them."""
    return home / "weights" / name


def pulled_weights(home: Path, name: str) -> Path | None:
    """Return the weights file of ``name`` in this home, its ``config.json`` beside it; None if there is none.

    Files that came with a receipt are hashed first (0.2 s for 80 MB). Files copied there by hand have none;
    the build checks every tensor of them anyway. Raises BundleError for a damaged or half-copied folder.
    """
    folder = weights_folder(home, name)
    receipt = Receipt.read(folder)
    weights = next((folder / file for file in WEIGHTS if (folder / file).is_file()), None)
    if receipt is not None:
        receipt.verify(folder)
    elif weights is not None and not (folder / CONFIG).is_file():
        raise BundleError(f"{folder} holds {weights.name} but no {CONFIG}; copy that file of the repository too")
    return weights
