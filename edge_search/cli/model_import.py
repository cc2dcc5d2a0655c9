"""`model import`: a bundle from any ONNX image encoder."""

from __future__ import annotations

from pathlib import Path

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import note, print_json

__all__ = ["import_"]


class _Triple(click.ParamType):  # type: ignore[type-arg]
    """One number for all channels, or three with commas: red, green, blue."""

    name = "R,G,B"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float, float]:
        try:
            numbers = [float(part) for part in str(value).split(",")]
        except ValueError:
            self.fail(f"{value!r} is not a number, nor three with commas", param, ctx)
        if len(numbers) not in (1, 3):
            self.fail(f"{value!r} has {len(numbers)} numbers, not one or three", param, ctx)
        return numbers[0], numbers[-1 if len(numbers) == 1 else 1], numbers[-1]


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", required=True, help="Name of the bundle.")
@click.option("--preset", help="clip, dinov2 or imagenet: what the family's encoders need.")
@click.option("--size", type=click.IntRange(8, 4096), help="Side of the input in pixels.")
@click.option("--mean", type=_Triple(), help="Of pixels from 0 to 1.")
@click.option("--std", type=_Triple(), help="Of pixels from 0 to 1.")
@click.option(
    "--normalise/--no-normalise", default=None, help="--no-normalise: the network takes the bytes 0 to 255 as they are."
)
@click.option("--crop", type=click.FloatRange(0.05, 1), help="Share of the resized short side that is cut out.")
@click.option(
    "--interpolation",
    type=click.Choice(["bilinear", "bicubic", "lanczos"]),
    help="How photos are scaled. Default: as the preset or the exporter says, else bicubic.",
)
@click.option(
    "--resize",
    type=click.Choice(["shortest", "squash"]),
    help="shortest: short side, then the centre square; squash: the whole picture, proportions lost.",
)
@click.option("--layout", type=click.Choice(["nchw", "nhwc"]), help="Of the input. Default: as its shape says.")
@click.option("--input", "input_", help="Name of the picture's input.")
@click.option("--output", help="Name of the output that is the feature.")
@click.option(
    "--pooling",
    type=click.Choice(["cls", "mean", "avg", "gem", "none"]),
    help="Tokens: cls (default) or mean of the patches; a map: avg (default) or gem.",
)
@click.option("--prefix-tokens", type=click.IntRange(0), help="Tokens before the patches (CLS, registers), for mean.")
@click.option("--licence", default="", help="Its licence: a text, or a file with one.")
@click.option("--source", default="", help="Where it comes from, for the card.")
@click.option(
    "--to", type=click.Path(path_type=Path, file_okay=False), help="Folder of the bundle. Default: in the home."
)
@json_option
@click.pass_obj
def import_(
    context: Context,
    file: Path,
    name: str,
    preset: str | None,
    size: int | None,
    mean: tuple[float, float, float] | None,
    std: tuple[float, float, float] | None,
    normalise: bool | None,
    crop: float | None,
    interpolation: str | None,
    resize: str | None,
    layout: str | None,
    input_: str | None,
    output: str | None,
    pooling: str | None,
    prefix_tokens: int | None,
    licence: str,
    source: str,
    to: Path | None,
    as_json: bool,
) -> None:
    """Make a bundle from an ONNX image encoder: CLIP, DINOv2, any other (needs: pip install 'edge-search[build]').

    FILE may have its weights beside it (model.onnx_data). What the options don't say is taken from the preset, else
    from the exporter's preprocessor_config.json beside FILE. The network is tried on both runtimes before
    the bundle exists.
    """
    from edge_search.appliance.encoders import bundles
    from edge_search.errors import InvalidValue
    from edge_search.modelbuild.import_options import ImportOptions
    from edge_search.modelbuild.importing import ImportRequest, import_model

    with context.box() as box:
        to = to or box.home.models / name
        taken = [bundle.path for bundle in bundles(box.home) if bundle.name == name and bundle.path != to]
    if taken:
        raise InvalidValue(f"the name {name} is taken by the bundle {taken[0]}; give another --name")
    options = ImportOptions(
        side=size,
        crop=crop,
        interpolation=interpolation,  # type: ignore[arg-type]
        fit={"shortest": "crop", "squash": "squash"}.get(resize or ""),  # type: ignore[arg-type]
        mean=mean,
        std=std,
        normalise=normalise,
        layout=layout,  # type: ignore[arg-type]
        input=input_,
        output=output,
        pooling=pooling,  # type: ignore[arg-type]
        prefix_tokens=prefix_tokens,
    )
    request = ImportRequest(file, name, options, preset, _text_or_file(licence), source)
    bundle = import_model(request, to, note)
    document = bundle.manifest.document
    if as_json:
        print_json(
            {
                "name": bundle.name,
                "path": str(bundle.path),
                "fingerprint": bundle.fingerprint,
                "dimension": bundle.dimension,
                "input": bundle.recipe.side,
                "precision": bundle.manifest.precision,
                **{key: document[key] for key in ("agreement", "left_out", "verdict")},
            }
        )
        return
    click.echo(
        f"{bundle.name} {bundle.fingerprint}: {bundle.dimension} numbers, {bundle.recipe.side} px, {bundle.path}"
    )
    for network in bundle.manifest.networks:
        found = document["agreement"][network.runtime]
        click.echo(f"  {network.runtime}: p50 {found['p50_ms']:.1f} ms, {found['resident_mb']:.0f} MB resident")
    click.echo(f"next: edge-search model use {bundle.name}")


def _text_or_file(licence: str) -> str:
    try:
        file = Path(licence)
        return file.read_text(encoding="utf-8", errors="replace") if licence and file.is_file() else licence
    except OSError:
        return licence
