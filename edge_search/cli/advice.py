"""Findings with what to do about them, on the terminal and as a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_search.cli.output import print_table

if TYPE_CHECKING:
    from edge_search.evaluation.advice import Advice

__all__ = ["csv_option", "print_advice"]

_MOST = 10

csv_option = click.option(
    "--csv",
    "csv_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write what to do as a table: sku,problem,action.",
)


def print_advice(findings: Sequence[Advice]) -> None:
    """Print what to do; of many findings the first ten."""
    if not findings:
        click.echo("nothing to do")
        return
    print_table(
        ("SKU", "problem", "what to do"), ((one.sku or "all", one.problem, one.action) for one in findings[:_MOST])
    )
    if len(findings) > _MOST:
        click.echo(f"{len(findings) - _MOST} more; --csv FILE writes all of them")
