"""Losses: what each part of the box costs or brings, one part left out or made exact at a time.

    FP32 network -> INT8 network     told by the bundle: its guard measured it when the bundle was built
    float16 vectors -> int8 codes    both compared exactly
    exact search -> HNSW graph       both over int8 codes
    plain projection -> fitted       both exact, over float16
    vectors alone -> re-ranker       the answer as given

Everything but the first is measured by the queries of the evaluation and by the searcher that answered them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

from edge_search.errors import PhotoError
from edge_search.evaluation.instead import ExactView, InsteadIndex, coded, exact, plain_view
from edge_search.evaluation.metrics import DEPTHS, Ranked, enough, ratio_interval
from edge_search.evaluation.once import Once
from edge_search.fitting.projection import Projection
from edge_search.search.searcher import Searcher
from edge_search.store.filters import Filter
from edge_search.types import FloatArray

__all__ = ["loss_figures", "network_loss", "ranking_losses"]

_MOST_BYTES = 512 * 2**20
_NEIGHBOURS = 10
# A stage that has nothing to do takes microseconds.
_AT_WORK_MS = 0.1

# Part -> (the way to rank without it, the way with it); "" is the answer as given.
_STEPS = {
    "int8": ("exact", "codes"),
    "hnsw": ("codes", "graph"),
    "projection": ("plain", "exact"),
    "rerank": ("graph", ""),
}


@dataclass(frozen=True)
class _Way:
    """One way to rank: without the re-ranker, so that it hides nothing."""

    searcher: Searcher
    exact: bool

    def rank(self, sku: str, path: Path, picture: Picture.Image) -> int:
        searcher = replace(self.searcher, opener=lambda _photo, _limits: picture)
        answer = searcher.search(path, max(DEPTHS), chosen=Filter(), exact=self.exact, files=False, rerank=False)
        found = [hit.sku for hit in answer.hits]
        return found.index(sku) + 1 if sku in found else 0


def ranking_losses(
    queries: Sequence[Ranked],
    searcher: Searcher,
    once: Once,
    plain: Projection,
    *,
    step: Callable[[], None] = lambda: None,
) -> dict[str, dict[str, Any]]:
    """Rank every query again in several ways and return what the parts cost; nothing is encoded again.

    Args:
        queries: answered ones whose SKU the catalog has.
        searcher: the one that answered them, ``once`` being its encoder.
        once: keeps their features.
        plain: the encoder's projection before anything was fitted.
        step: called after each query.
    """
    features = [once.feature(str(query.file)) for query in queries if query.file is not None]
    reranked = any(query.timings and query.timings.rerank > _AT_WORK_MS for query in queries)
    ways, reasons = _ways(searcher, plain, features, reranked=reranked)
    asked: list[Ranked] = []
    ranks: dict[str, list[int]] = {"": [], **{name: [] for name in ways}}
    near: list[float] = []
    for query in queries:
        path = query.file
        if path is None:
            continue
        try:
            picture = searcher.opener(path, searcher.limits)
        except PhotoError:  # it went away since it was answered
            continue
        asked.append(query)
        ranks[""].append(query.rank)
        for name, way in ways.items():
            once.begin(str(path))
            ranks[name].append(way.rank(query.sku, path, picture))
        near.append(_ann_recall(ways, once.feature(str(path))))
        step()
    found: dict[str, dict[str, Any]] = {}
    for part, (before, after) in _STEPS.items():
        if part in reasons:
            found[part] = {"known": False, "reason": reasons[part]}
        else:
            found[part] = loss_figures(asked, ranks[before], ranks[after])
    if near and "hnsw" not in reasons:
        found["hnsw"][f"ann_recall@{_NEIGHBOURS}"] = round(float(np.mean(near)), 4)
    return found


def loss_figures(queries: Sequence[Ranked], before: Sequence[int], after: Sequence[int]) -> dict[str, Any]:
    """Return Recall@k ``without`` a part and ``with`` it, and the ``loss`` of Recall@1.

    The loss is the share of queries that lost the right first hit by it, minus the share that won it: below 0 the part
    brings something. Its interval is paired (both ranks of a query stay together) and drawn over SKUs.

    Args:
        queries: those asked.
        before: the rank of each one's SKU without the part, 0: not found.
        after: the same with it.
    """
    lost = (np.asarray(before) == 1).astype(float) - (np.asarray(after) == 1)
    spread = ratio_interval([query.sku for query in queries], lost.tolist()) if enough(queries) else None
    return {
        "known": True,
        "queries": len(queries),
        "without": _recalls(before),
        "with": _recalls(after),
        "loss": round(float(lost.mean()), 4) if len(lost) else 0.0,
        "loss_interval95": None if spread is None else [round(edge, 4) for edge in spread],
    }


def network_loss(precision: str, runtime: str, agreement: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the INT8 network costs against FP32, as the guard found it when the bundle was built.

    The FP32 network is not in a bundle, so it can't be measured with other photos here: the figures are of the
    guard's own (of which catalog, it says in the model's card).

    Args:
        precision: of the network in use.
        runtime: that executes it.
        agreement: the guard's report in the bundle's manifest, if it has one.
    """
    if precision == "fp32":
        return {"known": False, "reason": "the network is FP32: nothing was rounded"}
    report = agreement or {}
    before, after = report.get("fp32"), report.get(runtime)
    if not isinstance(before, Mapping) or not isinstance(after, Mapping) or "recall@1" not in before:
        return {"known": False, "reason": "not known: the bundle has no report that compares it with FP32"}
    return {
        "known": True,
        "measured": "when the bundle was built, by its guard",
        "queries": report.get("queries"),
        "without": {key.removeprefix("recall@"): value for key, value in before.items() if key.startswith("recall@")},
        "with": {key.removeprefix("recall@"): value for key, value in after.items() if key.startswith("recall@")},
        "loss": round(before["recall@1"] - after["recall@1"], 4),
        "loss_interval95": None,
        "cosine_mean": after.get("cosine_mean"),
    }


