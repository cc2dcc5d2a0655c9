"""The report of an evaluation: figures, plots, the worst queries with pictures, the confusable pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from edge_search.evaluation.confusion import confused
from edge_search.evaluation.evaluation import Evaluation
from edge_search.evaluation.metrics import DEPTHS, FEWEST, Ranked, interval, recall
from edge_search.evaluation.page import Thumbnails, html_page, html_table, share
from edge_search.evaluation.plot import Bar, bars, curve, histogram

__all__ = ["PARTS", "html_report", "worst"]

_WORST = 60
_SHOWN = 3
_PAIRS = 20

PARTS = {
    "network": "FP32 → INT8 network",
    "int8": "float16 → int8 vectors",
    "hnsw": "exact → HNSW index",
    "projection": "plain → fitted projection",
    "rerank": "vectors → re-ranker",
}
"""The parts of the box that losses are told of, as people read them."""


def html_report(result: Evaluation, picture: Callable[[str], Path | None]) -> str:
    """Return the page; ``picture`` gives a file with a picture of a SKU, where there is one."""
    figures = result.to_dict()
    thumbnails = Thumbnails()
    parts = [_head(result, figures)]
    if result.known:
        parts.append(_plots(result, figures))
    sides = [_verdict(figures) if result.known else "", _losses(figures["losses"])]
    parts.append(f'<div class="plots">{"".join(f"<div>{side}</div>" for side in sides if side)}</div>')
    if result.enough:
        parts.append(_categories(figures["categories"]))
    parts.append(_worst(result, picture, thumbnails))
    parts.append(_pairs(result.known, picture, thumbnails))
    if result.skipped:
        rows = [(escape(bad.path), escape(bad.reason)) for bad in result.skipped]
        parts.append(f"<h2>Not searched: {len(rows)}</h2>{html_table(('photo', 'why'), rows)}")
    return html_page("edge-search evaluation", "\n".join(part for part in parts if part))


def worst(queries: Sequence[Ranked]) -> list[Ranked]:
    """Return the queries that went wrong, the most harmful first.

    A wrong "match" misleads a shopper: it comes before one that was only offered, and the surer the box was, the
    earlier. A photo of a SKU that the catalog doesn't have is wrong when it got "match".
    """
    wrong = [query for query in queries if (query.rank != 1 if query.known else query.verdict == "match")]
    order = {"match": 0, "maybe": 1}
    return sorted(wrong, key=lambda query: (order.get(query.verdict, 2), -(query.score or 0.0), query.path))


def _head(result: Evaluation, figures: Mapping[str, Any]) -> str:
    spread, latency, verdict = figures["recall_interval95"], figures["latency_ms"], figures["verdict"]
    tiles = [
        (f"Recall@{depth}", share(figures["recall"][str(depth)], spread and spread[str(depth)])) for depth in DEPTHS
    ]
    tiles += [
        ("MRR", share(figures["mrr"])),
        ("of “match”, right", share(verdict["precision"], verdict["precision_interval95"])),
        ("“match”, right", share(verdict["coverage"], verdict["coverage_interval95"])),
        ("ms (p50 / p95)", f"{latency['p50']:.0f} / {latency['p95']:.0f}"),
    ]
    items = "".join(f"<li>{name}<b>{value}</b></li>" for name, value in tiles)
    few = "" if result.enough else f'<p class="note">{_too_few(result)}</p>'
    absent = figures["absent"]
    apart = (
        f"<p>{absent['queries']} of the photos show {absent['skus']} products that the catalog doesn't have; they are "
        f"counted apart: <b>{absent['match']}</b> got “match”, {absent['maybe']} “maybe”, {absent['none']} “none”.</p>"
        if absent["queries"]
        else ""
    )
    return f"""<h1>Evaluation</h1>
