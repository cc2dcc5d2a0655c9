"""The model card of an imported bundle: only what is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["card_text"]

_TEXT = """# {name}

An image encoder from elsewhere, imported from an ONNX file: a photo in, {dimension} numbers out. It knows no
products; photos of like things get like numbers, and the search compares them.

## What it is

| | |
|---|---|
| input | {side} x {side} RGB bytes: {fit} ({interpolation}); normalising is inside the network |
| normalised by | mean {mean}, standard deviation {std} (of 0..255) |
| output | `{output}`, {pooling}: {dimension} numbers, brought to length 1 |
| precision | {precision}, {megabytes:.1f} MB |
| runtimes | {runtimes} |

## Source and terms

Source: {source}. File: `{file}`, SHA-256 `{sha256}`.

Licence: {licence}. Its terms, and those of the data it was trained on, are the importer's to check; see LICENSE.

## Measured at the import

On this machine, one photo at a time on all cores the import could use; medians.

| runtime | version | p50 ms | load s | resident MB | peak MB while loading |
|---|---|---|---|---|---|
{measured}

{pictures} drawn pictures and simulated photos of them: every number finite, the same picture gave the same feature,
different pictures gave different ones.{agreement} Median cosine of a photo with its own picture {same}, with the most
alike other picture {other}. From these come the default verdict thresholds (match {match}, maybe {maybe}, margin
{margin}); they hold until a catalog has a calibration.

How many products it finds is not known from this. Measure it on photos of yours: `edge-search evaluate`.
"""


def card_text(manifest: Mapping[str, Any], size: int) -> str:
    """Return the card of the bundle that ``manifest`` describes; ``size`` of its network in bytes."""
    report, recipe, source = manifest["agreement"], manifest["recipe"], manifest["source"]
    level, verdict = manifest["feature"]["levels"][0], manifest["verdict"]
    runtimes = [runtime for runtime in ("openvino", "onnxruntime") if runtime in report]
    missing = "".join(f"; not {runtime}: {reason}" for runtime, reason in manifest["left_out"].items())
    short = round(recipe["side"] / recipe["crop"])
    return _TEXT.format(
        name=manifest["name"],
        dimension=manifest["feature"]["dimension"],
        side=recipe["side"],
        fit="the whole picture squashed"
        if recipe.get("fit") == "squash"
        else f"short side to {short} px, centre square",
        interpolation=recipe["interpolation"],
        mean=", ".join(f"{value:g}" for value in manifest["mean"]),
        std=", ".join(f"{value:g}" for value in manifest["std"]),
        output=source["output"],
        pooling=_pooling(level["pooling"], source["prefix_tokens"]),
        precision=manifest["precision"].upper(),
        megabytes=size / 1e6,
        runtimes=" and ".join(runtimes) + missing,
        source=source["text"] or "not stated",
        file=source["file"],
        sha256=source["sha256"],
        licence=manifest["licence"],
        measured="\n".join(_row(runtime, report[runtime]) for runtime in runtimes),
        pictures=report["pictures"],
        agreement=f" Runtimes agree: worst cosine {report['cosine_worst']}." if "cosine_worst" in report else "",
        same=report["cosine_same"],
        other=report["cosine_other"],
        **verdict,
    )


def _row(runtime: str, found: Mapping[str, Any]) -> str:
    figures = (found[key] for key in ("version", "p50_ms", "load_s", "resident_mb", "peak_mb"))
    return f"| {runtime} | {' | '.join(str(figure) for figure in figures)} |"


def _pooling(pooling: str, prefix_tokens: int) -> str:
    return {
        "none": "as it is",
        "cls": "its first token",
        "mean": f"mean of its tokens but the first {prefix_tokens}" if prefix_tokens else "mean of its tokens",
        "avg": "mean over the map",
        "gem": "generalised mean, power 3, over the map",
    }[pooling]
