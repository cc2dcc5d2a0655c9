"""Product rows: merged from what their owners say."""

from __future__ import annotations

from edge_search.store import changes, meta, products
from edge_search.store.changes import LOCAL
from edge_search.store.database import Tables

OLD, YOUNG = 1, 2


def row(tables: Tables, sku: str = "tea") -> dict[str, object]:
    found = products.get(tables, [sku])[sku]
    return {name: value for name, value in found.items() if value not in (None, {}) and name != "sku"}


def test_older_source_wins_where_both_have_a_value(tables: Tables) -> None:
    products.put_values(tables, YOUNG, {"tea": {"title": "Young", "price": 2.0, "stock": 7}})
    products.put_values(tables, OLD, {"tea": {"title": "Old", "price": None, "shelf": "A"}})
    assert row(tables) == {"title": "Old", "price": 2.0, "stock": 7, "attributes": {"shelf": "A"}}


def test_local_wins_until_it_is_dropped(tables: Tables) -> None:
    products.put_values(tables, LOCAL, {"tea": {"price": 1.5, "title": None}})
    products.put_values(tables, OLD, {"tea": {"title": "Old", "price": 9.0}})
    assert row(tables) == {"price": 1.5}  # a local None clears the source's title
    products.drop_values(tables, LOCAL, ["tea"])
    assert row(tables) == {"title": "Old", "price": 9.0}


def test_product_stays_while_any_owner_lists_it(tables: Tables) -> None:
    for owner in (LOCAL, OLD, YOUNG):
        products.put_values(tables, owner, {"tea": {}})
    products.drop_values(tables, OLD, ["tea"])
    products.drop_values(tables, LOCAL, ["tea"])
    assert products.count(tables) == 1
    products.drop_values(tables, YOUNG, ["tea"])
    assert products.count(tables) == 0


def test_tombstone_outlives_whatever_a_source_says(tables: Tables) -> None:
    products.put_values(tables, OLD, {"tea": {"title": "Old"}})
    products.entomb(tables, "tea")
    products.put_values(tables, OLD, {"tea": {"title": "New"}})
    assert products.get(tables, ["tea"]) == {}
    assert products.exhume(tables, "tea")
    assert row(tables) == {"title": "New"}
    assert not products.exhume(tables, "tea")


def test_merge_keeps_the_owners_other_values(tables: Tables) -> None:
    products.put_values(tables, LOCAL, {"tea": {"price": 1.0, "shelf": "A"}})
    products.put_values(tables, LOCAL, {"tea": {"price": 2.0}}, merge=True)
    assert row(tables) == {"price": 2.0, "attributes": {"shelf": "A"}}
    products.put_values(tables, LOCAL, {"tea": {"title": "T"}})
    assert row(tables) == {"title": "T"}


def test_log_names_what_changed_and_nothing_else(tables: Tables) -> None:
    products.put_values(tables, OLD, {"tea": {"price": 1.0}})
    products.put_values(tables, OLD, {"tea": {"price": 1.0}})
    products.put_values(tables, YOUNG, {"tea": {"price": 5.0}})
    products.drop_values(tables, YOUNG, ["tea", "never"])
    products.drop_values(tables, OLD, ["tea"])
    log = tables.execute("SELECT kind, owner, sku FROM changes ORDER BY seq").fetchall()
    assert log == [
        ("values", OLD, "tea"),
        ("values", YOUNG, "tea"),
        ("values_dropped", YOUNG, "tea"),
        ("values_dropped", OLD, "tea"),
    ]


def test_sequence_numbers_are_never_used_again(tables: Tables) -> None:
    changes.record(tables, "source", LOCAL, [(None, None, "a"), (None, None, "b")])
    tables.execute("DELETE FROM changes")
    changes.record(tables, "source", LOCAL, [(None, None, "c")])
    assert changes.head(tables) == 3


def test_pages_hold_every_product_once_in_order(tables: Tables) -> None:
    names = ["Zebra", "apple", "Äpfel", "10", "9", "tea 茶"]
    products.put_values(tables, OLD, {name: {} for name in names})
    seen: list[str] = []
    while page := products.rows(tables, after=seen[-1] if seen else "", limit=2):
        seen += [str(found["sku"]) for found in page]
    assert sorted(seen) == sorted(names)
    assert len(products.get(tables, [*names, *map(str, range(2000))])) == len(names)


def test_digest_tells_products_apart_and_ignores_order(tables: Tables) -> None:
    products.put_values(tables, OLD, {"a": {"price": 1}, "b": {"stock": 2, "x": "1", "y": "2"}})
    first = meta.catalog_digest(tables)
    products.drop_values(tables, OLD, ["a", "b"])
    empty = meta.catalog_digest(tables)
    products.put_values(tables, YOUNG, {"b": {"y": "2", "x": "1", "stock": 2}})
    products.put_values(tables, LOCAL, {"a": {"price": 1.0}})
    assert meta.catalog_digest(tables) == first != empty
    products.put_values(tables, LOCAL, {"a": {"price": 1.5}})
    assert meta.catalog_digest(tables) != first