<p class="soft">{len(result.known)} photos of {len({q.sku for q in result.known})} products, searched in a catalog of
{result.images} photos of {result.products} products. Encoder {escape(result.encoder)}, projection
{escape(result.projection)}, {"calibrated" if result.calibrated else "not calibrated to this catalog"}.</p>
<ul class="tiles">{items}</ul>{few}{apart}
<p class="soft">In brackets: 95 % intervals, by bootstrap over products (photos of one product are not independent).
Recall@k: the share of photos whose product is among the first k.</p>"""


def _too_few(result: Evaluation) -> str:
    return (
        f"{len(result.known)} photos are too few to conclude anything: intervals and categories are shown from "
        f"{FEWEST} photos of 5 products on. Save more check photos in staff mode, of different products."
    )


def _plots(result: Evaluation, figures: Mapping[str, Any]) -> str:
    queries, deepest = result.known, max(DEPTHS)
    band = [interval(queries, depth) for depth in range(1, deepest + 1)] if result.enough else None
    values = [recall(queries, depth) for depth in range(1, deepest + 1)]
    plots = [("Recall by k", curve(values, band, across="k", label="Recall by k"))]
    scored = [(query.score, query.rank == 1) for query in queries if query.score is not None]
    plots.append(
        (
            "Scores of the first hit",
            histogram(
                [score for score, right in scored if right],
                [score for score, right in scored if not right],
                names=("right", "wrong"),
                across="score",
                label="Scores of right and wrong first hits",
            ),
        )
    )
    known = {part: row for part, row in figures["losses"].items() if row["known"]}
    if known:
        rows = [Bar(PARTS[part], row["loss"], row["loss_interval95"]) for part, row in known.items()]
        reach = max(0.05, *(abs(edge) for bar in rows for edge in (bar.value, *(bar.interval or ()))))
        drawn = bars(rows, label="Loss of Recall@1 by part", limit=round(reach, 2), signed=True)
        plots.append(("Loss of Recall@1 by part", drawn))
    return '<div class="plots">' + "".join(f"<div><h2>{name}</h2>{plot}</div>" for name, plot in plots) + "</div>"


def _verdict(figures: Mapping[str, Any]) -> str:
    verdict = figures["verdict"]
    rows = [
        ("“match” that names the right product", share(verdict["precision"], verdict["precision_interval95"])),
        ("photos that got “match” with the right product", share(verdict["coverage"], verdict["coverage_interval95"])),
        ("photos that got “match” with another product", share(verdict["wrong_match"])),
        ("photos that got “none” although the product is there", share(verdict["missed"])),
    ]
    scores, absent = figures["scores"], figures["absent"]
    if scores is not None:
        rows.append(("mean score of first hits: the chance that they claim", share(scores["promised"])))
        rows.append(("first hits that were right", share(scores["reached"])))
    if absent["queries"]:
        rows.append(
            (
                "photos of products that are not there, named all the same",
                share(absent["match_share"], absent["match_share_interval95"]),
            )
        )
    return f"<h2>Verdict</h2>{html_table(('', 'share'), rows)}"


def _losses(losses: Mapping[str, Mapping[str, Any]]) -> str:
    if not losses:
        return ""
    rows, others = [], []
    for part, row in losses.items():
        if not row["known"]:
            others.append(f"{PARTS[part]}: {escape(row['reason'])}.")
            continue
        spread = row["loss_interval95"]
        told = escape(row.get("measured", "")) or (f"[{spread[0]:+.3f}, {spread[1]:+.3f}]" if spread else "")
        rows.append((PARTS[part], share(row["without"]["1"]), share(row["with"]["1"]), f"{row['loss']:+.3f}", told))
    table = html_table(("Recall@1", "before", "after", "loss", ""), rows)
    rest = f'<p class="soft">{"<br>".join(others)}</p>' if others else ""
    return f"<h2>What each part costs</h2><p>A loss below 0: the part brings something.</p>{table}{rest}"


def _categories(categories: Mapping[str, Mapping[str, Any]]) -> str:
    told = {name: row for name, row in categories.items() if row["enough"]}
    few = {name: row for name, row in categories.items() if not row["enough"]}
    if not categories:
        return ""
    rows = [Bar(name, row["1"], row["interval95"]["1"], str(row["queries"])) for name, row in told.items()]
    drawn = bars(rows, label="Recall@1 by category") if rows else ""
    table = html_table(
        ("category", "photos", "products", *(f"Recall@{depth}" for depth in DEPTHS)),
        (
            (
                escape(name),
                str(row["queries"]),
                str(row["skus"]),
                *(share(row[str(depth)], row["interval95"][str(depth)]) for depth in DEPTHS),
            )
            for name, row in told.items()
        ),
    )
    rest = ""
    if few:
        names = ", ".join(f"{escape(name)} ({row['queries']})" for name, row in few.items())
        rest = f'<p class="soft">Under {FEWEST} photos of 5 products, so nothing is concluded: {names}.</p>'
    return f'<h2>By category</h2><div class="plots"><div>{drawn}</div></div>{table}{rest}'


def _worst(result: Evaluation, picture: Callable[[str], Path | None], thumbnails: Thumbnails) -> str:
    queries = worst(result.queries)
    if not queries:
        return "<h2>Worst queries</h2><p>None: every photo was named rightly.</p>"
    rows = []
    for query in queries[:_WORST]:
        place = "not in the catalog"
        if query.known:
            place = f"rank {query.rank}" if query.rank else f"not among the first {max(DEPTHS)}"
        came = "".join(
            thumbnails.figure(picture(sku), f"{rank}. {sku}", "right" if sku == query.sku else "wrong")
            for rank, sku in enumerate(query.shown[:_SHOWN], start=1)
        )
        score = "" if query.score is None else f", score {query.score:.2f}"
        rows.append(
            (
                thumbnails.figure(query.file, query.path),
                came + f"<br>“{escape(query.verdict)}”{score}",
                thumbnails.figure(picture(query.sku) if query.known else None, f"{query.sku}: {place}", "right"),
            )
        )
    shown = f"the first {_WORST} of {len(queries)}" if len(queries) > _WORST else str(len(queries))
    return (
        f"<h2>Worst queries: {shown}</h2><p class=soft>A wrong “match” first, then by score.</p>"
        f"{html_table(('photo', 'what came', 'what was right'), rows)}"
    )


def _pairs(queries: Sequence[Ranked], picture: Callable[[str], Path | None], thumbnails: Thumbnails) -> str:
    pairs = confused(queries)
    rows = [
        (
            thumbnails.figure(picture(pair.sku), pair.sku),
            thumbnails.figure(picture(pair.instead), pair.instead),
            f"{pair.count} of {pair.asked}",
            str(pair.matched),
        )
        for pair in pairs[:_PAIRS]
    ]
    if not rows:
        return ""
    head = ("photos of", "came first as", "how many", "as “match”")
    return f"<h2>Confused products</h2>{html_table(head, rows)}"
