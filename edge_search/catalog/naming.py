"""Where a photo from elsewhere goes in a catalog folder: under a name that every system can show."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from hashlib import sha256

from edge_search.catalog.ignored import is_ignored_folder
from edge_search.catalog.sku import clean_sku

__all__ = ["Places", "safe_name"]

# Windows reads a share with these names as devices, whatever extension they have.
_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10)))
)
_FORBIDDEN = frozenset('<>:"|?*\\/')
_LONGEST = 180  # bytes; file systems take 255, and a suffix may come to it
_LONGEST_PATH = 1000


def safe_name(name: bytes) -> str:
    r"""Return a file or folder name that Linux, Windows and Mac take alike, as near to ``name`` as can be.

    Unicode form NFC; control characters and ``<>:"|?*\`` become ``_``; so does what would make it hidden, a
    device of Windows or end in a dot; too long a name is cut and gets a hash.
    """
    text = unicodedata.normalize("NFC", _decoded(name))
    text = "".join("_" if c in _FORBIDDEN or not c.isprintable() else c for c in text)
    stem, dot, extension = text.rpartition(".")
    stem, extension = (stem, f".{extension}") if dot and stem and extension else (text, "")
    stem = stem.strip(" ").rstrip(". ") or "_"
    if stem.startswith((".", "~")) or stem.partition(".")[0].rstrip().casefold() in _RESERVED:
        stem = f"_{stem}"
    stem += "_" if not extension and stem.endswith("~") else ""
    if len((stem + extension).encode()) > _LONGEST:
        extension = extension if len(extension.encode()) < 20 else ""
        kept = stem.encode()[: _LONGEST - 10 - len(extension.encode())].decode("utf-8", "ignore").rstrip(". ")
        stem = f"{kept}~{_short_hash(name)}"
    return stem + extension


class Places:
    """Finds for each photo of a stick its path in a catalog folder; the same one again in every later run.

    A SKU is never changed. Its folder has its name; where that is none for Windows, or differs from another by
    case only, the photos lie in the root as ``<SKU>__<name>``. A photo that the folder has already under a name
    of other case or Unicode form is found there.
    """

    def __init__(self, there: Iterable[bytes]) -> None:
        self._there: dict[tuple[str, str], str] = {}
        self._folders: dict[str, str] = {}
        self._skus: dict[str, str] = {}
        self._taken: set[tuple[str, str]] = set()
        for raw in sorted(there):
            path = os.fsdecode(raw)
            folder, slash, _ = path.partition("/")
            if slash:
                self._folders.setdefault(_fold(folder), folder)
                self._skus.setdefault(_sku(folder), folder)
            self._there.setdefault(self._key(path), path)

    def find(self, path: bytes) -> str:
        """Return the path, relative to the catalog folder, for a photo that lies at ``path`` on the stick.

        Raises ValueError with the reason when there is none that keeps its SKU.
        """
        parts = path.split(b"/")
        wanted = self._in_root(parts[0]) if len(parts) == 1 else self._in_folder(parts)
        if len(wanted.encode("utf-8", "surrogateescape")) > _LONGEST_PATH:
            raise ValueError("the path is too long; use fewer folders in folders")
        key = self._key(wanted)
        if key in self._taken:
            stem, dot, extension = wanted.rpartition(".")
            stem += "" if "/" in wanted or "__" in stem else "__"  # in the root the SKU ends there
            wanted = f"{stem}~{_short_hash(path)}{dot}{extension}"
            key = self._key(wanted)
        self._taken.add(key)
        return self._there.get(key, wanted)

    def _in_root(self, name: bytes) -> str:
        stem, _, extension = name.decode("utf-8", "replace").rpartition(".")
        sku, separator, rest = stem.partition("__")
        separator = "__" if _reserved(sku) else separator
        return _root_name(_sku(sku), f"{separator}{rest}.{extension}" if separator else f".{extension}", name)

    def _in_folder(self, parts: list[bytes]) -> str:
        sku = _sku(parts[0].decode("utf-8", "replace"))
        inner = "/".join(safe_name(part) for part in parts[1:])
        folder = self._skus.get(sku)
        if folder is None:
            other = self._folders.get(_fold(sku))
            plain = safe_name(sku.encode()) == sku or not (_reserved(sku) or sku.endswith("."))
            if (other is not None and other != sku) or not plain or is_ignored_folder(sku.encode()):
                return _root_name(sku, "__" + inner.replace("/", "_"), b"/".join(parts))
            if len(sku.encode()) > 255:
                raise ValueError("the name of its folder is too long; shorten the SKU")
            folder = self._skus[sku] = self._folders[_fold(sku)] = sku
        return f"{folder}/{inner}"

    def _key(self, path: str) -> tuple[str, str]:
        folder, slash, rest = path.partition("/")
        # In the root the name is the SKU, whose case counts; in a folder it is a name only.
        return (_sku(folder), _fold(rest)) if slash else ("", _root_key(path))


def _root_name(sku: str, rest: str, path: bytes) -> str:
    if rest.startswith("__") and ("__" in sku or sku.endswith("_") or sku.startswith((".", "~"))):
        raise ValueError(f"no file name can hold the SKU {sku}; rename its folder")
    name = sku + "".join(
        "_" if c in _FORBIDDEN or not c.isprintable() else c for c in unicodedata.normalize("NFC", rest)
    )
    if len(name.encode()) > _LONGEST + 60:
        name = f"{sku}__~{_short_hash(path)}.{rest.rpartition('.')[2]}"
    if len(name.encode()) > 250:
        raise ValueError("the name is too long; shorten the SKU")
    return name


def _root_key(name: str) -> str:
    sku, separator, rest = name.rpartition(".")[0].partition("__")
    return f"{_sku(sku)}{separator}{_fold(rest)}.{_fold(name.rpartition('.')[2])}"


def _sku(text: str) -> str:
    try:
        return clean_sku(text)
    except ValueError:
        return text


def _reserved(text: str) -> bool:
    return text.partition(".")[0].rstrip().casefold() in _RESERVED


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _decoded(name: bytes) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp1252", "replace")


def _short_hash(name: bytes) -> str:
    return sha256(name).hexdigest()[:8]
