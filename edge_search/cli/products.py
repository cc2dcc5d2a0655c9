"""`products`: the product table."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from edge_search.cli.context import Context, json_option
from edge_search.cli.output import counted, note, print_json, print_table

__all__ = ["products"]


@click.group()
def products() -> None:
    """Show and change the product table; what is set here wins over every folder."""


@products.command("list")
@click.option("--limit", type=click.IntRange(1), help="Show at most this many.")
@json_option
@click.pass_obj
def list_products(context: Context, limit: int | None, as_json: bool) -> None:
    """List all products."""
    from itertools import islice

    with context.box(existing=True) as box:
        rows = list(islice(iter(box.products), limit))
        total = len(box.products)
    if as_json:
        print_json({"products": rows, "total": total})
        return
    print_table(
        ("SKU", "title", "category", "price", "stock", "photos"),
        ((r["sku"], r["title"], r["category"], r["price"], r["stock"], r["images"]) for r in rows),
    )
    click.echo(f"{len(rows):,} of {counted(total, 'product')}")


@products.command("show")
@click.argument("sku")
@json_option
@click.pass_obj
def show(context: Context, sku: str, as_json: bool) -> None:
    """Show one product, its photos and what was set here."""
    with context.box(existing=True) as box:
        row = box.products.get(sku)
    if as_json:
        print_json(row)
        return
    lines = [(name, value) for name, value in row.items() if name not in {"images", "attributes", "local"}]
    lines += list(row["attributes"].items())
    print_table(("", sku), ((name, value) for name, value in lines if value is not None))
    for image in row["images"]:
        owner = "" if image["owner"] != "local" else " (taught)"
        click.echo(f"photo {image['image_id']}: {image['path']}{owner}")
    if row["local"]:
        click.echo(f"set here: {', '.join(sorted(row['local']))}")


@products.command("set")
@click.argument("sku")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.pass_obj
def set_values(context: Context, sku: str, values: tuple[str, ...]) -> None:
    """Set values of a product, such as title="Oat drink 1 l" price=1.89; NAME= clears one."""
    pairs = [value.partition("=") for value in values]
    for name, separator, _ in pairs:
        if not separator or not name:
            raise click.UsageError(f"{name!r}: write NAME=VALUE, such as price=1.89")
    with context.box() as box:
        new = sku not in box.products
        box.products.set(sku, {name: value for name, _, value in pairs})
    if new:
        note(f"edge-search: {sku} is a new product; it has no photos until you add some")


@products.command("reset")
@click.argument("sku")
@click.pass_obj
def reset(context: Context, sku: str) -> None:
    """Forget what was set here, so that the folders' values hold again; or bring back what was removed here."""
    with context.box(existing=True) as box:
        kept = box.products.reset(sku)
    if kept:
        note(
            f"edge-search: {sku} is back, and so is what was set here ({', '.join(sorted(kept))}); "
            f"'edge-search products reset {sku}' once more forgets that"
        )


@products.command("remove")
@click.argument("sku", nargs=-1, required=True)
@click.pass_obj
def remove(context: Context, sku: tuple[str, ...]) -> None:
    """Hide products from now on, also when their folder still has them ('reset' brings them back)."""
    with context.box(existing=True) as box:
        for name in sku:
            box.products.remove(name)


@products.command("inbox")
@json_option
@click.pass_obj
def inbox(context: Context, as_json: bool) -> None:
    """List the photos that wait, unseen by shoppers, because no product table lists their SKU."""
    with context.box(existing=True) as box:
        items = box.inbox()
    if as_json:
        print_json({"items": [asdict(item) for item in items]})
        return
    if not items:
        click.echo("the inbox is empty")
        return
    print_table(("SKU", "photos", "why"), ((item.sku, len(item.image_ids), item.reason) for item in items))
    click.echo(
        f"{counted(sum(len(item.image_ids) for item in items), 'photo')} of {counted(len(items), 'SKU')}; "
        "a row in products.csv or 'edge-search products set SKU title=...' shows them at once"
    )


@products.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_obj
def import_table(context: Context, file: Path, as_json: bool) -> None:
    """Set the values of every row of a table like products.csv."""
    with context.box() as box:
        count, skipped = box.products.import_csv(file)
    if as_json:
        print_json({"imported": count, "skipped": [{"path": bad.path, "reason": bad.reason} for bad in skipped]})
        return
    click.echo(f"{counted(count, 'product')} set")
    for bad in skipped:
        click.echo(f"  {bad.path}: {bad.reason}")
