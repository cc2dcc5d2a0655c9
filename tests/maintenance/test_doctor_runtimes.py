"""Doctor on the runtimes: real ones on a tiny bundle, and made-up ones for what goes wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.runtime import RUNTIMES, RuntimeChoice
from edge_search.errors import EncoderError
from edge_search.maintenance.runtimes import check_runtimes
from edge_search.maintenance.trial import Trial, try_runtime
from tests.maintenance.tiny_bundle import make_bundle

OPENVINO = Trial("openvino", "2026.4", "int8", {1: 9.0, 2: 5.0})
ONNX = Trial("onnxruntime", "1.32", "int8", {1: 10.0, 2: 6.0})
BROKEN = {name: Trial(name, error="it can't be imported") for name in RUNTIMES}
FATAL = {name: Trial(name, error="its process died by SIGILL", fatal=True) for name in RUNTIMES}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


def states(bundle: Bundle, chosen: RuntimeChoice, *trials: Trial) -> tuple[dict[str, str], str]:
    made = {trial.runtime: trial for trial in trials}

    def attempt(path: Path, name: str, threads: Sequence[int]) -> Trial:
        assert (path, threads) == (bundle.path, [1, 2])
        return made[name]

    found = check_runtimes(lambda: bundle, chosen, 2, attempt)
    return {finding.name: finding.state for finding in found}, f"{found[-1].value}; {found[-1].advice}"


@pytest.mark.parametrize(
    ("chosen", "openvino", "onnx", "expected", "says"),
    [
        ("auto", OPENVINO, ONNX, ("good", "good", "good"), "auto picks openvino"),
        ("onnxruntime", OPENVINO, ONNX, ("good", "good", "good"), "onnxruntime, as set"),
        ("auto", BROKEN["openvino"], ONNX, ("note", "good", "good"), "auto picks onnxruntime"),
        ("auto", OPENVINO, FATAL["onnxruntime"], ("good", "note", "good"), "auto picks openvino"),
        ("auto", FATAL["openvino"], ONNX, ("bad", "good", "bad"), 'set runtime = "onnxruntime"'),
        ("openvino", BROKEN["openvino"], ONNX, ("bad", "good", "bad"), 'set runtime = "onnxruntime"'),
        ("onnxruntime", FATAL["openvino"], ONNX, ("note", "good", "good"), "onnxruntime, as set"),
        ("auto", BROKEN["openvino"], BROKEN["onnxruntime"], ("bad", "bad", "bad"), "none works"),
        ("auto", Trial("openvino", "1", "int8", {1: 30.0}), ONNX, ("good", "good", "note"), "onnxruntime is faster"),
    ],
)
def test_what_is_used_and_what_is_bad_about_it(
    bundle: Bundle,
    chosen: RuntimeChoice,
    openvino: Trial,
    onnx: Trial,
    expected: tuple[str, str, str],
    says: str,
) -> None:
    found, choice = states(bundle, chosen, openvino, onnx)
    assert (found["openvino"], found["onnxruntime"], found["runtime"]) == expected
    assert says in choice


def test_a_missing_bundle_is_bad_and_the_runtimes_are_not_tried() -> None:
    def find() -> Bundle:
        raise EncoderError("the catalog is encoded with b4, which is not installed here")

    found = check_runtimes(find, "auto", 2)
    assert [(finding.name, finding.state) for finding in found] == [
        ("encoder", "bad"),
        ("openvino", "note"),
        ("onnxruntime", "note"),
    ]
    assert "encoded with b4" in found[0].value


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_real_runtime_is_measured_on_each_number_of_threads(bundle: Bundle, runtime: str) -> None:
    trial = try_runtime(bundle.path, runtime, [1, 2])
    assert (trial.error, trial.precision, set(trial.ms)) == ("", "fp32", {1, 2})
    assert all(0 < ms < 1000 for ms in trial.ms.values())
    assert trial.version[0].isdigit()


def test_a_wrong_canary_is_an_error_that_hurts_nobody_else(tmp_path: Path) -> None:
    trial = try_runtime(make_bundle(tmp_path / "turned", turned=True).path, "onnxruntime", [1])
    assert (trial.fatal, "canary" in trial.error, trial.ms) == (False, True, {})


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("import os; os.kill(os.getpid(), 4)", "died by SIGILL"),
        ("import time; time.sleep(60)", "no answer within 1 s"),
        ("raise ImportError('libfoo.so.1: not found')", "libfoo.so.1"),
        ("print('hello')", "without a result"),
    ],
)
def test_a_runtime_that_crashes_hangs_or_babbles_is_told_so(tmp_path: Path, program: str, says: str) -> None:
    trial = try_runtime(tmp_path, "openvino", [1], timeout_s=1, command=(sys.executable, "-c", program))
    assert trial.fatal
    assert says in trial.error


def test_the_trial_imports_nothing_from_the_folder_it_is_started_in(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numpy.py").write_text("raise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place not in {"", os.curdir}])
    if sys.version_info < (3, 11):
        pytest.skip("PYTHONSAFEPATH is new in Python 3.11")
    assert try_runtime(bundle.path, "onnxruntime", [1]).error == ""
