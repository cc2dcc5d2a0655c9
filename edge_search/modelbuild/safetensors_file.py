"""Reads ``.safetensors`` files through their own library, and says first what a damaged one lacks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_search.errors import BundleError

__all__ = ["open_safetensors"]

_DTYPES = {"F16": "float16", "F32": "float32", "F64": "float64"}
_LARGEST_HEADER = 100_000_000  # the library's own limit


@dataclass(frozen=True)
class _Tensor:
    """Shape and dtype as the header says; the numbers are read when it becomes an array."""

    file: Any
    name: str
    shape: tuple[int, ...]
    dtype: str

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if self.dtype.startswith("BF"):
            raise BundleError(f"tensor {self.name!r} is {self.dtype}; save the weights as float32")
        return np.asarray(self.file.get_tensor(self.name), dtype)


@contextmanager
def open_safetensors(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield name -> tensor; BundleError, one line, for a file that is cut short or damaged."""
    from safetensors import SafetensorError, safe_open

    _check_whole(path)
    try:
        with safe_open(str(path), framework="np") as file:
            tensors = {}
            for name in file.keys():  # noqa: SIM118 - it is no mapping
                part = file.get_slice(name)
                kind = str(part.get_dtype())
                tensors[name] = _Tensor(file, name, tuple(part.get_shape()), _DTYPES.get(kind, kind))
            if not tensors:
                raise BundleError(f"{path} holds no tensors; it is no checkpoint")
            yield tensors
    except SafetensorError as error:
        raise BundleError(f"{path} is damaged ({error}); download it again") from error


def _check_whole(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(min(length, _LARGEST_HEADER))
    if len(header) != length:
        raise BundleError(f"{path} is cut short in its list of tensors: {size} bytes; download it again")
    try:
        entries = {name: entry["data_offsets"] for name, entry in json.loads(header).items() if name != "__metadata__"}
        ends = sorted((8 + length + int(end), name) for name, (_, end) in entries.items())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BundleError(f"{path} has a damaged list of tensors ({error}); download it again") from error
    for end, name in ends:
        if end > size:
            raise BundleError(
                f"{path} is cut short in tensor {name!r}: {size} bytes of {ends[-1][0]}; download it again"
            )
