"""`sync`: what making the store equal to the sources waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import print_json

if TYPE_CHECKING:
    from edge_search.types import IndexReport

__all__ = ["sync"]


@click.group()
def sync() -> None:
    """Say yes to what a sync holds back."""


@sync.command("confirm")
@click.argument("source", required=False)
@json_option
@click.pass_obj
def confirm(context: Context, source: str | None, as_json: bool) -> None:
    """Let SOURCE (number or path; default: all) delete what it holds, of so many products as were shown."""
    with context.box() as box:
        done: list[tuple[str, IndexReport | None]]
        done = box.sources.confirm_all() if source is None else [(source, box.sources.confirm(source))]
    if as_json:
        print_json({"confirmed": [{"source": path, "report": r.to_dict() if r else None} for path, r in done]})
        return
    for path, report in done:
        removed = "the watcher does it now" if report is None else f"{report.removed} photos removed"
        click.echo(f"{path}: confirmed, {removed}")
    if not done:
        click.echo("nothing is held")
