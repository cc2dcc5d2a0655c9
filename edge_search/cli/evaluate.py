"""`evaluate`: how good are the answers on photos whose SKU is known."""

from __future__ import annotations

from pathlib import Path

import click

from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import note, print_json, print_table, progress_bar

__all__ = ["evaluate"]


@click.command()
@click.option(
    "--queries",
    type=click.Path(path_type=Path),
    help="A CSV file: path,sku[,category] of held-out photos. Default: the checks saved in staff mode.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write an HTML page with the misses.",
)
@runtime_option
@json_option
@click.pass_obj
def evaluate(context: Context, queries: Path | None, report: Path | None, runtime: str | None, as_json: bool) -> None:
    """Search every held-out photo and report Recall@1/5/20, MRR and latency."""
    with context.box(runtime) as box:
        with progress_bar("evaluating") as progress:
            result = box.evaluate(queries, progress=progress)
        if report is not None:
            box.write_report(result, queries, report)
    figures = result.to_dict()
    if result.unknown:
        note(f"edge-search: {len(result.unknown)} SKUs of the queries are not in the catalog and count as wrong")
    if as_json:
        print_json(figures)
        return
    recall, spread = figures["recall"], figures["recall_interval95"]
    print_table(
        ("Recall@", "share", "95 % interval over SKUs"),
        ((depth, f"{recall[depth]:.3f}", f"{spread[depth][0]:.3f} to {spread[depth][1]:.3f}") for depth in recall),
    )
    latency = figures["latency_ms"]
    click.echo(
        f"{figures['queries']} queries of {figures['skus']} SKUs against {result.images} photos of "
        f"{result.products} products; MRR {figures['mrr']:.3f}"
    )
    click.echo(f"p50 {latency['p50']:.1f} ms, p95 {latency['p95']:.1f} ms; {result.encoder}")
    if result.skipped:
        click.echo(f"{len(result.skipped)} photos could not be searched; --json names them")
