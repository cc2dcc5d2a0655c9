"""The report of a diagnosis: the figures, the worst photos with what was done to them, the lookalikes."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from edge_search.evaluation.diagnosis import Diagnosis
from edge_search.evaluation.page import Thumbnails, html_page, html_table, share
from edge_search.evaluation.plot import Bar, bars, histogram

__all__ = ["diagnosis_page"]

_WORST = 8
_PAIRS = 40


def diagnosis_page(result: Diagnosis, picture: Callable[[int], Path | None]) -> str:
    """Return the page; ``picture`` gives a file with the pixels of a photo of the catalog, by its number."""
    figures, thumbnails = result.to_dict(), Thumbnails()
    parts = [_head(result, figures)]
    if result.enough:
        parts += [_background(result, figures["background"], thumbnails)]
        parts += [_colour(result, figures["colour"], thumbnails), _categories(figures["categories"])]
    parts += [_pairs(result, picture, thumbnails), _findings(result)]
    return html_page("edge-search diagnosis", "\n".join(part for part in parts if part))


def _head(result: Diagnosis, figures: dict[str, Any]) -> str:
    head = f"""<h1>Diagnosis</h1>
<p class="soft">{len(result.swapped)} photos tried, of a catalog of {result.images} photos of {result.products}
products. Encoder {escape(result.encoder)}, projection {escape(result.projection)}; ranked by vectors alone.</p>"""
    if not result.enough:
        return head + (
            f'<p class="note">{len(result.swapped)} photos are too few to conclude anything about the whole catalog; '
            f"from {figures['fewest']} on, background, colour and categories are told.</p>"
        )
    background, colour, categories = figures["background"], figures["colour"], figures["categories"]
    tiles = [
        ("background leakage", share(background["leakage"], background["leakage_interval95"])),
        ("colour bias", share(colour["bias"], colour["bias_interval95"])),
        ("spread within categories", share(categories["spread"]) if categories["known"] else "-"),
        ("confusable pairs", str(len(result.confusable))),
    ]
    items = "".join(f"<li>{name}<b>{value}</b></li>" for name, value in tiles)
    return f'{head}<ul class="tiles">{items}</ul>'


def _background(result: Diagnosis, figures: dict[str, Any], thumbnails: Thumbnails) -> str:
    worst = sorted(result.swapped, key=lambda one: (one.found, -one.leak, one.own))[:_WORST]
    rows = [
        (
            thumbnails.figure(one.shot.file, f"{one.shot.sku}, photo {one.shot.image_id}"),
            thumbnails.figure(one.previews[0], "") + thumbnails.figure(one.previews[1], ""),
            f"{one.own:.2f}",
            f"{one.leak:.2f}",
            f"{one.found * 2:.0f} of 2",
        )
        for one in worst
    ]
    head = ("photo", "on two other backgrounds", "similar", "leak", "named rightly")
    return f"""<h2>Background</h2>
<p>The product on two other backgrounds, against two products on the same background: in
<b>{figures["leakage"]:.1%}</b> of comparisons the other product seemed nearer (0: the background doesn't matter; 100 %:
nothing else does). {figures["found_again"]:.0%} of the pictures are still named rightly,
{figures["answer_changes"]:.0%} of the photos got two different answers. {figures["cut_out"]} of {figures["photos"]}
products could be cut out (a white one may lose its edge); of the others the middle of the photo was
taken.</p>{html_table(head, rows)}"""


def _colour(result: Diagnosis, figures: dict[str, Any], thumbnails: Thumbnails) -> str:
    worst = sorted(result.recoloured, key=lambda one: (one.grey_found + one.found, -one.bias, one.own))[:_WORST]
    rows = [
        (
            thumbnails.figure(one.shot.file, f"{one.shot.sku}, photo {one.shot.image_id}"),
            thumbnails.figure(one.previews[0], f"similar: {one.own:.2f}"),
            thumbnails.figure(one.previews[1], f"similar: {one.grey_own:.2f}"),
            f"{one.bias:.2f}",
        )
        for one in worst
    ]
    plot = histogram(
        [one.own for one in result.recoloured],
        [one.grey_own for one in result.recoloured],
        names=("recoloured", "greyscale"),
        across="similarity with the photo itself",
        label="Similarity of photos with their recolourings",
    )
    return f"""<h2>Colour</h2>
<p>In <b>{figures["bias"]:.1%}</b> of comparisons another product seemed nearer than the same one in other colours
({figures["grey_bias"]:.1%}: than in greyscale). {figures["found_recoloured"]:.0%} are still named rightly in other
colours, {figures["found_grey"]:.0%} in greyscale. Where products differ by colour alone, some bias is right.</p>
<div class="plots"><div>{plot}</div></div>{html_table(("photo", "recoloured", "greyscale", "bias"), rows)}"""


def _categories(figures: dict[str, Any]) -> str:
    if not figures["known"]:
        return f"<h2>Categories</h2><p>{escape(figures['reason'])}</p>"
    rows = figures["by_category"]
    drawn = bars(
        [
            Bar(name, row["spread"], None, str(row["products"]))
            for name, row in rows.items()
            if row["spread"] is not None
        ],
        label="Distance within a category, to that between categories",
        limit=1.2,
    )
    table = html_table(
        ("category", "products", "photos of one product", "products of it", "other categories", "silhouette"),
        (
            (
                escape(name),
                str(row["products"]),
                *(share(row[field]) for field in ("own", "within", "between", "silhouette")),
            )
            for name, row in rows.items()
        ),
    )
    return f"""<h2>Categories</h2>
<p>Mean distances (1 - cosine): photos of one product <b>{share(figures["own"])}</b>, products of one category
<b>{share(figures["within"])}</b>, of different ones <b>{share(figures["between"])}</b>; silhouette
{share(figures["silhouette"])}. A category has collapsed when its products lie on one point: spread (within / between)
near 0.</p><div class="plots"><div><h2>Spread by category</h2>{drawn}</div></div>{table}"""


def _pairs(result: Diagnosis, picture: Callable[[int], Path | None], thumbnails: Thumbnails) -> str:
    sure = len(result.confusable)
    rows = [
        (
            thumbnails.figure(picture(pair.image_id), pair.sku),
            thumbnails.figure(picture(pair.other_id), pair.other),
            f"{pair.similarity:.3f}",
            f"{pair.crossed} of {pair.photos}",
            escape(pair.advice().action) if at < sure else "",
        )
        for at, pair in enumerate((result.confusable or list(result.pairs[:10]))[:_PAIRS])
    ]
    if not rows:
        return ""
    told = (
        f"{sure} pairs are as near to each other as photos of one product are ({result.sure_above:.3f})."
        if sure
        else f"No two products are as near as photos of one product are ({result.sure_above:.3f}); the nearest are:"
    )
    head = ("product", "looks like", "similar", "photos nearer to the other", "what to do")
    return f"<h2>Confusable products</h2><p>{told}</p>{html_table(head, rows)}"


def _findings(result: Diagnosis) -> str:
    rows = [(escape(one.sku) or "all", escape(one.problem), escape(one.action)) for one in result.findings]
    if not rows:
        return "<h2>What to do</h2><p>Nothing was found.</p>"
    return f"<h2>What to do</h2>{html_table(('SKU', 'problem', 'action'), rows)}"
