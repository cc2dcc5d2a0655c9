"""`status` and `compact`: how the home stands, and tidying it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import counted, print_json, print_table

if TYPE_CHECKING:
    from edge_search.appliance.pending import Pending
    from edge_search.watch.report import WatchReport

__all__ = ["compact", "status"]


@click.command()
@click.option("--check", is_flag=True, help="Exit with 1 when something needs attention.")
@json_option
@click.pass_context
def status(ctx: click.Context, check: bool, as_json: bool) -> None:
    """Show counts, sources, skipped files and what needs attention."""
    context: Context = ctx.obj
    with context.box(existing=True) as box:
        now = box.status()
    if as_json:
        print_json(now.to_dict())
    else:
        print_table(
            ("", f"edge-search {now.version}"),
            (
                ("home", now.home),
                ("products", now.products),
                ("photos", f"{now.images:,}, and {now.inbox:,} in the inbox"),
                ("generation", f"{now.generation} (tail {now.tail}, masked {now.masked})"),
                ("encoder", f"{now.encoder}, projection {now.projection}"),
                *_switch(now.switch),
                ("catalog", now.catalog_digest),
                *(
                    ("source", f"{s.path}: {s.state}, {counted(s.images, 'photo')}, read {s.last_scan}")
                    for s in now.sources
                ),
                ("watch", _watch(now.watch)),
                ("free", f"{now.free_bytes / 2**30:.1f} GiB"),
                *(("skipped", f"{bad.path}: {bad.reason}") for bad in now.skipped),
                *(("look at", f"{warning.path}: {warning.reason}") for warning in now.warnings),
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


def _watch(now: WatchReport) -> str:
    parts = [now.state]
    parts += [f"until {now.until}"] if now.until else []
    parts += [f"{counted(now.backlog, 'photo')} to look at"] if now.backlog else []
    parts += [f"about {now.eta_seconds:.0f} s left"] if now.eta_seconds is not None else []
    parts += [f"last error: {now.last_error}"] if now.last_error else []
    return ", ".join(parts)


@click.command()
@json_option
@click.pass_obj
def compact(context: Context, as_json: bool) -> None:
    """Rebuild the index as one piece and drop what nothing uses any more."""
    with context.box(existing=True) as box:
        generation = box.compact()
    if as_json:
        print_json({"generation": generation})
    else:
        click.echo(f"generation {generation} is published")
