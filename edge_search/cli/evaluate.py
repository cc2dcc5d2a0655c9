"""`evaluate`: how good are the answers on photos whose SKU is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import counted, note, print_json, print_table, progress_bar

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
    help="Also write an HTML page: plots, the worst queries with pictures, confused products.",
)
@click.option(
    "--losses/--no-losses",
    default=True,
    help="Rank every photo in other ways too, to tell what each part costs or brings (default; takes about as long "
    "again, apart from the timed answers).",
)
@runtime_option
@json_option
@click.pass_obj
def evaluate(
    context: Context, queries: Path | None, report: Path | None, losses: bool, runtime: str | None, as_json: bool
) -> None:
    """Search every held-out photo: Recall@1/5/20, MRR, verdicts, latency, and what each part costs."""
    from edge_search.appliance.page import check_target

    if report is not None:
        check_target(report)
    with context.box(runtime, existing=True) as box:
        with progress_bar("evaluating") as progress:
            result = box.evaluate(queries, losses=losses, progress=progress)
        if report is not None:
            box.evaluate.report(result, report)
    figures = result.to_dict()
    absent = figures["absent"]
    if absent["queries"]:
        note(
            f"edge-search: {counted(absent['queries'], 'photo')} of {counted(absent['skus'], 'SKU')} not in the "
            "catalog, counted apart"
        )
    if as_json:
        print_json(figures)
        return
    _print(figures)
    if result.skipped:
        click.echo(f"{counted(len(result.skipped), 'photo')} could not be searched; --json names them")


def _print(figures: Mapping[str, Any]) -> None:
    recall, spread = figures["recall"], figures["recall_interval95"]
    known, absent, verdict = figures["queries"] - figures["absent"]["queries"], figures["absent"], figures["verdict"]
    print_table(
        ("Recall@", "share", "95 % interval over SKUs"),
        ((depth, f"{recall[depth]:.3f}", _spread(spread and spread[depth])) for depth in recall),
    )
    print_table(
        ("verdict", "share", "95 % interval over SKUs"),
        (
            ("match: right SKU", _share(verdict["precision"]), _spread(verdict["precision_interval95"])),
            ("got match, right SKU", _share(verdict["coverage"]), _spread(verdict["coverage_interval95"])),
            *(
                [
                    (
                        "not in the catalog, got match",
                        _share(absent["match_share"]),
                        _spread(absent["match_share_interval95"]),
                    )
                ]
                if absent["queries"]
                else []
            ),
        ),
    )
    if figures["losses"]:
        print_table(
            ("part", "Recall@1 before", "after", "loss", ""), (_loss(*item) for item in figures["losses"].items())
        )
    told = {name: row for name, row in figures["categories"].items() if row["enough"]}
    if told:
        print_table(
            ("category", "photos", "Recall@1", "95 % interval", "@5", "@20"),
            (
                (
                    name,
                    row["queries"],
                    _share(row["1"]),
                    _spread(row["interval95"]["1"]),
                    _share(row["5"]),
                    _share(row["20"]),
                )
                for name, row in told.items()
            ),
        )
    few = len(figures["categories"]) - len(told)
    if few:
        noun = "category has" if few == 1 else "categories have"
        click.echo(f"{few} {noun} under {figures['fewest']} photos of 5 SKUs: too few to conclude anything")
    if not figures["enough"]:
        click.echo(
            f"{counted(known, 'photo')}: too few to conclude anything; intervals and categories are told from "
            f"{figures['fewest']} photos of 5 SKUs on"
        )
    latency, catalog = figures["latency_ms"], figures["catalog"]
    click.echo(
        f"{counted(known, 'photo')} against {counted(catalog['images'], 'photo')} of "
        f"{counted(catalog['products'], 'product')}; MRR {figures['mrr']:.3f}"
    )
    click.echo(f"p50 {latency['p50']:.1f} ms, p95 {latency['p95']:.1f} ms; {figures['encoder']}")


def _loss(part: str, row: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    from edge_search.evaluation.report import PARTS

    if not row["known"]:
        return PARTS[part], "", "", "", row["reason"]
    told = row.get("measured") or _spread(row["loss_interval95"])
    return PARTS[part], f"{row['without']['1']:.3f}", f"{row['with']['1']:.3f}", f"{row['loss']:+.3f}", told


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _spread(edges: list[float] | None) -> str:
    return "" if edges is None else f"{edges[0]:.3f} to {edges[1]:.3f}"
