"""Insights: counted by hand, on a real journal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from edge_search.appliance.box import Box
from edge_search.evaluation.insights import Insights
from edge_search.evaluation.tally import gather
from edge_search.store import journal
from edge_search.store.journal import Asked, Query

_MONDAY = datetime(2026, 3, 2, 9, tzinfo=timezone.utc)


def asked(number: int, *, verdict: str = "match", sku: str | None = "tea", day: int = 0, quality: str = "ok") -> Asked:
    at = (_MONDAY + timedelta(days=day)).isoformat(timespec="seconds")
    return Asked(number, f"q{number}", at, verdict, quality, sku)


def counted(queries: Iterable[Asked], said: dict[str, dict[str, str | None]] | None = None, **groups: str) -> Insights:
    return gather(queries, said or {}, {**dict.fromkeys(("tea", "jam", "oil")), **groups})


def test_the_unknown_rate_is_the_share_of_none_by_day_and_by_week() -> None:
    found = counted(asked(n, verdict="none" if n % 4 == 0 else "match", day=n // 40) for n in range(80))
    assert found.unknown_rate == 0.25
    by, spans = found.spans()
    assert (by, [(span.start, span.queries, span.none) for span in spans]) == (
        "day",
        [("2026-03-02", 40, 10), ("2026-03-03", 40, 10)],
    )
    # Under 30 queries a day it is told by week, from Monday; a week of few has a count, but no rate.
    by, spans = counted(asked(n, verdict="none", day=n // 8) for n in range(80)).spans()
    assert (by, [(span.start, span.queries) for span in spans]) == ("week", [("2026-03-02", 56), ("2026-03-09", 24)])
    assert [span.to_dict()["unknown_rate"] for span in spans] == [1.0, None]


def test_nothing_is_concluded_from_few_queries() -> None:
    few = counted([asked(n, verdict="none", sku=None, quality="dark") for n in range(29)]).to_dict()
    assert (few["queries"], few["enough"], few["findings"]) == (29, False, [])
    assert few["unknown_rate"] is few["never_found"] is few["expected_never_found"] is None
    many = counted([asked(n, verdict="none", sku=None, quality="dark") for n in range(30)]).to_dict()
    assert many["unknown_rate"] == 1.0
    assert ["none" in one["problem"] or "dark" in one["problem"] for one in many["findings"][:2]] == [True, True]


def test_corrections_are_pairs_and_a_corrected_answer_found_nothing() -> None:
    said: dict[str, dict[str, str | None]] = {f"q{n}": {"staff": "jam"} for n in range(5)}
    said |= {"q5": {"staff": "tea"}, "q6": {"shopper": None}, "q7": {"shopper": None, "admin": "jam", "staff": "tea"}}
    found = counted([asked(n) for n in range(100)], said)
    figures = found.to_dict()
    assert figures["corrected"] == [{"from": "tea", "to": "jam", "count": 6}]  # the admin's word counts
    assert figures["rejected"] == [{"sku": "tea", "count": 1}]
    assert figures["busiest"] == [{"sku": "tea", "count": 93, "confirmed": 1}]
    assert figures["missed"] == [{"sku": "jam", "count": 6}]
    assert figures["never_found"] == ["oil"]
    problems = {(one.sku, one.problem) for one in found.findings}
    assert ("jam", "6 times tea was named instead") in problems
    assert ("jam", "asked for 6 times (staff said so) and never found") in problems


def test_variants_that_are_mixed_up_are_to_be_one_hit() -> None:
    said: dict[str, dict[str, str | None]] = {f"q{n}": {"staff": "jam"} for n in range(3)}
    found = counted([asked(n) for n in range(40)], said, tea="group", jam="group")
    assert "they are variants" in next(one.action for one in found.findings if one.sku == "jam")


def test_never_found_is_a_finding_only_beyond_what_chance_leaves() -> None:
    shown = {f"sku{n}": None for n in range(100)}
    # 40 queries can't ask for 100 products: that most were never found says nothing.
    few = gather([asked(n, sku=f"sku{n}") for n in range(40)], {}, shown)
    assert len(few.never_found) == 60
    assert few.expected_never_found == pytest.approx(67, abs=0.1)
    assert few.findings == []
    # 2,000 can.
    many = gather([asked(n, sku=f"sku{n % 90}") for n in range(2000)], {}, shown)
    assert many.expected_never_found < 0.1
    assert [one.sku for one in many.findings] == [f"sku{n}" for n in range(90, 100)]


@pytest.fixture
def kept(box: Box, tmp_path: Path) -> Box:
    """A box with 1,200 journaled queries, four of them corrected."""
    for sku in ("tea", "jam", "oil"):
        box.products.set(sku, {"title": sku})
    rows = [
        Query(
            f"q{n}",
            f"2026-03-0{1 + n // 400}T10:00:00+00:00",
            "match",
            "ok",
            json.dumps([["tea", 0.9, 0.9]]),
            "e",
            1,
            "{}",
        )
        for n in range(1199)
    ]
    rows.append(Query("last", "2026-03-03T11:00:00+00:00", "none", "ok", "[]", "e", 1, "{}"))
    with box.database.write() as tables:
        journal.add(tables, rows)
    for number in range(4):
        box.journal.feedback(f"q{number}", "jam", role="staff")
    return box


def test_the_journal_of_a_box_is_read_page_by_page(kept: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    pages: list[int] = []
    whole = journal.asked

    def paged(tables: Any, *, after: int = 0, limit: int = 500) -> list[Asked]:
        pages.append(after)
        return whole(tables, after=after, limit=limit)

    monkeypatch.setattr("edge_search.appliance.insights.journal.asked", paged)
    figures = kept.insights().to_dict()
    assert len(pages) == 4
    assert (figures["queries"], figures["verdicts"]) == (1200, {"match": 1199, "none": 1})
    assert figures["period"] == {"from": "2026-03-01T10:00:00+00:00", "to": "2026-03-03T11:00:00+00:00"}
    assert [span["queries"] for span in figures["spans"]] == [400, 400, 400]
    assert figures["busiest"][0] == {"sku": "tea", "count": 1195, "confirmed": 0}
    assert figures["never_found"] == ["oil"]


def test_an_answer_given_a_moment_ago_is_in_it(box: Box, photo: Any, tmp_path: Path) -> None:
    box.add("tea", photo(tmp_path / "tea.jpg", 1))
    box.journal.record(box.search(tmp_path / "tea.jpg"))
    figures = box.insights().to_dict()
    assert (figures["queries"], figures["busiest"]) == (1, [{"sku": "tea", "count": 1, "confirmed": 0}])
