"""Writes what PyTorch writes, in both layouts, without PyTorch; and what it never would."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Global:
    """Pickles as the name of a global, whatever it is."""

    def __init__(self, module: str, name: str) -> None:
        self.where = (module, name)


class Call:
    """Pickles as a call of a global."""

    def __init__(self, module: str, name: str, *arguments: Any) -> None:
        self.call = (Global(module, name), arguments)


class Storage:
    def __init__(self, kind: str, key: str, values: np.ndarray[Any, Any]) -> None:
        self.kind, self.key, self.values = kind, key, values


_PurePickler: Any = pickle._Pickler  # the one that can be extended


class Writer(_PurePickler):  # type: ignore[misc]
    """Writes what PyTorch writes, without it."""

    def persistent_id(self, item: Any) -> Any:
        if isinstance(item, Storage):
            return ("storage", Global("torch", item.kind), item.key, "cpu", len(item.values))
        return None

    def save(self, item: Any, save_persistent_id: bool = True) -> None:
        if isinstance(item, Global):
            self.write(f"c{item.where[0]}\n{item.where[1]}\n".encode())
        elif isinstance(item, Call):
            self.save(item.call[0])
            self.save(item.call[1])
            self.write(pickle.REDUCE)
        else:
            super().save(item, save_persistent_id)


def pickled(item: Any) -> bytes:
    file = io.BytesIO()
    Writer(file, 2).dump(item)
    return file.getvalue()


def tensor(storage: Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]) -> Call:
    return Call("torch._utils", "_rebuild_tensor_v2", storage, offset, shape, stride, False, OrderedDict())


def legacy(path: Path, item: Any, storages: tuple[Storage, ...]) -> Path:
    machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, machine)]
    parts += [pickled(item), pickle.dumps([storage.key for storage in storages], 2)]
    for storage in storages:
        parts += [len(storage.values).to_bytes(8, "little"), storage.values.tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def zipped(path: Path, item: Any, storages: tuple[Storage, ...]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(item))
        archive.writestr("archive/byteorder", "little")
        for storage in storages:
            archive.writestr(f"archive/data/{storage.key}", storage.values.tobytes())
    return path


def state_dict(state: Mapping[str, NDArray[Any]]) -> tuple[dict[str, Call], tuple[Storage, ...]]:
    """Tensors as ``torch.save(model.state_dict())`` has them, each with a storage of its own."""
    kinds = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage"}
    tensors, storages = {}, []
    for key, (name, value) in enumerate(state.items()):
        storages.append(Storage(kinds[value.dtype.name], str(key), np.ascontiguousarray(value).reshape(-1)))
        strides = tuple(step // value.itemsize for step in np.ascontiguousarray(value).strides) if value.ndim else ()
        tensors[name] = tensor(storages[-1], 0, value.shape, strides)
    return tensors, tuple(storages)
