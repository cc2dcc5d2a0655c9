"""`model`: encoder bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import note, print_json, print_table

__all__ = ["model"]


@click.group()
def model() -> None:
    """List, show, check and build encoder bundles."""


@model.command("list")
@json_option
@click.pass_obj
def list_models(context: Context, as_json: bool) -> None:
    """List the bundles on this machine; '*' marks the catalog's own."""
    from edge_search.appliance.encoders import bundles

    with context.box() as box:
        rows = [
            {
                "name": bundle.name,
                "architecture": bundle.manifest.architecture,
                "precision": bundle.manifest.precision,
                "dimension": bundle.dimension,
                "input": bundle.recipe.side,
                "fingerprint": bundle.fingerprint,
                "path": str(bundle.path),
                "active": bundle.fingerprint == box.encoders.fingerprint,
            }
            for bundle in bundles(box.home)
        ]
    if as_json:
        print_json(rows)
        return
    columns = ("", "name", "precision", "input", "feature", "fingerprint", "folder")
    print_table(
        columns,
        (
            (
                "*" if r["active"] else "",
                r["name"],
                r["precision"],
                r["input"],
                r["dimension"],
                r["fingerprint"],
                r["path"],
            )
            for r in rows
        ),
    )


@model.command("card")
@click.argument("name", required=False)
@click.pass_obj
def card(context: Context, name: str | None) -> None:
    """Print a bundle's model card: origin, licence, figures, limits."""
    from edge_search.appliance.encoders import named_bundle

    with context.box() as box:
        bundle = named_bundle(box.home, name or box.encoders.name)
    click.echo((bundle.path / "MODEL_CARD.md").read_text(encoding="utf-8"))


@model.command("verify")
@click.argument("name", required=False)
@json_option
@click.pass_obj
def verify(context: Context, name: str | None, as_json: bool) -> None:
    """Hash a bundle's files and run its canary on every runtime it has a network for."""
    from edge_search.appliance.encoders import named_bundle
    from edge_search.encoder.encoder import load_encoder
    from edge_search.encoder.runtime import RUNTIMES, RuntimeChoice

    with context.box() as box:
        bundle = named_bundle(box.home, name or box.encoders.name)
    bundle.verify()
    runtimes = [runtime for runtime in RUNTIMES if runtime in {n.runtime for n in bundle.manifest.networks}]
    for runtime in runtimes:
        load_encoder(bundle, cast("RuntimeChoice", runtime))
    if as_json:
        print_json({"name": bundle.name, "fingerprint": bundle.fingerprint, "runtimes": runtimes, "good": True})
    else:
        click.echo(f"{bundle.name} {bundle.fingerprint}: files whole, canary right on {', '.join(runtimes)}")


@model.command("build")
@click.argument("name")
@click.option(
    "--precision",
    type=click.Choice(["int8", "fp32"]),
    default="int8",
    show_default=True,
    help="int8 is measured and judged, and steps back where it must; fp32 is not quantized.",
)
@click.option(
    "--calibrate",
    type=click.Choice(["auto", "sample"]),
    default="auto",
    show_default=True,
    help="auto: by this home's own photos where it has 20 products; sample: by drawn pictures, the same everywhere.",
)
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder of the bundle.")
@click.pass_obj
def build(context: Context, name: str, precision: Literal["int8", "fp32"], calibrate: str, output: Path | None) -> None:
    """Build a bundle from public weights (needs the extra: pip install 'edge-search[build]')."""
    from edge_search.modelbuild.build import build as build_bundle

    with context.box() as box:
        output = output or box.home.models / f"{name}-{precision}"
        photos = box.photos if calibrate == "auto" else []
    build_bundle(name, output, note, photos=photos, precision=precision)
    click.echo(f"built {output}")
