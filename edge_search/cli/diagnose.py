"""`diagnose`: the classic failures of a visual search, looked for in this catalog."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from edge_search.cli.advice import csv_option, print_advice
from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import counted, print_json, print_table, progress_bar

__all__ = ["diagnose"]

_PAIRS = 10


@click.command()
@click.option("--photos", type=click.IntRange(1, 5000), default=200, show_default=True, help="Photos to try things on.")
@csv_option
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Also write an HTML page with the pictures."
)
@runtime_option
@json_option
@click.pass_obj
def diagnose(
    context: Context, photos: int, csv_path: Path | None, report: Path | None, runtime: str | None, as_json: bool
) -> None:
    """Try other backgrounds and colours on the catalog's own photos, and name products that look alike.

    Needs no queries and changes nothing. Takes about half a minute for 200 photos on two cores.
    """
    from edge_search.appliance.page import check_target

    for target in (csv_path, report):
        if target is not None:
            check_target(target)
    with context.box(runtime, existing=True) as box:
        with progress_bar("diagnosing") as progress:
            result = box.diagnose(photos=photos, progress=progress)
        if csv_path is not None:
            box.diagnose.csv(result, csv_path)
        if report is not None:
            box.diagnose.report(result, report)
    figures = result.to_dict()
    if as_json:
        print_json(figures)
        return
    _print(figures)
    print_advice(result.findings)


def _print(figures: Mapping[str, Any]) -> None:
    if figures["enough"]:
        background, colour, categories = figures["background"], figures["colour"], figures["categories"]
        rows = [
            ("background", "another product on the same background seems nearer", _share(background, "leakage")),
            ("", "still named rightly on another background", _share(background, "found_again")),
            ("", "another background, another answer", _share(background, "answer_changes")),
            ("colour", "another product seems nearer than the same in other colours", _share(colour, "bias")),
            ("", "still named rightly in other colours", _share(colour, "found_recoloured")),
            ("", "still named rightly in greyscale", _share(colour, "found_grey")),
        ]
        if categories["known"]:
            rows.append(
                ("categories", "distance within a category, to that between them", _share(categories, "spread"))
            )
            rows.append(("", "silhouette of the categories", _share(categories, "silhouette")))
        else:
            rows.append(("categories", categories["reason"], ""))
        print_table(("failure", "share or figure", ""), rows)
    else:
        click.echo(
            f"{counted(figures['photos'], 'photo')}: too few to conclude anything about the whole catalog; "
            f"that is told from {figures['fewest']} on"
        )
    pairs = figures["confusable"]
    if pairs:
        print_table(
            ("product", "looks like", "similarity", "photos nearer to the other"),
            (
                (p["sku"], p["other"], f"{p['similarity']:.3f}", f"{p['crossed']} of {p['photos']}")
                for p in pairs[:_PAIRS]
            ),
        )
    more = f", {len(pairs) - _PAIRS} more in --json" if len(pairs) > _PAIRS else ""
    click.echo(
        f"{counted(len(pairs), 'pair')} of products as near as photos of one product are "
        f"(similarity {figures['confusable_above']:.3f}){more}"
    )
    catalog = figures["catalog"]
    click.echo(
        f"{counted(figures['photos'], 'photo')} tried, of {counted(catalog['images'], 'photo')} of "
        f"{counted(catalog['products'], 'product')}; {figures['encoder']}, projection {figures['projection']}"
    )
    if figures["unreadable"]:
        click.echo(f"{counted(figures['unreadable'], 'photo')} could not be read; 'edge-search verify' says more")


def _share(figures: Mapping[str, Any], name: str) -> str:
    value, spread = figures[name], figures.get(f"{name}_interval95")
    if value is None:
        return "-"
    return f"{value:.3f}" if spread is None else f"{value:.3f} ({spread[0]:.3f} to {spread[1]:.3f})"
