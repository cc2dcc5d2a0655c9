"""`status` and `compact`: how the home stands, and tidying it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import print_json, print_table

if TYPE_CHECKING:
    from edge_search.appliance.pending import Pending

__all__ = ["compact", "status"]


@click.command()
@click.option("--check", is_flag=True, help="Exit with 1 when something needs attention.")
@json_option
@click.pass_context
def status(ctx: click.Context, check: bool, as_json: bool) -> None:
    """Show counts, sources, skipped files and what needs attention."""
    context: Context = ctx.obj
    with context.box() as box:
        now = box.status()
    if as_json:
        print_json(now.to_dict())
    else:
        print_table(
            ("", f"edge-search {now.version}"),
            (
                ("home", now.home),
                ("products", now.products),
                ("photos", f"{now.images}, and {now.inbox} in the inbox"),
                ("generation", f"{now.generation} (tail {now.tail}, masked {now.masked})"),
                ("encoder", f"{now.encoder}, projection {now.projection}"),
                *_switch(now.switch),
                ("catalog", now.catalog_digest),
                *(("source", f"{s.path}: {s.state}, {s.images} photos, read {s.last_scan}") for s in now.sources),
                ("free", f"{now.free_bytes / 2**30:.1f} GiB"),
                *(("skipped", f"{bad.path}: {bad.reason}") for bad in now.skipped),
                *(("attention", text) for text in now.degraded),
            ),
        )
    if check and now.degraded:
        ctx.exit(1)


def _switch(pending: Pending | None) -> list[tuple[str, str]]:
    if pending is None:
        return []
    return [
        ("switch", f"to {pending.to}: {pending.done} of {pending.total} photos, {pending.from_previews} by preview")
    ]


@click.command()
@json_option
@click.pass_obj
def compact(context: Context, as_json: bool) -> None:
    """Rebuild the index as one piece and drop what nothing uses any more."""
    with context.box() as box:
        generation = box.compact()
    if as_json:
        print_json({"generation": generation})
    else:
        click.echo(f"generation {generation} is published")
