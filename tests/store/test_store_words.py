"""Words: what people type finds products, and the index of words follows the table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_search.store import products, words
from edge_search.store.database import Database, Tables
from edge_search.store.home import prepare_home
from edge_search.store.schema import MIGRATIONS, migrate


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    opened = Database(prepare_home(home))
    yield opened
    opened.close()


def put(database: Database, **listed: dict[str, str | float | int | None]) -> None:
    with database.write() as tables:
        products.put_values(tables, 1, listed)


def found(database: Database, typed: str) -> list[str]:
    with database.read() as tables:
        return words.find(tables, typed, category=None, skip=0, limit=20)


def test_all_words_must_occur_and_their_beginnings_do(database: Database) -> None:
    put(database, a={"title": "Oat drink barista"}, b={"title": "Oat biscuits"}, c={"title": "Drink carton"})
    assert sorted(found(database, "oat")) == ["a", "b"]
    assert found(database, "oa dri") == ["a"]
    assert found(database, "drink oat") == ["a"]
    assert found(database, "at") == []


def test_a_word_in_the_title_counts_more_than_one_elsewhere(database: Database) -> None:
    put(database, a={"title": "Biscuits", "note": "with honey"}, b={"title": "Honey"})
    assert found(database, "honey") == ["b", "a"]


def test_every_column_is_found(database: Database) -> None:
    put(database, X77={"title": "t", "brand": "Havre", "category": "Drinks", "gtin": "4006381333931", "organic": "bio"})
    for typed in ("X77", "havre", "drinks", "40063813", "bio"):
        assert found(database, typed) == ["X77"], typed


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Crème fraîche", "creme fraiche"),
        ("Creme fraiche", "crème"),
        ("Äpfel", "apfel"),
        ("ЧАЙ зелёный", "чай зеленый"),
        ("Weiße Schokolade", "WEISSE"),
        ("伊利纯牛奶 250ml", "牛奶"),
        ("伊利纯牛奶 250ml", "伊利"),
        ("伊利纯牛奶 250ml", "纯牛奶 250"),
        ("伊利纯牛奶 250ml", "奶"),
        ("抹茶アイスクリーム", "アイス"),
        ("ชาเขียวเย็น", "เขียว"),
        ("초코파이", "초코"),
    ],
)
def test_titles_of_many_scripts_are_found(database: Database, title: str, typed: str) -> None:
    put(database, a={"title": title}, b={"title": "Something else"})
    assert found(database, typed) == ["a"]


def test_characters_in_another_order_are_another_word(database: Database) -> None:
    put(database, a={"title": "伊利纯牛奶"})
    assert found(database, "奶牛") == []


@pytest.mark.parametrize("typed", ["hethermor hony", "wildflowr", "honney", "Hethermoore"])
def test_slips_of_the_finger_are_forgiven(database: Database, typed: str) -> None:
    put(database, a={"title": "Hethermoor Wildflower Honey"}, b={"title": "Nobbly Crunchy Peanut Butter"})
    with database.read() as tables:
        assert words.find_alike(tables, typed, category=None, limit=5) == ["a"]


def test_what_is_nothing_like_it_is_not_found(database: Database) -> None:
    put(database, a={"title": "Hethermoor Wildflower Honey"})
    with database.read() as tables:
        for typed in ("bicycle", "zz", "", "?!"):
            assert words.find_alike(tables, typed, category=None, limit=5) == []


def test_the_words_follow_the_table(database: Database) -> None:
    put(database, a={"title": "Oat"})
    put(database, a={"title": "Rye"})
    assert (found(database, "oat"), found(database, "rye")) == ([], ["a"])
    with database.write() as tables:
        products.entomb(tables, "a")
    assert found(database, "rye") == []
    with database.write() as tables:
        products.exhume(tables, "a")
    assert found(database, "rye") == ["a"]
    with database.write() as tables:
        products.drop_values(tables, 1, ["a"])
        assert words.count(tables) == 0


def test_a_change_that_is_rolled_back_leaves_no_words(database: Database) -> None:
    def change() -> None:
        with database.write() as tables:
            products.put_values(tables, 1, {"a": {"title": "Oat"}})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    assert found(database, "oat") == []


def test_an_older_store_gets_its_words(database: Database) -> None:
    import sqlite3

    older = Tables(sqlite3.connect(":memory:", isolation_level=None), execute_plugins=False)
    migrate(older, upto=1)
    older.execute("INSERT INTO products (sku, title, gtin) VALUES ('a', 'Oat drink', '0012345')")
    assert migrate(older) == len(MIGRATIONS) - 1
    assert words.find(older, "oat", category=None, skip=0, limit=5) == ["a"]
    assert words.find_code(older, "12345") == ["a"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("036000291452", "36000291452"),
        ("0 36000-29145 2", "36000291452"),
        ("000", None),
        ("", None),
        (None, None),
        ("12a", None),
        ("١٢", None),
    ],
)
def test_a_code_is_its_digits_without_leading_noughts(text: str | None, code: str | None) -> None:
    assert words.code_of(text) == code
