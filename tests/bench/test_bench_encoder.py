"""`bench encoder` on networks small enough for a test: what it reports, not how fast."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_search.bench import encoder as module
from edge_search.bench.encoder import ARCHITECTURES, bench_encoder
from edge_search.encoder.bundle import Bundle, default_bundle_root
from edge_search.encoder.pace import pace
from edge_search.errors import EncoderError

SMALL = (("efficientnet-b0", 64), ("efficientnet-lite2", 320))
FIELDS = {
    "what", "precision", "runtime", "threads", "input_px", "p50_ms", "p95_ms", "gmac", "gmac_s", "share_of_roof",
    "ratio_to_fp32", "ratio_to_pytorch", "weights", "precision_note",
}  # fmt: skip


def test_rows_ratios_and_roof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx", reason="needs the build extra")
    pytest.importorskip("nncf", reason="needs the build extra")
    monkeypatch.setitem(sys.modules, "torch", None)
    shipped = Bundle.open(default_bundle_root()[-1] / "efficientnet-lite2-int8")
    said: list[str] = []
    for number in (1, 2):
        found = bench_encoder([shipped], tmp_path, threads=1, rounds=3, architectures=SMALL, progress=said.append)
        drawn = [line for line in said if line.startswith("drawing")]
        assert len(drawn) == 2, "the second run takes what the first drew"
        assert number in (1, 2)
    json.dumps(found)
    assert set(found) == {"machine", "rows", "roof_gmac_s", "skipped"}
    assert found["roof_gmac_s"]["int8"] > 0 < found["roof_gmac_s"]["fp32"]
    rows = {(row["what"], row["precision"], row["runtime"]): row for row in found["rows"]}
    assert len(rows) == 8
    for (_, precision, _), row in rows.items():
        assert set(row) == FIELDS
        assert 0 < row["p50_ms"] <= row["p95_ms"]
        # Of rounded figures, and where the machine is busy there are few to round.
        assert row["gmac_s"] == pytest.approx(row["gmac"] / row["p50_ms"] * 1e3, rel=0.02, abs=0.1)
        assert row["ratio_to_fp32"] == 1 or precision == "int8"
        assert row["ratio_to_pytorch"] is None
    assert rows["efficientnet-b0", "int8", "openvino"]["weights"] == "procedural"
    assert rows["efficientnet-b0", "int8", "openvino"]["precision_note"] == "no checkpoint at hand"
    assert rows["efficientnet-lite2", "int8", "openvino"]["weights"] == "trained"
    reasons = {entry["reason"] for entry in found["skipped"]}
    assert reasons == {"torch is not installed"}
    assert len(found["skipped"]) == 4


def test_pytorch_is_a_row_where_it_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its runs are in the same rounds, and a compiler that fails leaves out one row with its reason."""
    pytest.importorskip("onnx", reason="needs the build extra")
    pytest.importorskip("nncf", reason="needs the build extra")

    def runs(architecture: str, side: int, threads: int) -> Any:
        assert (architecture, side, threads) == ("efficientnet-b0", 64, 1)
        yield "pytorch", lambda: np.ones(100_000).sum()
        raise RuntimeError("no C++ compiler\nwas found")

    fake = types.ModuleType("torch_network")
    fake.torch_runs = runs  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "edge_search.bench.torch_network", fake)
    found = bench_encoder([], tmp_path, threads=1, rounds=3, architectures=SMALL[:1])
    rows = {(row["precision"], row["runtime"]): row for row in found["rows"]}
    assert rows["fp32", "pytorch"]["ratio_to_pytorch"] == 1
    assert rows["int8", "openvino"]["ratio_to_pytorch"] > 0
    assert found["skipped"] == [
        {"what": "efficientnet-b0", "runtime": "pytorch-compile", "reason": "no C++ compiler was found"}
    ]


def test_our_pytorch_network_is_the_same_network() -> None:
    torch = pytest.importorskip("torch", reason="needs torch")
    from edge_search.bench.torch_network import torch_runs

    runtime, run = next(iter(torch_runs("efficientnet-b4", 64, 1)))
    assert runtime == "pytorch"
    feature = run()
    assert isinstance(feature, torch.Tensor)
    assert feature.shape == (1, 1792)


def test_without_the_extra_one_line_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(EncoderError, match=r"needs nncf: pip install 'edge-search\[build\]'"):
        bench_encoder([], tmp_path, threads=1)
    assert list(tmp_path.iterdir()) == []


def test_b4_is_measured_at_its_own_size() -> None:
    from edge_search.modelbuild.efficientnet import network

    assert ARCHITECTURES[0] == ("efficientnet-b4", 380)
    # published: 4.2 billion at 380 px (Tan and Le, 2019), 0.39 for B0 at 224
    assert network("efficientnet-b4").multiply_adds(380) / 1e9 == pytest.approx(4.4, abs=0.25)
    assert network("efficientnet-b0").multiply_adds(224) / 1e9 == pytest.approx(0.39, abs=0.02)


def test_rounds_are_interleaved_and_bounded() -> None:
    order: list[str] = []
    runs = {name: lambda name=name: order.append(name) for name in "ab"}
    found = pace(runs, rounds=4)
    assert order[4:] == ["a", "b"] * 4, "after two warm-up calls each"
    assert {len(times) for times in found.values()} == {4}
    assert len(pace(runs, rounds=50, seconds=0)["a"]) == 3


def test_the_command_prints_one_json_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from edge_search.cli.main import main

    row = dict.fromkeys(FIELDS, 1)
    answer = {"machine": {"cpu": "x"}, "rows": [row], "roof_gmac_s": {"fp32": 1.0, "int8": 2.0}, "skipped": []}
    asked: dict[str, Any] = {}

    def fake(bundles: Any, folder: Path, **options: Any) -> dict[str, Any]:
        asked.update(options, folder=folder)
        return answer

    monkeypatch.setattr(module, "bench_encoder", fake)
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(tmp_path / "home"), "--threads", "1", "bench", "encoder", "--json", "--no-torch"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out) == answer
    assert asked["threads"] == 1
    assert asked["torch"] is False
    assert asked["folder"] == tmp_path / "home" / "cache" / "bench"
