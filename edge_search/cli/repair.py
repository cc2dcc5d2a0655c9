"""`verify`, `repair`, `backup`, `restore`: finding damage, mending it, and being ready for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import counted, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_search.maintenance.damage import Damage

__all__ = ["backup", "repair", "restore", "verify"]


@click.command()
@json_option
@click.pass_context
def verify(ctx: click.Context, as_json: bool) -> None:
    """Compare database, index, previews and taught photos; exit with 1 when something is wrong."""
    context: Context = ctx.obj
    with context.box(existing=True) as box:
        found = box.upkeep.verify()
    if as_json:
        print_json({"good": not found, "damage": _documents(found)})
    else:
        _print(found)
        click.echo(
            f"{counted(len(found), 'thing')} {'is' if len(found) == 1 else 'are'} wrong; 'edge-search repair' mends "
            f"{'it' if len(found) == 1 else 'them'}"
            if found
            else "everything is right"
        )
    if found:
        ctx.exit(1)


@click.command()
@json_option
@click.pass_context
def repair(ctx: click.Context, as_json: bool) -> None:
    """Mend what verify finds; exit with 1 when something is left that only you can mend."""
    context: Context = ctx.obj
    with context.box(existing=True) as box:
        mended, left = box.upkeep.repair()
        rescan = box.upkeep.rescan_due()
    if as_json:
        print_json({"mended": _documents(mended), "left": _documents(left), "rescan_due": rescan})
    else:
        _print(mended)
        click.echo(f"{len(mended)} mended, {len(left)} left")
        _print(left)
        if rescan:
            click.echo("the database came from a snapshot: run 'edge-search index' to read the sources again")
    if left:
        ctx.exit(1)


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def backup(context: Context, target: Path, as_json: bool) -> None:
    """Write one file with everything this home can't make again, while it goes on running.

    TARGET is a file, or a folder that gets a file named by the time.
    """
    with context.box(existing=True) as box:
        written = box.upkeep.backup(target)
    if as_json:
        print_json({"path": str(written.path), "files": written.files, "bytes": written.size})
    else:
        click.echo(
            f"{written.path}: {counted(written.files, 'file')}, {written.size / 2**20:.1f} MiB, "
            f"in {written.seconds:.1f} s"
        )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Move a catalog that is there aside first.")
@json_option
@click.pass_obj
def restore(context: Context, file: Path, yes: bool, as_json: bool) -> None:
    """Make the home what it was when FILE was backed up; stop edge-search's services first."""
    from edge_search.maintenance.restore import restore_backup

    restored = restore_backup(file, context.place, yes=yes)
    with context.box() as box:
        box.compact()
    if as_json:
        aside = str(restored.aside) if restored.aside else None
        print_json({"files": restored.files, "products": restored.products, "images": restored.images, "aside": aside})
        return
    click.echo(f"{counted(restored.products, 'product')} with {counted(restored.images, 'photo')} came back")
    if restored.aside:
        click.echo(f"what was there before lies in {restored.aside}")


def _documents(found: Sequence[Damage]) -> list[dict[str, object]]:
    return [{"kind": d.kind, "key": d.key, "text": d.text, "lost": d.lost} for d in found]


def _print(found: Sequence[Damage]) -> None:
    for damage in found:
        click.echo(f"  {damage.text}")
