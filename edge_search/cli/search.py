"""`search`: name the product on a photo."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from edge_search.cli.context import Context, json_option, runtime_option
from edge_search.cli.output import print_json, print_table

if TYPE_CHECKING:
    from edge_search.types import Answer, Hit

__all__ = ["search"]

_WORDS = {"match": "This is it", "maybe": "Maybe one of these", "none": "Not in the catalog; the nearest are"}
_QUALITY = {"dark": "The photo is dark: more light helps.", "blurred": "The photo is blurred: hold still."}


@click.command()
@click.argument("photo", type=click.Path(allow_dash=True))
@click.option("-k", "hits", type=click.IntRange(1, 1000), help="Products to name. Default: the setting 'hits'.")
@click.option("--category", multiple=True, help="Only this category (repeat for several).")
@click.option("--where", multiple=True, help="A condition such as 'price<20' (repeat: all must hold).")
@click.option("--crop", metavar="X,Y,W,H", help="Look at this part only: pixels, or fractions up to 1.")
@click.option("--exact", is_flag=True, help="Compare with every photo instead of asking the index.")
@click.option("--group-variants", is_flag=True, help="SKUs of one variant_group are one hit.")
@click.option("--no-rerank", is_flag=True, help="Leave out the comparison of details (local features).")
@runtime_option
@json_option
@click.pass_obj
def search(
    context: Context,
    photo: str,
    hits: int | None,
    category: tuple[str, ...],
    where: tuple[str, ...],
    crop: str | None,
    exact: bool,
    group_variants: bool,
    no_rerank: bool,
    runtime: str | None,
    as_json: bool,
) -> None:
    """Name the product on PHOTO ('-': read it from stdin)."""
    from edge_search.imaging.crop import parse_crop

    box_of_interest = parse_crop(crop) if crop is not None else None
    with context.box(runtime, once=True, existing=True) as box:
        data = _stdin(box.settings.max_photo_mb) if photo == "-" else photo
        answer = box.search(
            data,
            hits,
            category=category,
            where=where,
            crop=box_of_interest,
            exact=exact,
            variants=group_variants,
            rerank=not no_rerank,
        )
    if as_json:
        print_json(answer.to_dict())
    else:
        _print(answer, chosen=bool(category or where))


def _stdin(max_mb: int) -> bytes:
    from edge_search.errors import PhotoTooLarge, PhotoUnreadable

    data = sys.stdin.buffer.read(max_mb * 2**20 + 1)
    if len(data) > max_mb * 2**20:
        raise PhotoTooLarge(
            f"the photo on stdin is larger than {max_mb} MB; raise the setting max_photo_mb if it must be"
        )
    if not data:
        raise PhotoUnreadable("there is no photo on stdin; pipe one in, or name a file")
    return data


def _print(answer: Answer, *, chosen: bool) -> None:
    if answer.quality in _QUALITY:
        click.echo(_QUALITY[answer.quality])
    if not answer.hits and chosen:
        click.echo("No product meets these conditions; 'edge-search products list' shows what is there.")
        return
    if not answer.hits:
        click.echo("The catalog is empty; 'edge-search index FOLDER' fills it.")
        return
    click.echo(f"{_WORDS[answer.verdict]} ({answer.verdict}):")
    print_table(
        ("", "product", "SKU", "score", "price", "where", "stock"),
        (
            (hit.rank, hit.title, hit.sku, f"{hit.score:.2f}", _price(hit), hit.location, hit.stock)
            for hit in answer.hits
        ),
    )
    ms = answer.timings_ms
    details = f", details {ms.rerank:.1f}" if ms.rerank else ""
    first = answer.hits[0]
    if first.evidence is not None:
        where = ",".join(f"{value:.2f}" for value in first.evidence.region)
        click.echo(f"{first.evidence.points} details agree with {first.sku}, in {where} of the photo.")
    click.echo(f"{ms.total:.0f} ms (decode {ms.decode:.1f}, encode {ms.encode:.1f}, search {ms.search:.1f}{details})")


def _price(hit: Hit) -> str:
    return "" if hit.price is None else f"{hit.price:.2f} {hit.currency or ''}".strip()
