"""The report: one HTML page, everything in it, with every miss beside what was answered instead."""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape
from pathlib import Path

from edge_search.errors import PhotoError
from edge_search.evaluation.evaluation import Evaluation
from edge_search.evaluation.metrics import Ranked
from edge_search.imaging.decode import open_photo
from edge_search.imaging.preview import make_preview

__all__ = ["html_report"]

_THUMBNAIL_PX = 160
_MISSES = 200

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { text-align: left; padding: .3rem .8rem; }
th { border-bottom: 2px solid #888; } td { border-bottom: 1px solid #ddd; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; } img { max-height: 160px; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e8e8e8; } }
"""


def html_report(result: Evaluation, root: Path, picture: Callable[[str], Path | None]) -> str:
    """Return the page.

    Args:
        result: what was evaluated.
        root: the folder the queries' paths are relative to.
        picture: a file with a picture of a SKU, where there is one.
    """
    figures = result.to_dict()
    rows = "".join(
        f"<tr><th>Recall@{depth}</th><td class=number>{share:.3f}</td>"
        f"<td class=number>{figures['recall_interval95'][depth][0]:.3f} to "
        f"{figures['recall_interval95'][depth][1]:.3f}</td></tr>"
        for depth, share in figures["recall"].items()
    )
    categories = "".join(
        f"<tr><th>{escape(name)}</th><td class=number>{row['queries']}</td>"
        + "".join(f"<td class=number>{row[depth]:.3f}</td>" for depth in ("1", "5", "20"))
        + "</tr>"
        for name, row in figures["categories"].items()
    )
    misses = [query for query in result.queries if query.rank != 1]
    missed = "".join(_miss(query, root, picture) for query in misses[:_MISSES])
    shown = f"the first {_MISSES} of {len(misses)}" if len(misses) > _MISSES else f"{len(misses)}"
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>edge-search evaluation</title><style>{_STYLE}</style>
<h1>Evaluation</h1>
<p>{figures["queries"]} queries of {figures["skus"]} SKUs against {result.images} photos of {result.products} products.
MRR {figures["mrr"]:.3f}; p50 {figures["latency_ms"]["p50"]:.1f} ms, p95 {figures["latency_ms"]["p95"]:.1f} ms.
Encoder {escape(result.encoder)}, projection {escape(result.projection)}.</p>
<table><tr><th></th><th>share</th><th>95 % interval over SKUs</th></tr>{rows}</table>
<h2>By category</h2>
<table><tr><th>category</th><th>queries</th><th>@1</th><th>@5</th><th>@20</th></tr>{categories}</table>
<h2>Not right at once: {shown}</h2>
<table><tr><th>query</th><th>it is</th><th>answered</th></tr>{missed}</table>
</html>
"""


def _miss(query: Ranked, root: Path, picture: Callable[[str], Path | None]) -> str:
    place = f"rank {query.rank}" if query.rank else "not among the first 20"
    answered = query.answered or ""
    return (
        f"<tr><td>{_img(root / query.path)}<br>{escape(query.path)}</td>"
        f"<td>{_img(picture(query.sku))}<br>{escape(query.sku)}: {place}</td>"
        f"<td>{_img(picture(answered))}<br>{escape(answered)} ({escape(query.verdict)})</td></tr>"
    )


def _img(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        data = make_preview(open_photo(path), _THUMBNAIL_PX)
    except PhotoError:
        return ""
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(data).decode("ascii")}">'
