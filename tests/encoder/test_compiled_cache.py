"""Compiled networks in the home: quick starts, never a wrong answer."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_search.encoder import compiled_cache
from edge_search.encoder.bundle import Bundle, default_bundle_root
from edge_search.encoder.compiled_cache import CompiledCache, processor
from edge_search.encoder.encoder import Encoder, load_encoder
from edge_search.encoder.openvino_runtime import OpenVinoRuntime

PIXELS = np.random.default_rng(0).integers(0, 255, (1, 320, 320, 3), np.uint8)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(next(root for root in default_bundle_root()) / "efficientnet-lite2-int8")


def loaded(bundle: Bundle, cache: CompiledCache, threads: int = 1) -> tuple[Encoder, bool]:
    encoder = load_encoder(bundle, "openvino", threads, cache=cache)
    assert isinstance(encoder.runtime, OpenVinoRuntime)
    return encoder, encoder.runtime.from_cache


def only_file(cache: CompiledCache) -> Path:
    (file,) = cache.folder.iterdir()
    return file


def test_the_second_start_compiles_nothing_and_answers_the_same(bundle: Bundle, tmp_path: Path) -> None:
    cache = CompiledCache(tmp_path / "cache")
    first, compiled_before = loaded(bundle, cache)
    assert not compiled_before
    written = only_file(cache).stat().st_mtime_ns
    second, from_cache = loaded(bundle, cache)
    assert from_cache
    assert only_file(cache).stat().st_mtime_ns >= written
    assert (first.encode_array(PIXELS) * second.encode_array(PIXELS)).sum() > 0.99999
    assert loaded(bundle, cache, threads=2)[1] is False, "other settings, another network"


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "garbage"])
def test_a_damaged_file_is_compiled_again(bundle: Bundle, tmp_path: Path, damage: str) -> None:
    cache = CompiledCache(tmp_path / "cache")
    right = loaded(bundle, cache)[0].encode_array(PIXELS)
    file = only_file(cache)
    data = bytearray(file.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 0x40
    elif damage == "cut":
        del data[len(data) // 2 :]
    elif damage == "empty":
        data.clear()
    else:
        data[:] = os.urandom(len(data))
    file.write_bytes(data)
    encoder, from_cache = loaded(bundle, cache)
    assert not from_cache
    assert (encoder.encode_array(PIXELS) * right).sum() > 0.99999
    assert loaded(bundle, cache)[1], "it was stored again"


def test_a_whole_file_with_a_wrong_network_is_caught_by_the_canary(
    bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The hash is right and OpenVINO takes it: as after a library that changed and kept its version."""
    onnx = pytest.importorskip("onnx", reason="needs the build extra")
    model = onnx.load(str(bundle.path / "network.onnx"))
    for entry in model.graph.initializer:
        if entry.name == "head.weight_scale":
            scales = onnx.numpy_helper.to_array(entry) * np.resize([1, 4], 1280).astype(np.float32)
            entry.CopyFrom(onnx.numpy_helper.from_array(scales, entry.name))
    onnx.save(model, str(tmp_path / "wrong.onnx"))
    cache = CompiledCache(tmp_path / "cache")
    right = loaded(bundle, cache)[0].encode_array(PIXELS)
    file = only_file(cache)
    file.unlink()
    identity = " ".join(entry.sha256 for entry in bundle.network("openvino").files)
    OpenVinoRuntime(tmp_path / "wrong.onnx", "int8", 1, cache=cache, identity=identity).keep()
    assert only_file(cache) == file
    encoder, from_cache = loaded(bundle, cache)
    assert not from_cache
    assert (encoder.encode_array(PIXELS) * right).sum() > 0.99999
    assert "was wrong" in caplog.text
    assert loaded(bundle, cache)[1]


def test_bytes_that_openvino_refuses_are_compiled_again(bundle: Bundle, tmp_path: Path) -> None:
    cache = CompiledCache(tmp_path / "cache")
    keys: list[str] = []

    class Noted(CompiledCache):
        def get(self, key: str) -> bytes | None:
            keys.append(key)
            return super().get(key)

    loaded(bundle, Noted(cache.folder))
    cache.put(keys[0], b"not a network")
    assert loaded(bundle, cache)[1] is False
    assert loaded(bundle, cache)[1] is True


def test_a_full_or_readonly_disk_costs_speed_only(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = CompiledCache(tmp_path / "file")  # no folder can be made there
    assert loaded(bundle, cache)[1] is False
    assert cache.put("key", b"x") is False

    full = CompiledCache(tmp_path / "full")

    def no_space(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_space)
    assert full.put("key", b"x") is False
    assert list(full.folder.iterdir()) == []
    monkeypatch.undo()
    usage = type("Usage", (), {"free": 10 << 20})
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert full.put("key", b"x") is False, "a nearly full disk is left alone"


def test_it_stays_small_and_drops_the_longest_unused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_cache, "_MOST_BYTES", 1000)
    cache = CompiledCache(tmp_path)
    for number in range(4):
        assert cache.put(f"key {number}", bytes([number]) * 200)
        for file in tmp_path.iterdir():
            os.utime(file, (file.stat().st_mtime - 10, file.stat().st_mtime - 10))
    assert cache.get("key 0") == bytes([0]) * 200, "used just now"
    (tmp_path / "old.partial").write_bytes(b"x" * 300)
    os.utime(tmp_path / "old.partial", (1, 1))
    cache.put("key 4", bytes(200))
    assert cache.get("key 0") is not None
    assert cache.get("key 1") is None
    assert not (tmp_path / "old.partial").exists()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 1100


def test_many_write_and_read_at_once(tmp_path: Path) -> None:
    cache = CompiledCache(tmp_path)
    bodies = [bytes([number]) * 50_000 for number in range(8)]

    def turn(number: int) -> bool:
        cache.put("one key", bodies[number % 8])
        found = cache.get("one key")
        return found is None or found in bodies

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(turn, range(200)))
    assert cache.get("one key") in bodies


def test_the_processor_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    here = processor()
    assert len(here) > 10
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert processor() != here
