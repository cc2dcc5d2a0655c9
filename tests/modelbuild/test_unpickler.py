"""`.pth` files without PyTorch: both layouts, hostile pickles, damage."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_search.errors import BundleError
from edge_search.modelbuild.unpickler import read_state_dict

WEIGHT = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
COUNT = np.array([5, 6], np.int64)


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


FLOATS = Storage("FloatStorage", "0", WEIGHT.ravel())
LONGS = Storage("LongStorage", "1", COUNT)
STATE = {
    "weight": tensor(FLOATS, 0, (2, 3, 4), (12, 4, 1)),
    "turned": tensor(FLOATS, 0, (4, 3, 2), (1, 4, 12)),
    "late": tensor(FLOATS, 20, (4,), (1,)),
    "parameter": Call("torch._utils", "_rebuild_parameter", tensor(LONGS, 0, (2,), (1,)), True, OrderedDict()),
    "epoch": 7,
}


def legacy(path: Path, item: Any, storages: tuple[Storage, ...] = (FLOATS, LONGS)) -> Path:
    machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, machine)]
    parts += [pickled(item), pickle.dumps([storage.key for storage in storages], 2)]
    for storage in storages:
        parts += [len(storage.values).to_bytes(8, "little"), storage.values.tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def zipped(path: Path, item: Any, storages: tuple[Storage, ...] = (FLOATS, LONGS)) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled(item))
        archive.writestr("archive/byteorder", "little")
        for storage in storages:
            archive.writestr(f"archive/data/{storage.key}", storage.values.tobytes())
    return path


LAYOUTS: tuple[Callable[..., Path], ...] = (legacy, zipped)


@pytest.mark.parametrize("write", LAYOUTS)
@pytest.mark.parametrize("wrap", [lambda state: state, lambda state: {"epoch": 3, "state_dict": state}])
def test_both_layouts_are_read(tmp_path: Path, write: Callable[..., Path], wrap: Callable[[Any], Any]) -> None:
    found = read_state_dict(write(tmp_path / "a.pth", wrap(STATE)))
    assert set(found) == {"weight", "turned", "late", "parameter"}
    assert np.array_equal(found["weight"], WEIGHT)
    assert np.array_equal(found["turned"], WEIGHT.transpose())
    assert np.array_equal(found["late"], WEIGHT.ravel()[20:])
    assert np.array_equal(found["parameter"], COUNT)
    assert found["weight"].flags.c_contiguous


@pytest.mark.parametrize("write", LAYOUTS)
@pytest.mark.parametrize(
    ("module", "name"),
    [("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "getattr"), ("torch", "load")],
)
def test_any_other_global_is_refused_by_name(
    tmp_path: Path, write: Callable[..., Path], module: str, name: str
) -> None:
    touched = tmp_path / "touched"
    with pytest.raises(BundleError, match=f"{module}.{name}"):
        read_state_dict(write(tmp_path / "a.pth", {"weight": Call(module, name, f"touch {touched}")}))
    assert not touched.exists()


def test_a_real_os_system_pickle_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, (f"touch {tmp_path / 'touched'}",)

    (tmp_path / "a.pth").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(BundleError, match="system"):
        read_state_dict(tmp_path / "a.pth")
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("write", LAYOUTS)
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.99])
def test_truncated_files_give_one_line(tmp_path: Path, write: Callable[..., Path], share: float) -> None:
    file = write(tmp_path / "a.pth", STATE)
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    with pytest.raises(BundleError) as refused:
        read_state_dict(file)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("write", LAYOUTS)
@pytest.mark.parametrize(
    "bad",
    [
        tensor(FLOATS, 1, (2, 3, 4), (12, 4, 1)),
        tensor(FLOATS, 0, (2, 3, 4), (1200, 4, 1)),
        tensor(FLOATS, 0, (1 << 40,), (1,)),
        tensor(FLOATS, 0, (2,), (-1,)),
        tensor(FLOATS, -4, (2,), (1,)),
        tensor(FLOATS, 0, (2, 2), (1,)),
    ],
)
def test_views_outside_their_storage_are_refused(tmp_path: Path, write: Callable[..., Path], bad: Call) -> None:
    with pytest.raises(BundleError, match="tensor 'weight'"):
        read_state_dict(write(tmp_path / "a.pth", {"weight": bad}, (FLOATS,)))


def test_storages_of_another_length_are_refused(tmp_path: Path) -> None:
    shorter = Storage("FloatStorage", "0", WEIGHT.ravel()[:-1])
    for write in LAYOUTS:
        with pytest.raises(BundleError, match="damaged"):
            read_state_dict(write(tmp_path / "a.pth", STATE, (shorter, LONGS)))


@pytest.mark.parametrize("data", [b"", b"not a pickle", b"PK\x03\x04", pickle.dumps({"a": 1}), pickle.dumps([])])
def test_foreign_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.pth").write_bytes(data)
    with pytest.raises(BundleError):
        read_state_dict(tmp_path / "a.pth")


def test_other_zips_and_empty_dicts_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(BundleError, match="holds no PyTorch weights"):
        read_state_dict(tmp_path / "a.pth")
    with pytest.raises(BundleError, match="holds no tensors"):
        read_state_dict(zipped(tmp_path / "b.pth", {"epoch": 1}))
    with pytest.raises(BundleError, match="can't read weights"):
        read_state_dict(tmp_path / "absent.pth")
