"""`index`: make the store equal to a folder or manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_search.cli.adapt import adapt_if_due, print_fit
from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import counted, note, print_json, progress_bar

if TYPE_CHECKING:
    from edge_search.types import IndexReport

__all__ = ["index"]

_NAMED = 20


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--manifest", type=click.Path(path_type=Path), help="A CSV file: path,sku[,category,...].")
@click.option("--yes", is_flag=True, help="Also delete what would be held for a confirmation.")
@click.option("--no-adapt", is_flag=True, help="Don't fit to the catalog afterwards, even if that is due.")
@runtime_option
@json_option
@click.pass_obj
def index(
    context: Context,
    folder: Path | None,
    manifest: Path | None,
    yes: bool,
    no_adapt: bool,
    runtime: str | None,
    as_json: bool,
) -> None:
    """Make the store equal to FOLDER (or a manifest): take what is new, drop what is gone.

    Without either, every folder and manifest indexed before is read again.
    """
    if folder is not None and manifest is not None:
        raise click.UsageError("give a folder or --manifest, not both")
    with context.box(runtime) as box:
        with progress_bar("indexing") as progress:
            report = box.index(folder, manifest=manifest, yes=yes, progress=progress)
        fitted = None if no_adapt else adapt_if_due(box)
    if report.held:
        note(
            f"edge-search: nothing was deleted: {report.held.reason}. "
            "If that is right, run the same command with --yes; if not, see that the folder is mounted"
        )
    if as_json:
        print_json({**report.to_dict(), "fitted": fitted})
    else:
        _print(report)
        if fitted is not None:
            print_fit(fitted)


def _print(report: IndexReport) -> None:
    click.echo(
        f"{report.added} added, {report.updated} updated, {report.removed} removed, "
        f"{report.unchanged} unchanged in {report.seconds:.1f} s"
    )
    click.echo(f"The catalog has {counted(report.products, 'product')} with {counted(report.images, 'photo')}.")
    if report.inbox:
        click.echo(
            f"{counted(report.inbox, 'photo')} {'waits' if report.inbox == 1 else 'wait'} in the inbox, for no product "
            "table lists their SKU; 'edge-search products inbox' names them"
        )
    if report.skipped:
        click.echo(f"{len(report.skipped)} skipped:")
        for skipped in report.skipped[:_NAMED]:
            click.echo(f"  {skipped.path}: {skipped.reason}")
        if len(report.skipped) > _NAMED:
            click.echo(f"  ... and {len(report.skipped) - _NAMED} more; 'edge-search status --json' names all")
    if report.warnings:
        click.echo(f"{len(report.warnings)} to look at:")
        for warning in report.warnings[:_NAMED]:
            click.echo(f"  {warning.path}: {warning.reason}")
        if len(report.warnings) > _NAMED:
            click.echo(f"  ... and {len(report.warnings) - _NAMED} more; 'edge-search status --json' names all")
