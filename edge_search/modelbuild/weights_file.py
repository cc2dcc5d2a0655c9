"""Opens a weights file of any kind by its content, never by its name, and without running what is in it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_search.errors import BundleError
from edge_search.modelbuild.keras_file import open_h5, open_keras
from edge_search.modelbuild.safetensors_file import open_safetensors
from edge_search.modelbuild.unpickler import read_state_dict

__all__ = ["WeightsFile", "open_weights"]

_WRAPPED = "module."  # what DataParallel puts before every name


@dataclass(frozen=True)
class WeightsFile:
    """An opened file: ``tensors`` have a shape and a dtype, and become arrays when they are read.

    ``graph`` is the layer list of a Keras model, where the file has one.
    """

    tensors: Mapping[str, Any]
    graph: Mapping[str, Any] | None = None


@contextmanager
def open_weights(path: Path) -> Iterator[WeightsFile]:
    """Open ``model.safetensors``, a ``.pth`` or ``.bin`` state dict, Keras' ``.h5`` or ``.keras``.

    Raises BundleError, one line with the file's name, for a file that is missing, cut short or something else.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise BundleError(f"can't read weights {path}: {error.strerror or error}") from error
    if head.startswith(b"PK\x03\x04"):
        kind = _zip_kind(path)
    elif head.startswith(b"\x89HDF\r\n\x1a\n"):
        kind = "h5"
    elif head.startswith(b"\x80") and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        kind = "pth"
    elif len(head) > 8 and head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 1 << 32:
        kind = "safetensors"
    else:
        raise BundleError(f"{path} {_foreign(head, size)}")
    if kind == "pth":
        tensors = read_state_dict(path)
        if all(name.startswith(_WRAPPED) for name in tensors):
            tensors = {name.removeprefix(_WRAPPED): value for name, value in tensors.items()}
        yield WeightsFile(tensors)
    elif kind == "safetensors":
        with open_safetensors(path) as lazy:
            yield WeightsFile(lazy)
    else:
        with (open_h5 if kind == "h5" else open_keras)(path) as (arrays, graph):
            yield WeightsFile(arrays, graph)


def _zip_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        raise BundleError(f"{path} is cut short: its directory of contents is missing; download it again") from None
    if "model.weights.h5" in names:
        return "keras"
    if any(name == "data.pkl" or name.endswith("/data.pkl") for name in names):
        return "pth"
    raise BundleError(f"{path} is a zip file, but holds no PyTorch or Keras weights; name the weights file itself")


def _foreign(head: bytes, size: int) -> str:
    """What a file is that isn't weights, and what to do."""
    if not head:
        return "is empty; download it again"
    if head.startswith(b"version https://git-lfs"):
        wanted = next((line.split()[-1] for line in head.split(b"\n") if line.startswith(b"size ")), b"?")
        return (
            f"is a Git LFS pointer, not the {wanted.decode(errors='replace')} bytes it stands for; "
            "run 'git lfs pull' there, or download the file itself"
        )
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "is a web page saved under that name; use the page's download link"
    if start.startswith((b"{", b"[")) and size < 1 << 20:
        return "is a JSON file; name the weights file itself"
    text = head.decode("utf-8", errors="ignore")
    if len(text.encode()) >= len(head) - 3 and all(sign.isprintable() or sign in "\r\n\t" for sign in text):
        return "is a text file, no weights; name the weights file itself"
    return "is no weights file of a known kind (.safetensors, .pth, .bin, .h5, .keras), or its beginning is damaged"
