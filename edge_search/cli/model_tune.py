"""`model tune`: fine-tune an encoder's weights on this catalog, on a machine larger than the box."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import note, print_json

__all__ = ["tune"]


@click.command("tune")
@click.argument("name")
@click.option(
    "--catalog",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="A catalog folder or a manifest (.csv). Default: the photos of this home.",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Your checkpoint, as for `model build`.",
)
@click.option("--variant", type=click.Choice(["tf", "torch"]), help="As for `model build`.")
@click.option(
    "--loss",
    type=click.Choice(["arcface", "triplet"]),
    default="arcface",
    show_default=True,
    help="What tells products apart: a margin between all of them, or pairs within a batch.",
)
@click.option("--steps", type=int, default=2000, show_default=True, help="Batches to train on.")
@click.option("--batch", type=int, default=32, show_default=True, help="Photos in a batch, two of each product.")
@click.option("--rate", type=float, default=2e-4, show_default=True, help="Largest learning rate.")
@click.option("--margin", type=float, help="Of the loss. Default: 0.3 (arcface, radians), 0.15 (triplet, cosine).")
@click.option(
    "--first-stage",
    type=int,
    default=4,
    show_default=True,
    help="Stages of the network before it (1 to 7) stay as they are; 0 trains everything.",
)
@click.option(
    "--balance",
    default="category",
    show_default=True,
    metavar="COLUMNS",
    help="Product values that are drawn evenly, the first one first: category,brand,colour. Empty: none.",
)
@click.option("--side", type=int, help="Side of the pictures in training, pixels. Default: the encoder's own.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same run.")
@click.option(
    "--device", default="auto", show_default=True, help="PyTorch's name: cpu, cuda, cuda:1; auto: CUDA if any."
)
@click.option(
    "--precision", type=click.Choice(["int8", "fp32"]), default="int8", show_default=True, help="Of the bundle."
)
@click.option("--work", type=click.Path(path_type=Path, file_okay=False), help="Folder of checkpoint and report.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder of the bundle.")
@json_option
@click.pass_obj
def tune(
    context: Context,
    /,
    name: str,
    catalog: Path | None,
    weights: Path | None,
    variant: str | None,
    balance: str,
    device: str,
    precision: Literal["int8", "fp32"],
    work: Path | None,
    output: Path | None,
    as_json: bool,
    **planned: Any,
) -> None:
    """Fine-tune the weights of NAME on photos of this catalog (extra: pip install 'edge-search[tune]').

    Ends in a bundle for `model use`, if photos that were held out say that the tuned weights win. Cut off, the same
    command goes on from its last checkpoint.
    """
    from edge_search.modelbuild.receipt import pulled_weights
    from edge_search.modelbuild.tuning.machine import need_torch
    from edge_search.modelbuild.tuning.material import Material, read_catalog
    from edge_search.modelbuild.tuning.plan import Plan
    from edge_search.modelbuild.tuning.tuned import REPORT

    if variant is not None and weights is None:
        raise click.UsageError("--variant says what --weights FILE is; give both")
    plan = Plan(**planned)
    with context.box() as box:
        output = output or box.home.models / f"{name}-tuned-{precision}"
        work = work or box.home.root / "tuning" / name
        weights = weights or pulled_weights(box.home.root, name)
        if catalog is None:
            photos = box.photos
            products = {row["sku"]: {**row["attributes"], **row} for row in box.products}
        else:
            photos, found = read_catalog(catalog)
            products = {sku: dict(values) for sku, values in found.items()}
    columns = [column.strip() for column in balance.split(",") if column.strip()]
    if columns == ["category"] and not any(row.get("category") for row in products.values()):
        columns = []  # the default asks for nothing that a catalog must have
    material = Material.of(photos, products, columns)
    need_torch()
    from edge_search.modelbuild.tuning.tune import tune as tune_weights

    tuned = tune_weights(
        name,
        output,
        work,
        material,
        plan,
        weights=weights,
        variant=variant,
        precision=precision,
        device=device,
        progress=note,
    )
    if as_json:
        print_json(tuned.to_dict())
        return
    for file in tuned.unreadable:
        note(f"edge-search: left out, can't be read: {file}")
    if tuned.bundle is None:
        click.echo(f"no bundle: {tuned.judgement.reason}. The encoder stays as it is; {work / REPORT} has the figures")
    else:
        click.echo(f"built {tuned.bundle}: {tuned.judgement.reason}")
        click.echo(f"next: edge-search model use {tuned.bundle.name}")
