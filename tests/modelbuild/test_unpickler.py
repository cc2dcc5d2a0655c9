"""`.pth` files without PyTorch: both layouts, hostile pickles, damage."""

from __future__ import annotations

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
from tests.modelbuild import pth_files
from tests.modelbuild.pth_files import Call, Storage, tensor

WEIGHT = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
COUNT = np.array([5, 6], np.int64)
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
    return pth_files.legacy(path, item, storages)


def zipped(path: Path, item: Any, storages: tuple[Storage, ...] = (FLOATS, LONGS)) -> Path:
    return pth_files.zipped(path, item, storages)


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


@pytest.mark.parametrize("write", LAYOUTS)
def test_damage_names_the_tensor(tmp_path: Path, write: Callable[..., Path]) -> None:
    file = write(tmp_path / "a.pth", {"first.weight": STATE["late"], "second.weight": STATE["parameter"]})
    data = file.read_bytes()
    place = data.rindex(COUNT.tobytes())
    cut = data[: place + 3] if write is legacy else data[:place] + b"\x77" + data[place + 1 :]
    file.write_bytes(cut)
    with pytest.raises(BundleError, match=r"in tensor 'second\.weight'"):
        read_state_dict(file)


def test_storages_that_no_tensor_of_the_state_dict_needs_are_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        item = {"state_dict": {"weight": STATE["weight"]}, "optimizer": {"moment": STATE["parameter"]}}
        archive.writestr("archive/data.pkl", pth_files.pickled(item))
        archive.writestr("archive/data/0", WEIGHT.tobytes())  # the optimizer's is missing
    assert list(read_state_dict(tmp_path / "a.pth")) == ["weight"]
