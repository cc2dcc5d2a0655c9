"""Chooses the network file of each runtime: by measurement, under the guard, with steps back to FP32."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edge_search.encoder.cores import available_cores
from edge_search.encoder.level import join_levels
from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.encoder.pace import pace
from edge_search.encoder.runtime import RUNTIMES, Runtime
from edge_search.errors import BundleError, EncoderError
from edge_search.modelbuild.calibration import Split
from edge_search.modelbuild.damage import rank_damage
from edge_search.modelbuild.guard import Examined, Guard
from edge_search.modelbuild.recipe_file import BuildRecipe

__all__ = ["Candidate", "Choice", "Method", "choose"]

Method = Callable[[Collection[str]], onnx.ModelProto]
"""Quantizes; the argument names the convolutions that stay in FP32."""

_ROUNDS = 15
_RANKED_BY = 4  # pictures


@dataclass(frozen=True)
class Candidate:
    """One network file on one runtime. ``kept`` names the convolutions left in FP32, the worst first."""

    runtime: Runtime
    method: str
    file: Path
    encode: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    kept: tuple[str, ...] = ()

    @property
    def precision(self) -> str:
        """``int8``, ``mixed`` or ``fp32``."""
        return self.runtime.precision


@dataclass(frozen=True)
class Choice:
    """The network of each runtime, and the report that is kept in the bundle."""

    networks: dict[str, Candidate]
    report: dict[str, Any]

    @property
    def precision(self) -> str:
        """``int8`` or ``fp32`` when all networks are, else ``mixed``."""
        found = {network.precision for network in self.networks.values()}
        return found.pop() if len(found) == 1 else "mixed"


def choose(
    exact: onnx.ModelProto,
    recipe: BuildRecipe,
    methods: Mapping[str, Method],
    split: Split,
    folder: Path,
    progress: Callable[[str], None],
) -> Choice:
    """Quantize by each method, measure each file on each runtime, keep for each the fastest that passes.

    Where none passes, the worst convolutions of the fastest go back to FP32: one, then two, four and so on, then
    the whole network. Without ``methods`` all stays FP32. Files go to ``folder``. Raises BundleError when the
    runtimes' networks can't be brought to agree.
    """
    return _Chooser(exact, recipe, methods, split, folder, progress).choose()


class _Chooser:
    def __init__(
        self,
        exact: onnx.ModelProto,
        recipe: BuildRecipe,
        methods: Mapping[str, Method],
        split: Split,
        folder: Path,
        progress: Callable[[str], None],
    ) -> None:
        self._exact, self._recipe, self._methods = exact, recipe, methods
        self._folder, self._progress = folder, progress
        self._calibrated = split.gallery[:: max(1, len(split.gallery) // _RANKED_BY)][:_RANKED_BY]
        onnx.save(exact, str(folder / "fp32.onnx"))
        self._graphs = {"fp32": exact}
        reference = self._open("onnxruntime", "fp32")
        self._guard = Guard(split, reference.encode)
        self._examined: dict[tuple[str, str, int], Examined] = {}
        self._steps: list[str] = []

    def choose(self) -> Choice:
        for name, method in self._methods.items():
            self._progress(f"quantizing to INT8: {name}")
            self._save(name, method(()))
        times = self._measure()
        networks = {}
        for runtime in RUNTIMES:
            networks[runtime] = self._pick(runtime, times)
            chosen = networks[runtime]
            self._progress(f"{runtime}: {chosen.method}, {chosen.precision}")
        agreement = self._agree(networks, times)
        report = {
            **self._guard.report,
            **{runtime: self._examine(network).report for runtime, network in networks.items()},
            "runtimes": agreement,
            "choice": {
                runtime: {
                    "method": network.method,
                    "precision": network.precision,
                    "kept_fp32": list(network.kept),
                    "ms": times[runtime],
                }
                for runtime, network in networks.items()
            },
            "threads": available_cores(),
            "steps_back": self._steps,
        }
        return Choice(networks, report)

    def _save(self, name: str, graph: onnx.ModelProto) -> None:
        self._graphs[name] = graph
        onnx.save(graph, str(self._folder / f"{name}.onnx"))

    def _open(self, runtime: str, name: str, method: str | None = None, kept: Sequence[str] = ()) -> Candidate:
        file = self._folder / f"{name}.onnx"
        precision = "fp32" if name == "fp32" else "mixed" if kept else "int8"
        opened: Runtime = (OpenVinoRuntime if runtime == "openvino" else OnnxRuntime)(
            file, precision, available_cores()
        )
        levels = self._recipe.levels
        return Candidate(
            opened, method or name, file, lambda batch: join_levels(opened.run(batch), levels), tuple(kept)
        )

    def _measure(self) -> dict[str, dict[str, float]]:
        """Milliseconds (median) of each file on each runtime, all interleaved."""
        self._progress("measuring each network on each runtime")
        one = self._calibrated[:1]
        runs: dict[str, Callable[[], object]] = {}
        for runtime in RUNTIMES:
            for name in self._graphs:
                candidate = self._open(runtime, name)
                runs[f"{runtime} {name}"] = lambda candidate=candidate: candidate.runtime.run(one)  # type: ignore[misc]
        found = pace(runs, rounds=_ROUNDS)
        return {
            runtime: {name: round(float(np.median(found[f"{runtime} {name}"])), 2) for name in self._graphs}
            for runtime in RUNTIMES
        }

    def _pick(self, runtime: str, times: Mapping[str, Mapping[str, float]]) -> Candidate:
        mine = times[runtime]
        faster = sorted((name for name in self._methods if mine[name] < mine["fp32"]), key=lambda name: mine[name])
        if self._methods and not faster:
            self._note(f"{runtime}: no INT8 network is faster than FP32 on this machine, FP32 is kept")
        for name in faster:
            candidate = self._open(runtime, name)
            fault = self._examine(candidate).fault
            if fault is None:
                return candidate
            self._note(f"{runtime}: {name} {fault}")
        for candidate in self._step_back(runtime, faster[0]) if faster else ():
            fault = self._examine(candidate).fault
            if fault is None:
                return candidate
            self._note(f"{runtime}: {candidate.method} with {len(candidate.kept)} convolutions in FP32 {fault}")
        return self._open(runtime, "fp32")

    def _step_back(self, runtime: str, method: str) -> Iterator[Candidate]:
        """Networks with more and more of the worst convolutions in FP32, up to half of them."""
        self._progress(f"{runtime}: stepping back, the most damaging layers stay in FP32")
        ranked = rank_damage(self._exact, self._graphs[method], self._calibrated)
        count = 1
        while count <= len(ranked) // 2:
            kept = [name for name, _ in ranked[:count]]
            name = f"{method}-{count}"
            if name not in self._graphs:
                self._save(name, self._methods[method](kept))
            yield self._open(runtime, name, method, kept)
            count *= 2

    def _agree(self, networks: dict[str, Candidate], times: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
        """Compare the two runtimes; where they differ too much, the second takes another file."""
        first, second = RUNTIMES
        others = sorted((*self._methods, "fp32"), key=lambda name: times[second][name])
        waiting = [self._open(second, name) for name in others if name != networks[second].file.stem]
        while True:
            report, fault = self._guard.compare(self._examine(networks[first]), self._examine(networks[second]))
            if fault is None:
                return report
            self._note(f"{first} and {second}: {fault}")
            passing = [candidate for candidate in waiting if self._examine(candidate).fault is None]
            if not passing:
                raise BundleError(f"{first} and {second} disagree: {fault}")
            networks[second] = passing[0]
            waiting = passing[1:]

    def _examine(self, candidate: Candidate) -> Examined:
        key = (candidate.runtime.name, candidate.method, len(candidate.kept))
        if key not in self._examined:
            try:
                self._examined[key] = self._guard.examine(candidate.encode)
            except EncoderError as error:  # a feature that isn't finite
                self._examined[key] = self._guard.broken(str(error))
        return self._examined[key]

    def _note(self, text: str) -> None:
        self._steps.append(text)
        self._progress(text)
