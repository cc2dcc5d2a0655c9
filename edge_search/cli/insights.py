"""`insights`: what the shop's own queries say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from edge_search.cli.advice import csv_option, print_advice
from edge_search.cli.context import Context, json_option
from edge_search.cli.output import counted, print_json, print_table

__all__ = ["insights"]

_SHOWN = 10


@click.command()
@csv_option
@json_option
@click.pass_obj
def insights(context: Context, csv_path: Path | None, as_json: bool) -> None:
    """Tell from the journal how much is unknown, what is corrected most, never found, and busiest."""
    from edge_search.appliance.page import check_target

    if csv_path is not None:
        check_target(csv_path)
    with context.box(existing=True) as box:
        result = box.insights()
        if csv_path is not None:
            box.insights.csv(result, csv_path)
    figures = result.to_dict()
    if as_json:
        print_json(figures)
        return
    if not figures["queries"]:
        click.echo("the journal is empty: it keeps what is asked over HTTP and at the kiosk")
        return
    _print(figures)
    if figures["enough"]:
        print_advice(result.findings)


def _print(figures: Mapping[str, Any]) -> None:
    period = figures["period"]
    click.echo(
        f"{counted(figures['queries'], 'query').replace('querys', 'queries')} from {period['from']} to {period['to']}"
    )
    if not figures["enough"]:
        click.echo(f"too few to conclude anything; findings are told from {figures['fewest']} on")
        return
    print_table(
        (f"{figures['by']} from", "queries", "none", "unknown"),
        (
            (span["start"], span["queries"], span["none"], _rate(span["unknown_rate"]))
            for span in figures["spans"][-_SHOWN * 2 :]
        ),
    )
    click.echo(f"unknown: {figures['unknown_rate']:.1%} of all")
    for title, name, columns in (
        ("corrected most", "corrected", ("from", "to", "count")),
        ("busiest", "busiest", ("sku", "count", "confirmed")),
        ("asked for, never found", "missed", ("sku", "count")),
    ):
        if figures[name]:
            rows = figures[name][:_SHOWN]
            print_table(columns, ([row[column] for column in columns] for row in rows), title=title)
    never = figures["never_found"]
    click.echo(
        f"{counted(len(never), 'product')} of {figures['products']:,} never found; by chance about "
        f"{figures['expected_never_found']:.0f} would not be asked for"
    )


def _rate(value: float | None) -> str:
    return "too few" if value is None else f"{value:.1%}"
