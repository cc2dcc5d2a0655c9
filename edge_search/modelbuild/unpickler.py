"""Reads PyTorch's ``.pth`` files without PyTorch, and without running what is in them.

A ``.pth`` is a pickle, and a pickle can call anything. Here only the few names a state dict needs exist;
any other is refused by name. Both layouts are read: the zip archive (PyTorch 1.6 and later) and the older
stream of pickles that begins with a magic number.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from edge_search.errors import BundleError

__all__ = ["read_state_dict"]

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_DTYPES: dict[str, str] = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "|i1",
    "ByteStorage": "|u1",
    "BoolStorage": "|b1",
}


@dataclass(frozen=True)
class _StorageType:
    """Stands for ``torch.FloatStorage`` and its siblings."""

    dtype: str


@dataclass
class _Storage:
    """One run of numbers; ``values`` is filled after the pickle, when it is known which tensor needs them."""

    dtype: str
    length: int
    values: NDArray[Any] | None = None


@dataclass(frozen=True)
class _Tensor:
    """A view into a storage, as the pickle describes it."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    def array(self, name: str) -> NDArray[Any]:
        """Copy out the view; BundleError if it reaches outside its storage."""
        values = self.storage.values
        numbers = (self.offset, *self.shape, *self.stride)
        sound = len(self.shape) == len(self.stride) and all(type(n) is int and n >= 0 for n in numbers)
        if values is None or not sound:
            raise BundleError(f"tensor {name!r} has no usable values; download the weights again")
        if 0 in self.shape:
            return np.zeros(self.shape, values.dtype)
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.stride, strict=True))
        if last >= len(values):
            raise BundleError(f"tensor {name!r} reaches outside its storage; download the weights again")
        steps = tuple(s * values.itemsize for s in self.stride)
        view: NDArray[Any] = np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, steps)
        return np.array(view)


def _rebuild_tensor(storage: _Storage, offset: int, shape: Any, stride: Any, *_: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise BundleError("a tensor in the weights file has no storage; download the weights again")
    return _Tensor(storage, offset, tuple(shape), tuple(stride))


def _rebuild_parameter(data: _Tensor, *_: Any) -> _Tensor:
    return data


_ALLOWED: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
    **{("torch", name): _StorageType(dtype) for name, dtype in _DTYPES.items()},
}


class _Unpickler(pickle.Unpickler):
    """Knows the allowed names only; storages come from ``load(key, dtype, length)``."""

    def __init__(self, file: IO[bytes], load: Callable[[str, str, int], _Storage]) -> None:
        super().__init__(file, encoding="utf-8")
        self._load = load

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in of an allowed global; BundleError naming any other."""
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise BundleError(
                f"the weights file asks for {module}.{name}, which a state dict never needs; it is refused: "
                "save the state dict alone"
            ) from None

    def persistent_load(self, pid: Any) -> _Storage:
        """Resolve ``("storage", type, key, place, length, ...)``."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise BundleError("the weights file refers to something that is not a tensor; it is refused")
        _, kind, key, _, length = pid[:5]
        if len(pid) > 5 and pid[5] is not None:
            raise BundleError("the weights file uses storage views, which no state dict here needs")
        if not isinstance(kind, _StorageType) or type(length) is not int or length < 0:
            raise BundleError("the weights file describes a storage of an unknown kind; it is refused")
        return self._load(str(key), kind.dtype, length)


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Read the tensors of a ``.pth`` state dict.

    Returns name -> array, C-contiguous, in the file's own dtypes. A dict that wraps one (``state_dict``,
    ``model``) is opened. Raises BundleError, one line, for a missing, truncated or foreign file and for a
    pickle that asks for anything but tensors.
    """
    try:
        with path.open("rb") as file:
            found = _read_zip(path) if file.read(4) == b"PK\x03\x04" else _read_legacy(file)
    except BundleError:
        raise
    except OSError as error:
        raise BundleError(f"can't read weights {path}: {error.strerror or error}") from error
    except Exception as error:  # pickle raises nearly anything on damaged bytes
        raise BundleError(f"{path} is cut short or no PyTorch weights file ({error}); download it again") from error
    tensors = _unwrap(found)
    if not tensors:
        raise BundleError(f"{path} holds no tensors; it is no state dict")
    return {name: tensor.array(name) for name, tensor in tensors.items()}


def _unwrap(found: Any) -> dict[str, _Tensor]:
    for key in ("state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(key), dict):
            found = found[key]
    if not isinstance(found, dict):
        return {}
    return {str(name): value for name, value in found.items() if isinstance(value, _Tensor)}


def _owners(found: Any) -> dict[int, str]:
    """Identity of each storage that a tensor of the state dict needs -> the first such tensor's name."""
    owners: dict[int, str] = {}
    for name, tensor in _unwrap(found).items():
        owners.setdefault(id(tensor.storage), name)
    return owners


def _read_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        pickles = [name for name in names if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise BundleError(f"{path} is a zip file, but holds no PyTorch weights")
        root = pickles[0].removesuffix("data.pkl")
        if f"{root}byteorder" in names and archive.read(f"{root}byteorder") != b"little":
            raise BundleError(f"{path} was written on a big-endian machine; save it again on a little-endian one")
        storages: dict[str, _Storage] = {}

        def load(key: str, dtype: str, length: int) -> _Storage:
            return storages.setdefault(key, _Storage(dtype, length))

        with archive.open(pickles[0]) as file:
            found = _Unpickler(file, load).load()
        owners = _owners(found)
        for key, storage in storages.items():
            if id(storage) in owners:  # not an optimizer's
                storage.values = _stored(archive, f"{root}data/{key}", storage, owners[id(storage)])
    return found


def _stored(archive: zipfile.ZipFile, member: str, storage: _Storage, name: str) -> NDArray[Any]:
    """The numbers of one storage, which tensor ``name`` needs."""
    try:
        found, size = archive.getinfo(member).file_size, storage.length * np.dtype(storage.dtype).itemsize
        if found != size:
            raise BundleError(f"{archive.filename} is damaged: tensor {name!r} has {found} bytes, not {size}")
        return np.frombuffer(archive.read(member), storage.dtype)
    except KeyError:
        raise BundleError(f"{archive.filename} is damaged: the numbers of tensor {name!r} are missing") from None
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise BundleError(f"{archive.filename} is damaged in tensor {name!r} ({error}); download it again") from error


def _read_legacy(file: IO[bytes]) -> Any:
    file.seek(0)
    storages: dict[str, _Storage] = {}

    def load(key: str, dtype: str, length: int) -> _Storage:
        return storages.setdefault(key, _Storage(dtype, length))

    def step() -> Any:
        return _Unpickler(file, load).load()

    if step() != _MAGIC or step() != _PROTOCOL:
        raise BundleError(f"{file.name} is no PyTorch weights file")
    machine = step()
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise BundleError(f"{file.name} was written on a big-endian machine; save it again on a little-endian one")
    found = step()
    owners = _owners(found)
    for key in step():
        storage = storages.get(str(key))
        name = owners.get(id(storage), f"storage {key}")
        length = int.from_bytes(file.read(8), "little")
        if storage is None or storage.length != length:
            raise BundleError(f"{file.name} is damaged: tensor {name!r} has {length} numbers, not what it needs")
        size = length * np.dtype(storage.dtype).itemsize
        data = file.read(size)
        if len(data) != size:
            raise BundleError(
                f"{file.name} is cut short in tensor {name!r}: {len(data)} of its {size} bytes; download it again"
            )
        storage.values = np.frombuffer(data, storage.dtype)
    return found