def _ways(
    searcher: Searcher, plain: Projection, features: Sequence[FloatArray], *, reranked: bool
) -> tuple[dict[str, _Way], dict[str, str]]:
    """Return the ways to rank that make sense here, and why the others don't."""

    def way(view: ExactView) -> _Way:
        # One by one, as a search does: the last bits of a projected vector depend on how many are.
        vectors = [view.projection(feature[None])[0] for feature in features]
        known = view.asked(vectors)
        return _Way(replace(searcher, index=InsteadIndex(searcher.database, searcher.index, known)), exact=True)

    with searcher.database.read() as tables:
        view = searcher.index.view(tables)
    reasons: dict[str, str] = {}
    ways = {"graph": _Way(searcher, exact=False), "exact": way(exact(view))}
    if view.segments:
        ways["codes"] = way(coded(view))
    else:
        reasons["hnsw"] = reasons["int8"] = "not at work: no index is built yet, everything is compared exactly"
    if view.projection.kind == plain.kind:
        reasons["projection"] = "not at work: nothing is fitted to this catalog, the plain projection is in use"
    elif 2 * plain.dimension * len(view) > _MOST_BYTES:
        reasons["projection"] = f"not measured: {len(view):,} plain vectors don't fit into memory for it"
    else:
        with searcher.database.read() as tables:
            unfitted = plain_view(tables, searcher.index, plain)
        ways["plain"] = way(unfitted)
    if not reranked:
        reasons["rerank"] = "not at work: no answer was re-ranked"
    return ways, reasons


def _ann_recall(ways: Mapping[str, _Way], feature: FloatArray) -> float:
    """Return the share of the exact ten nearest photos that the index also returns (ann_recall@10)."""
    views = []
    for name in ("exact", "graph"):
        searcher = ways[name].searcher
        with searcher.database.read() as tables:
            views.append(searcher.index.view(tables))
    vector = views[0].projection(feature[None])[0]
    nearest, found = (view.search(vector, _NEIGHBOURS)[0] for view in views)
    return float(np.isin(nearest, found).mean()) if len(nearest) else 1.0


def _recalls(ranks: Sequence[int]) -> dict[str, float]:
    if not ranks:
        return {str(depth): 0.0 for depth in DEPTHS}
    return {str(depth): round(float(np.mean([1 <= rank <= depth for rank in ranks])), 4) for depth in DEPTHS}
