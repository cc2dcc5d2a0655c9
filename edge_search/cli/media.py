"""`import-media`: what a stick brings, and taking it in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import counted, note, print_json, progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge_search.types import MediaReport

__all__ = ["import_media"]

_NAMED = 20


@click.command("import-media")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--preview", is_flag=True, help="Only say what the medium would bring; nothing is written.")
@click.option("--into", type=click.Path(path_type=Path), help="A followed folder. Default: 'catalog' in the home.")
@runtime_option
@json_option
@click.pass_obj
def import_media(
    context: Context, path: Path | None, preview: bool, into: Path | None, runtime: str | None, as_json: bool
) -> None:
    """Copy photos and product rows from PATH (a stick or a folder) into a catalog folder of this box.

    Without PATH, lists the media that are plugged in.
    """
    with context.box(runtime, existing=preview or path is None) as box:
        if path is None:
            found = box.media.found()
            if as_json:
                print_json([{"media_id": one.media_id, "label": one.label, "path": one.path} for one in found])
            else:
                click.echo("\n".join(f"{one.path}  {one.label}" for one in found) or "no medium is plugged in")
            return
        with progress_bar("looking" if preview else "importing") as progress:
            report = (box.media.preview if preview else box.media.take)(path, into, progress=progress)
    if report.index and report.index.held:
        note(
            f"edge-search: nothing was deleted: {report.index.held.reason}. If that is right, run "
            f"'edge-search index {report.into} --yes'"
        )
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report)


def _print(report: MediaReport) -> None:
    click.echo(
        f"{report.path}: {counted(len(report.new), 'new photo')}, {len(report.changed):,} changed, "
        f"{report.unchanged:,} unchanged, {len(report.unreadable):,} unreadable; "
        f"{counted(report.products_changed, 'product row')} new or changed"
    )
    waiting = [photo for photo in report.unknown_sku if photo.sku]
    nameless = [photo for photo in report.unknown_sku if not photo.sku]
    if waiting:
        click.echo(f"{counted(len(waiting), 'photo')} of a SKU that no product table lists, for the inbox:")
        _list(f"{photo.path} ({photo.sku})" for photo in waiting)
    if nameless:
        click.echo(
            f"{counted(len(nameless), 'photo')} without a SKU, left on the medium; put them in a folder each SKU:"
        )
        _list(photo.path for photo in nameless)
    if report.unreadable:
        click.echo("unreadable:")
        _list(f"{bad.path}: {bad.reason}" for bad in report.unreadable)
    if report.warnings:
        click.echo("to look at:")
        _list(f"{warning.path}: {warning.reason}" for warning in report.warnings)
    if report.taken is None:
        click.echo(f"nothing was copied yet; without --preview this goes into {report.into}")
    else:
        click.echo(f"{counted(report.taken, 'photo')} copied into {report.into}")
    if report.index:
        click.echo(
            f"The catalog has {counted(report.index.products, 'product')} with "
            f"{counted(report.index.images, 'photo')}; {report.index.inbox:,} in the inbox."
        )


def _list(lines: Iterable[str]) -> None:
    shown = list(lines)
    for line in shown[:_NAMED]:
        click.echo(f"  {line}")
    if len(shown) > _NAMED:
        click.echo(f"  ... and {len(shown) - _NAMED:,} more; --json names all")
