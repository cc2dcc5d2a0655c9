"""Filters: what they select, and that nothing in them is executed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_search.errors import InvalidValue
from edge_search.store import products
from edge_search.store.database import Tables
from edge_search.store.filters import parse_filter

Chosen = Callable[..., list[str]]


@pytest.fixture
def chosen(tables: Tables) -> Chosen:
    products.put_values(
        tables,
        1,
        {
            "milk": {"title": "Salt and Pepper", "category": "Dairy", "price": 1.2, "stock": 0, "fat": "3.5"},
            "oats": {"title": "50% oats", "category": "dry", "brand": "Arla", "price": 10.0, "organic": "Yes"},
            "tea": {"title": "Bob's tea_bag", "category": "Dry", "stock": 3, "fat": "12", "gtin": "0400"},
        },
    )

    def select(*conditions: str, category: Sequence[str] = ()) -> list[str]:
        found = parse_filter(conditions, category)
        sql = f"SELECT p.sku FROM products p WHERE {found.sql} ORDER BY p.sku"
        return [row[0] for row in tables.execute(sql, found.values)]

    return select


@pytest.mark.parametrize(
    ("condition", "skus"),
    [
        ("price<2", ["milk"]),
        ("price >= 10", ["oats"]),
        ("price<10", ["milk"]),  # as numbers: as text "10" would be below "2"
        ("Price<2", ["milk"]),
        ("stock=0", ["milk"]),
        ("stock>0 and category=DRY", ["tea"]),
        ("brand=arla", ["oats"]),
        ("brand == ARLA", ["oats"]),
        ("organic=yes", ["oats"]),
        ("fat<10", ["milk"]),  # attributes are text; 12 is not below 10
        ("fat>=3.5", ["milk", "tea"]),
        ("fat!=12", ["milk", "oats"]),
        ("title~OATS", ["oats"]),
        ("title~0%", ["oats"]),
        ("title~5%o", []),
        ("title~tea_", ["tea"]),
        ("title~eab", []),  # _ is no wildcard
        ("title~bob's", ["tea"]),
        ('title="salt and pepper"', ["milk"]),
        ("title = 'Salt AND Pepper' and price<2", ["milk"]),
        ("price<2 AND title~'salt and'", ["milk"]),
        ("sku=tea", ["tea"]),
        ("SKU!=tea", ["milk", "oats"]),
        ("gtin=0400", ["tea"]),
        ("gtin=400", []),  # a bar code is text
        ("no such attribute=1", []),
    ],
)
def test_conditions_select(chosen: Chosen, condition: str, skus: list[str]) -> None:
    assert chosen(condition) == skus


def test_all_conditions_and_one_of_the_categories_hold(chosen: Chosen) -> None:
    assert chosen(category=["dry"]) == ["oats", "tea"]
    assert chosen(category=["DRY", "dairy"]) == ["milk", "oats", "tea"]
    assert chosen("price>1", "price<5", category=["dairy", "dry"]) == ["milk"]
    assert chosen(category=["nothing"]) == []


def test_no_condition_excludes_nothing() -> None:
    assert not parse_filter()
    assert parse_filter(["price<1"])


@pytest.mark.parametrize(
    "condition",
    [
        "",
        " ",
        "price",
        "price<",
        "price<cheap",
        "price<nan",
        "<5",
        "1=1",
        "price<5 and ",
        "price<5\nand",
        "'a'=1",
        "(price)<1",
    ],
)
def test_condition_that_cannot_be_read_is_named(condition: str) -> None:
    with pytest.raises(InvalidValue, match=r"^filter "):
        parse_filter([condition])


@pytest.mark.parametrize(
    "attack",
    [
        "title=' OR '1'='1",
        "title='; DROP TABLE products; --",
        "price<1; DROP TABLE products",
        "brand=x) OR (1=1",
        "title~%' OR 1=1 --",
        'x") OR 1=1 --=1',
        "attributes=1 OR 1=1",
        "p.sku=tea",
        "x$.y=1",
    ],
)
def test_injection_is_inert(chosen: Chosen, attack: str) -> None:
    try:
        found = chosen(attack)
    except InvalidValue:
        found = []
    assert found == []
    assert chosen() == ["milk", "oats", "tea"]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab.'\"%_\\;()[]$ \x00é-1"), max_size=8),
    st.sampled_from(["=", "!=", "<", ">=", "~"]),
    st.text(max_size=12),
)
def test_any_text_is_either_refused_or_harmless(chosen: Chosen, name: str, operator: str, value: str) -> None:
    condition = f"{name}{operator}{value}"
    try:
        parse_filter([condition])
    except InvalidValue:
        return
    assert set(chosen(condition)) <= {"milk", "oats", "tea"}
