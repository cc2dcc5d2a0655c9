"""The networks that `bench encoder` measures: a bundle's own where there is one, else drawn, kept for the next run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.level import Level
from edge_search.errors import EncoderError
from edge_search.imaging.recipe import Recipe

if TYPE_CHECKING:
    import onnx

__all__ = ["Measured", "measured_networks", "need_extra"]

_VERSION = 1  # of what is drawn here
_PICTURES = 8
_MEAN, _STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)  # ImageNet's


@dataclass(frozen=True)
class Measured:
    """One network file on one runtime. ``weights`` says whether its numbers were trained."""

    what: str
    side: int
    gmac: float
    precision: Literal["int8", "fp32"]
    runtime: str
    file: Path
    weights: Literal["trained", "procedural"]
    note: str


def need_extra() -> None:
    """Raise EncoderError in one line when the packages that draw networks are missing."""
    try:
        import nncf  # noqa: F401 - are they there?
        import onnx  # noqa: F401
    except ImportError as error:
        raise EncoderError(
            f"'bench encoder' draws the networks it measures and needs {error.name}: pip install 'edge-search[build]'"
        ) from error


def measured_networks(
    what: str, side: int, bundles: Sequence[Bundle], folder: Path, progress: Callable[[str], None]
) -> list[Measured]:
    """Return INT8 and FP32 of one architecture for both runtimes; draws what is not in ``folder`` yet.

    A bundle of this architecture and side gives its own INT8 networks. FP32 is always drawn (a bundle holds none,
    and its speed doesn't depend on the weights), INT8 where no bundle is at hand.
    """
    from edge_search.modelbuild.efficientnet import network

    gmac = network(what).multiply_adds(side) / 1e9
    folder.mkdir(parents=True, exist_ok=True)
    files = {kind: folder / f"{what}-{side}-{kind}-{_VERSION}.onnx" for kind in ("fp32", "openvino", "onnxruntime")}
    own = next((b for b in bundles if b.manifest.architecture == what and b.recipe.side == side), None)
    wanted = ["fp32"] if own else list(files)
    if not all(files[kind].is_file() for kind in wanted):
        _draw(what, side, {kind: files[kind] for kind in wanted}, progress)
    found = []
    for runtime in ("openvino", "onnxruntime"):
        if own is not None:
            entry = own.network(runtime)
            if entry.precision != "fp32":
                note = "" if entry.precision == "int8" else f"{entry.precision}: the guard left layers in FP32"
                file = own.path / entry.files[0].name
                found.append(Measured(what, side, gmac, "int8", runtime, file, "trained", note))
        else:
            file = files[runtime]
            found.append(Measured(what, side, gmac, "int8", runtime, file, "procedural", "no checkpoint at hand"))
        fp32 = "drawn weights: FP32 takes the same time with any"
        found.append(Measured(what, side, gmac, "fp32", runtime, files["fp32"], "procedural", fp32))
    return found


def _draw(what: str, side: int, files: dict[str, Path], progress: Callable[[str], None]) -> None:
    """Write the networks of one architecture with weights from a seed; each file appears whole."""
    from edge_search.modelbuild.calibration import calibration_pictures
    from edge_search.modelbuild.drawn_weights import drawn_weights
    from edge_search.modelbuild.efficientnet import network
    from edge_search.modelbuild.nncf_quantize import quantize_nncf
    from edge_search.modelbuild.onnx_graph import build_graph
    from edge_search.modelbuild.quantize import quantize

    progress(f"drawing {what} at {side} px (once; the next run takes it from {files['fp32'].parent})")
    layers = network(what)
    pictures = calibration_pictures(Recipe(side, 0.9), _PICTURES)
    folded = drawn_weights(layers, pictures, mean=_MEAN, std=_STD)
    channels = layers.level_channels()
    levels = (Level("head", channels["head"]), Level("stage7", channels["stage7"], "gem"))
    graph = build_graph(layers, folded, side=side, mean=_MEAN, std=_STD, levels=levels, padding="symmetric")
    _save(graph, files["fp32"])
    if "openvino" in files:
        silu = any(node.op_type == "Sigmoid" for node in graph.graph.node)
        qdq = quantize(graph, pictures, _MEAN, _STD)
        _save(qdq, files["onnxruntime"])
        _save(quantize_nncf(graph, pictures) if silu else qdq, files["openvino"])


def _save(model: onnx.ModelProto, file: Path) -> None:
    partial = file.with_suffix(".partial")
    partial.write_bytes(model.SerializeToString())
    partial.replace(file)
