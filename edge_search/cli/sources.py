"""`sources`: the folders and manifests that are followed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import print_json, print_table

__all__ = ["sources"]

_RULES = "poll=always|never|auto, scan_minutes=N, max_mb=N, max_files=N, ignore='GLOB|GLOB'"


@click.group()
def sources() -> None:
    """Show and change what is followed."""


@sources.command("list")
@json_option
@click.pass_obj
def list_sources(context: Context, as_json: bool) -> None:
    """List all sources, how they stand and what they hold back."""
    with context.box() as box:
        found = box.sources.listed()
    if as_json:
        print_json({"sources": [asdict(source) for source in found]})
        return
    print_table(
        ("number", "path", "state", "since", "photos", "last look", "holds", "rules"),
        (
            (
                s.source_id,
                s.path,
                s.state if s.detail is None else f"{s.state}: {s.detail}",
                s.since,
                s.images,
                s.last_scan,
                f"{s.held.products} products" if s.held else None,
                s.rules.to_json().strip("{}").replace('"', "") or None,
            )
            for s in found
        ),
    )


@sources.command("add")
@click.argument("path", type=click.Path(path_type=Path))
@click.argument("rules", nargs=-1, metavar="[RULE=VALUE]...")
@click.option("--manifest", is_flag=True, help="PATH is a CSV file: path,sku[,category,...].")
@click.pass_obj
def add(context: Context, path: Path, rules: tuple[str, ...], manifest: bool) -> None:
    """Follow PATH from now on; `watch` and `index` read it. For rules see `sources set`."""
    with context.box() as box:
        number = box.sources.add(path.expanduser().absolute(), "manifest" if manifest else "folder", _pairs(rules))
    click.echo(f"source {number}")


@sources.command("set", epilog=f"Rules: {_RULES}. RULE= gives the default back.")
@click.argument("source")
@click.argument("rules", nargs=-1, required=True, metavar="RULE=VALUE...")
@click.pass_obj
def set_rules(context: Context, source: str, rules: tuple[str, ...]) -> None:
    """Set rules of SOURCE (number or path): how often it is looked at, and what is left out."""
    with context.box() as box:
        box.sources.set(source, _pairs(rules))


@sources.command("remove")
@click.argument("source")
@click.option("--keep", "fate", flag_value="keep", help="Its products stay as they are.")
@click.option("--drop", "fate", flag_value="drop", help="Delete what came from it.")
@click.pass_obj
def remove(context: Context, source: str, fate: str | None) -> None:
    """Stop following SOURCE (number or path); --keep or --drop its products."""
    if fate is None:
        raise click.UsageError("say --keep (its products stay) or --drop (they are deleted)")
    with context.box() as box:
        gone = box.sources.remove(source, keep=fate == "keep")
    click.echo("not followed any more; its products stay" if fate == "keep" else f"{gone} photos removed")


def _pairs(rules: tuple[str, ...]) -> dict[str, str]:
    pairs = [rule.partition("=") for rule in rules]
    for name, separator, _ in pairs:
        if not separator or not name:
            raise click.UsageError(f"{name!r}: write RULE=VALUE; {_RULES}")
    return {name: value for name, _, value in pairs}
