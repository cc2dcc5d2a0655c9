"""What was tried to make EfficientNet-B4 faster, measured again: every variant once a round, in turn.

    python packaging/encoder_trials.py FOLDER [--rounds 15] [--only WORD ...]
    python packaging/encoder_trials.py FOLDER --recall GROCERY

The first prints a table for models/efficientnet-b4.md: milliseconds of one picture, and the median over the rounds of
its ratio to the form that ships (NNCF's, OpenVINO, 2 threads). Weights are drawn (`drawn_weights`); networks are kept
in FOLDER. The second prints what smaller inputs cost EfficientNet-Lite2 with its trained weights, in FP32, on splits
of the photos that GROCERY/catalog.csv lists (never its queries). Needs the extra ``build``.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edge_search.bench.roof import ROOF_GMAC, roof_pixels, write_roof
from edge_search.encoder.level import Level, join_levels
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.encoder.pace import pace
from edge_search.imaging.decode import decode
from edge_search.imaging.preprocess import preprocess
from edge_search.imaging.recipe import Recipe
from edge_search.modelbuild.build import build_fp32
from edge_search.modelbuild.calibration import calibration_pictures
from edge_search.modelbuild.drawn_weights import drawn_weights
from edge_search.modelbuild.efficientnet import network
from edge_search.modelbuild.guard import recall
from edge_search.modelbuild.kept import BEFORE
from edge_search.modelbuild.nncf_quantize import quantize_nncf
from edge_search.modelbuild.onnx_graph import build_graph
from edge_search.modelbuild.quantize import quantize
from edge_search.modelbuild.recipe_file import find_recipe

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
SIDE = 380
BASE = "as it ships"


@dataclass(frozen=True)
class Trial:
    """One network file with settings of its own; ``streams`` pictures are on their way at once."""

    name: str
    file: str
    runtime: str = "openvino"
    side: int = SIDE
    threads: int = 2
    streams: int = 1
    settings: dict[str, Any] = field(default_factory=dict)


TRIALS = (
    Trial(BASE, "nncf"),
    Trial("FP32", "fp32"),
    Trial("activations symmetric", "symmetric"),
    Trial("rounding as ONNX Runtime likes it (before and after SiLU)", "qdq"),
    Trial("NNCF on OpenVINO's own graph", "nncf-ir"),
    Trial("squeeze-and-excite in FP32, mean and scaling too", "se-fp32"),
    Trial("depthwise convolutions in FP32", "depthwise-fp32"),
    Trial("depthwise convolutions of the three largest maps in FP32", "early-depthwise-fp32"),
    Trial("stem and first three blocks in FP32", "early-fp32"),
    Trial("planes first, normalised before (no transpose in the network)", "planes"),
    Trial("INFERENCE_PRECISION_HINT bf16", "nncf", settings={"INFERENCE_PRECISION_HINT": "bf16"}),
    Trial("threads pinned to cores", "nncf", settings={"ENABLE_CPU_PINNING": "YES"}),
    Trial("1 thread", "nncf", threads=1),
    Trial("2 streams of 1 thread, a picture's share", "nncf", streams=2),
    Trial("ONNX Runtime: its own form", "qdq", "onnxruntime"),
    Trial("ONNX Runtime: its own form, extended optimisations only", "qdq", "onnxruntime", settings={"level": 2}),
    Trial("ONNX Runtime: its own form, basic optimisations only", "qdq", "onnxruntime", settings={"level": 1}),
    Trial("ONNX Runtime: NNCF's form", "nncf", "onnxruntime"),
    Trial("ONNX Runtime: FP32", "fp32", "onnxruntime"),
    *(Trial(f"input of {side} px", f"nncf-{side}", side=side) for side in (340, 320, 300, 260)),
)


class Files:
    """Draws the networks once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._graphs: dict[int, onnx.ModelProto] = {}
        self._weights: Any = None

    def get(self, kind: str) -> Path:
        """Return the file of one kind of network."""
        file = self._folder / f"{kind}.{'xml' if kind == 'nncf-ir' else 'onnx'}"
        if not file.is_file():
            print(f"drawing {kind}", file=sys.stderr, flush=True)
            self._draw(kind, file)
        return file

    def _draw(self, kind: str, file: Path) -> None:
        side = int(kind.removeprefix("nncf-")) if kind.startswith("nncf-") and kind != "nncf-ir" else SIDE
        if kind == "nncf-ir":
            _quantize_ir(self.get("fp32"), self._pictures(SIDE), file)
            return
        graph = self._graph(side)
        pictures = self._pictures(side)
        convs = [node.name for node in graph.graph.node if node.op_type == "Conv"]
        depthwise = [name for name in convs if name.endswith("depthwise")]
        early = [name for name in convs if name.startswith(("stem", "blocks.0.", "blocks.1.", "blocks.2."))]
        keep: dict[str, Collection[str]] = {
            "depthwise-fp32": depthwise,
            "early-depthwise-fp32": [name for name in depthwise if int(name.split(".")[1]) < 6],
            "early-fp32": early,
            "se-fp32": [name for name in convs if ".squeeze." in name],
        }
        if kind == "fp32":
            made = graph
        elif kind == "planes":
            made = _without_arithmetic(onnx.load(str(self.get("nncf"))))
        elif kind == "qdq":
            made = quantize(graph, pictures, MEAN, STD)
        else:
            made = quantize_nncf(graph, pictures, keep.get(kind, ()), symmetric=kind == "symmetric")
        onnx.save(made, str(file))

    def _pictures(self, side: int) -> NDArray[np.uint8]:
        return calibration_pictures(Recipe(side, 0.9), 2)  # their number changes no time

    def _graph(self, side: int) -> onnx.ModelProto:
        if side not in self._graphs:
            layers = network("efficientnet-b4")
            if self._weights is None:
                self._weights = drawn_weights(layers, self._pictures(SIDE), mean=MEAN, std=STD)
            channels = layers.level_channels()
            levels = (Level("head", channels["head"]), Level("stage7", channels["stage7"], "gem"))
            self._graphs[side] = build_graph(
                layers, self._weights, side=side, mean=MEAN, std=STD, levels=levels, padding="symmetric"
            )
        return self._graphs[side]


