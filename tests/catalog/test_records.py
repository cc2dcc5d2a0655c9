"""products.jsonl: the same table, one object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_search.catalog.doubt import Doubts
from edge_search.catalog.table import Table, read_table


def table(tmp_path: Path, *lines: object, end: str = "\n") -> Table:
    path = tmp_path / "products.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_text("\n".join(texts) + end, encoding="utf-8")
    return read_table(path)


def values(read: Table) -> dict[str, dict[str, Any]]:
    return {row.sku: dict(row.values) for row in read.rows}


def reasons(read: Table) -> dict[str, str]:
    return {problem.path: problem.reason for problem in read.problems}


def test_it_says_what_the_csv_says(tmp_path: Path) -> None:
    read = table(
        tmp_path,
        {"SKU": " A1 ", "Title": "Milk", "price": 1.234, "stock": 12, "gtin": 4006381333931, "Organic": True},
        {"sku": 4711, "price": "1,99 €", "stock": "3", "title": None, "attributes": {"fat": 3.5, "Shelf": "A"}},
        "",
        {"sku": "C3", "images": ["a.jpg", "b/*.png"]},
        {"sku": "D4", "images": "c.jpg|d.jpg", "title": ""},
    )
    assert read.problems == ()
    assert values(read) == {
        "A1": {"title": "Milk", "price": 1.234, "stock": 12, "gtin": "4006381333931", "Organic": "true"},
        "4711": {"price": 1.99, "stock": 3, "title": None, "fat": "3.5", "Shelf": "A"},
        "C3": {},
        "D4": {"title": None},
    }
    assert [type(values(read)["A1"][name]) for name in ("price", "stock", "gtin")] == [float, int, str]
    assert read.images == {"C3": ("a.jpg", "b/*.png"), "D4": ("c.jpg", "d.jpg")}
    assert [row.line for row in read.rows] == [1, 2, 4, 5]


@pytest.mark.parametrize(
    ("line", "said", "covered"),
    [
        ('{"sku": "A1", "title": }', "not a JSON object of one line", "A1"),
        ('{"title": "x" "sku": "A\\u0031"}', "not a JSON object of one line", "A1"),
        ('["A1"]', "not a JSON object", "any"),
        ('{"sku": "A1", "price": NaN}', "NaN", "A1"),
        ('{"sku": 4.00638E+12}', "rounded by a spreadsheet", "4006381333931"),
        ('{"sku": "", "title": "x"}', "empty", ""),
        ("[" * 100_000, "lists in lists", "any"),
        ('{"sku": "' + "x" * 2**20 + '"}', "characters, at most", "any"),
    ],
)
def test_a_bad_line_is_named_and_the_others_taken(tmp_path: Path, line: str, said: str, covered: str) -> None:
    read = table(tmp_path, {"sku": "B2"}, line, {"sku": "C3"})
    assert list(values(read)) == ["B2", "C3"]
    assert list(reasons(read)) == ["products.jsonl:2"]
    assert said in reasons(read)["products.jsonl:2"]
    assert Doubts(read.doubts).cover(covered, {}) == bool(covered)


def test_a_bad_value_leaves_the_rest_of_its_line(tmp_path: Path) -> None:
    read = table(
        tmp_path, {"sku": "A1", "price": -1, "stock": 1.5, "title": ["a", "list"], "gtin": 4.0e25, "brand": "b"}
    )
    assert values(read) == {"A1": {"price": None, "stock": None, "title": None, "gtin": None, "brand": "b"}}
    assert read.rows[0].unread == {"price", "stock", "title", "gtin"}
    assert len(read.problems) == 4


def test_a_name_that_stands_there_twice_counts_once(tmp_path: Path) -> None:
    read = table(tmp_path, '{"sku": "A1", "price": 1, "PRICE": 2}')
    assert values(read) == {"A1": {"price": 1.0}}
    assert "twice" in reasons(read)["products.jsonl:1"]


def test_a_line_that_was_cut_short_takes_nothing_away(tmp_path: Path) -> None:
    read = table(tmp_path, {"sku": "A1"}, '{"sku": "B2", "tit', end="")
    assert list(values(read)) == ["A1"]
    assert "nothing it lacks is deleted" in reasons(read)["products.jsonl:2"]
    assert Doubts(read.doubts).cover("Z9", {})
    assert table(tmp_path, {"sku": "A1"}, {"sku": "B2"}, end="").problems == ()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_named(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "products.jsonl"
    path.write_bytes(b'{"sku": "A1", "price": 1}\n' + tail)
    read = read_table(path)
    assert read.rows[0].sku == "A1"
    assert all("\n" not in problem.path for problem in read.problems)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Co", "Cc"]), max_size=12).map(str.strip)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.fixed_dictionaries(
            {"title": TEXT, "price": st.none() | st.floats(0, 1e9), "stock": st.none() | st.integers(-(10**6), 10**6)}
        ),
        max_size=5,
    )
)
def test_round_trip(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    rows = [row for row in rows if not row["title"].startswith("#")]
    read = table(tmp_path, *({"sku": f"S{at}", **row} for at, row in enumerate(rows)))
    assert read.problems == ()
    assert values(read) == {f"S{at}": {**row, "title": row["title"] or None} for at, row in enumerate(rows)}
