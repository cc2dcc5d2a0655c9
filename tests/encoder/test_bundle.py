"""Bundles: what is refused, what the fingerprint follows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_search.encoder.bundle import Bundle, default_bundle_root, find_bundles
from edge_search.errors import BundleError, RuntimeUnavailable

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "efficientnet-lite2-int8"
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "bundle"))


def edit(folder: Path, change: Edit) -> None:
    file = folder / "manifest.json"
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def test_shipped_bundle_is_whole_and_found() -> None:
    bundle = Bundle.open(SHIPPED)
    bundle.verify()
    assert bundle.fingerprint in {found.fingerprint for found in find_bundles(default_bundle_root())}
    assert len(bundle.fingerprint) == 16
    assert bundle.dimension == sum(level.channels for level in bundle.levels)
    assert {"match", "maybe", "margin"} == set(bundle.verdict)
    assert sum(file.bytes for file in bundle.manifest.files) < 8_000_000


@pytest.mark.parametrize("name", ["network.onnx", "canary.jpg", "canary-openvino.npy", "LICENSE", "MODEL_CARD.md"])
def test_verify_names_the_damaged_file(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(BundleError, match=name):
        Bundle.open(copy).verify()


def test_missing_and_shortened_files_are_named_when_opened(copy: Path) -> None:
    network = copy / "network.onnx"
    data = network.read_bytes()
    network.write_bytes(data[:-1])
    with pytest.raises(BundleError, match=r"network\.onnx has \d+ bytes"):
        Bundle.open(copy)
    network.unlink()
    with pytest.raises(BundleError, match=r"network\.onnx is missing"):
        Bundle.open(copy)


@pytest.mark.parametrize("name", ["../network.onnx", "/etc/passwd", "a/b", "..", "", ".hidden", "a\\b", "a\0b"])
def test_file_names_that_leave_the_folder_are_refused(copy: Path, name: str) -> None:
    edit(copy, lambda document: document["networks"][0]["files"][0].update(name=name))
    with pytest.raises(BundleError, match="plain name"):
        Bundle.open(copy)


CHANGES: list[Edit] = [
    lambda document: document.clear(),
    lambda document: document.update(schema=2),
    lambda document: document.pop("recipe"),
    lambda document: document["recipe"].update(side="big"),
    lambda document: document["feature"].update(dimension=7),
    lambda document: document["feature"]["levels"][0].update(pooling="max"),
    lambda document: document["feature"]["levels"][0].update(weight=0),
    lambda document: document["networks"].clear(),
    lambda document: document["networks"][0]["files"].clear(),
    lambda document: document["networks"][0]["files"][0].update(sha256="abc"),
    lambda document: document["networks"][0]["files"][0].update(bytes=-1),
    lambda document: document.update(name="../x"),
    lambda document: document.update(verdict=[1]),
]


@pytest.mark.parametrize("change", CHANGES)
def test_malformed_manifests_are_refused_in_one_line(copy: Path, change: Edit) -> None:
    edit(copy, change)
    with pytest.raises(BundleError, match=r"manifest\.json") as refused:
        Bundle.open(copy)
    assert "\n" not in str(refused.value)
    assert str(copy) in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "\xff"])
def test_what_is_no_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError, match=r"manifest\.json"):
        Bundle.open(copy)


def test_an_ordinary_folder_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no bundle"):
        Bundle.open(tmp_path)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda document: document["recipe"].update(crop=0.8), False),
        (lambda document: document["recipe"].update(interpolation="bilinear"), False),
        (lambda document: document["feature"]["levels"][1].update(weight=0.9), False),
        (lambda document: document["networks"][0]["files"][0].update(sha256="0" * 64), False),
        (lambda document: document.update(verdict={"match": 0.1}, name="other", built_with={}), True),
        (lambda document: document["networks"].reverse(), True),
    ],
)
def test_the_fingerprint_follows_weights_recipe_and_levels(copy: Path, change: Edit, same: bool) -> None:
    before = Bundle.open(copy).fingerprint
    edit(copy, change)
    assert (Bundle.open(copy).fingerprint == before) is same


def test_a_runtime_without_a_network_is_named(copy: Path) -> None:
    edit(copy, lambda document: document["networks"].pop())
    with pytest.raises(RuntimeUnavailable, match="no network for onnxruntime"):
        Bundle.open(copy).network("onnxruntime")


def test_find_bundles_leaves_out_what_it_cannot_use(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.copytree(SHIPPED, tmp_path / "good")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text("{}")
    (tmp_path / "other").mkdir()
    assert [bundle.path.name for bundle in find_bundles([tmp_path, tmp_path / "absent"])] == ["good"]
    assert "left out" in caplog.text


def test_the_earlier_root_wins(copy: Path) -> None:
    assert find_bundles([copy.parent, SHIPPED.parent])[0].path == copy