def _without_arithmetic(model: onnx.ModelProto) -> onnx.ModelProto:
    """Take normalised planes float32 (1, 3, S, S) in place of bytes."""
    graph = model.graph
    kept = [node for node in graph.node if node.name not in ("planes", *BEFORE)]
    del graph.node[:], graph.input[:]
    graph.node.extend(kept)
    shape = [1, 3, SIDE, SIDE]
    graph.input.append(onnx.helper.make_tensor_value_info(BEFORE[-1], onnx.TensorProto.FLOAT, shape))
    return model


def _quantize_ir(source: Path, pictures: NDArray[np.uint8], target: Path) -> None:
    """Quantize OpenVINO's own reading of the network, with the settings of `quantize_nncf`."""
    import nncf
    import openvino

    model = openvino.Core().read_model(str(source))
    made = nncf.quantize(
        model,
        nncf.Dataset([picture[None] for picture in pictures]),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(pictures),
        ignored_scope=nncf.IgnoredScope(patterns=["level.*", "centred.*", "normalised.*"], validate=False),
        advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE),
    )
    openvino.save_model(made, str(target), compress_to_fp16=False)


def run_of(trial: Trial, file: Path) -> Callable[[], object]:
    """Load the network; the function executes it once on each stream."""
    pixels: NDArray[Any] = np.random.default_rng(0).integers(0, 256, (1, trial.side, trial.side, 3), np.uint8)
    if trial.file == "planes":
        pixels = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), np.float32) / 64 - 2
    if trial.runtime == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = trial.threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        levels = {1: "ORT_ENABLE_BASIC", 2: "ORT_ENABLE_EXTENDED", 99: "ORT_ENABLE_ALL"}
        level = levels[trial.settings.get("level", 99)]
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, level)
        session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {session.get_inputs()[0].name: pixels})
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": str(trial.threads),
        "NUM_STREAMS": str(trial.streams),
        "ENABLE_CPU_PINNING": "NO",
        **trial.settings,
    }
    compiled = openvino.Core().compile_model(str(file), "CPU", settings)
    requests = [compiled.create_infer_request() for _ in range(trial.streams)]

    def run() -> None:
        for request in requests:
            request.start_async([pixels])
        for request in requests:
            request.wait()

    return run


