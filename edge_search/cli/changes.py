"""`changes`: the change log."""

from __future__ import annotations

import json

import click

from edge_search.cli.context import Context
from edge_search.cli.output import note

__all__ = ["changes"]


@click.command()
@click.option("--since", type=click.IntRange(0), default=0, help="Only entries after this number.")
@click.option("--epoch", help="Exit with 1 when the numbers you know are of another epoch than this.")
@click.option("--snapshot", is_flag=True, help="What is there now instead, as entries for an empty store.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a line.")
@click.pass_obj
def changes(context: Context, since: int, epoch: str | None, snapshot: bool, as_json: bool) -> None:
    """Print every change since a number, oldest first; exit with 1 when a resync is due."""
    if snapshot and since:
        raise click.UsageError("--snapshot is what is there now; leave --since out")
    with context.box(existing=True) as box:
        count = 0
        for entry in box.changes.standing() if snapshot else box.changes.since(since, epoch=epoch):
            count += 1
            click.echo(json.dumps(entry, ensure_ascii=False) if as_json else _line(entry))
    if not (count or as_json):
        note(f"edge-search: nothing changed since {since}")


def _line(entry: dict[str, object]) -> str:
    owner = "local" if entry["owner"] == 0 else f"source {entry['owner']}"
    data = entry["data"] if isinstance(entry["data"], str) else json.dumps(entry["data"], ensure_ascii=False)
    words = [entry["seq"], entry["at"], entry["kind"], owner, entry["sku"], entry["image_id"], data]
    return "  ".join(str(word) for word in words if word not in (None, "null"))