def measure(folder: Path, rounds: int, only: Collection[str]) -> None:
    """Print the table."""
    files = Files(folder)
    chosen = [t for t in TRIALS if t.name == BASE or not only or any(word in t.name for word in only)]
    runs = {trial.name: run_of(trial, files.get(trial.file)) for trial in chosen}
    roof = write_roof(folder / "roof-int8.onnx", int8=True)
    plain, pixels = OpenVinoRuntime(roof, "int8", 2), roof_pixels()
    runs["roof"] = lambda: plain.run(pixels)
    times = pace(runs, rounds=rounds, seconds=100, pause_s=0.005)
    gmac = {trial.side: network("efficientnet-b4").multiply_adds(trial.side) / 1e9 for trial in chosen}
    speed = ROOF_GMAC / times["roof"]
    print("| tried | ms | of what ships | of the INT8 roof |\n|---|---|---|---|")
    for trial in chosen:
        mine = times[trial.name] / trial.streams
        ratio, share = np.median(mine / times[BASE]), np.median(gmac[trial.side] / mine / speed)
        print(f"| {trial.name} | {np.median(mine):.1f} | {ratio:.2f} | {share:.1%} |")


def smaller_inputs(grocery: Path) -> None:
    """Print EfficientNet-Lite2's recall at several sides: 2 photos of a product in the catalog, the other 2 asked."""
    recipe = find_recipe("efficientnet-lite2")
    with (grocery / "catalog.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    sku = np.unique([row["sku"] for row in rows], return_inverse=True)[1]
    photo = np.array([int(np.sum(sku[:number] == sku[number])) for number in range(len(rows))])
    images = [decode((grocery / row["path"]).read_bytes()) for row in rows]
    print("| input | Recall@1 | Recall@5 |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for side in (320, 288, 260, 224):
            sized = replace(recipe, recipe=replace(recipe.recipe, side=side))
            file = Path(scratch) / f"{side}.onnx"
            onnx.save(build_fp32(sized, Path(scratch)).graph, str(file))
            pixels = np.stack([preprocess(image, sized.recipe) for image in images])
            features = join_levels(OpenVinoRuntime(file, "fp32", 2).run(pixels), recipe.levels)
            found = []
            for chosen in itertools.combinations(range(4), 2):
                known = np.isin(photo, chosen)
                parts = features[known], sku[known], features[~known], sku[~known]
                found.append([recall(*parts, k) for k in (1, 5)])
            one, five = np.mean(found, axis=0)
            print(f"| {side} px | {one:.3f} | {five:.3f} |", flush=True)


def main() -> None:
    """Measure, or try smaller inputs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="for the drawn networks, kept for the next run")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", nargs="*", default=[], help="words in the names of what is measured")
    parser.add_argument("--draw", action="store_true", help="only draw the networks")
    parser.add_argument("--recall", type=Path, metavar="GROCERY", help="a folder with catalog.csv and its photos")
    given = parser.parse_args()
    if given.recall:
        smaller_inputs(given.recall)
    elif given.draw:
        files = Files(given.folder)
        for trial in TRIALS:
            files.get(trial.file)
    else:
        measure(given.folder, given.rounds, given.only)


if __name__ == "__main__":
    main()
