"""The change log: whatever happens, another store that follows it becomes equal."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_search.errors import NotFound
from edge_search.store import changes, images, meta, products, sources
from edge_search.store.database import Database, Tables
from edge_search.store.home import prepare_home
from edge_search.store.images import Image
from tests.store.replayed import replay

SKUS, OWNERS, HASHES = ["tea", "oats", "茶"], [0, 1, 2], ["h1", "h2", "h3"]
skus, owners, hashes = st.sampled_from(SKUS), st.sampled_from(OWNERS), st.sampled_from(HASHES)
values = st.dictionaries(
    st.sampled_from(["title", "price", "Shelf"]), st.none() | st.sampled_from(["1", "é"]) | st.floats(0, 9)
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), owners, skus, values, st.booleans()),
        st.tuples(st.just("drop"), owners, skus),
        st.tuples(st.just("hide"), skus),
        st.tuples(st.just("show"), skus),
        st.tuples(st.just("add"), owners, skus, hashes, st.integers(1, 3)),
        st.tuples(st.just("remove"), st.integers(0, 9)),
        st.tuples(st.just("move"), st.integers(0, 9)),
        st.tuples(st.just("hide photo"), st.integers(0, 9)),
        st.tuples(st.just("show photo"), skus, hashes),
        st.tuples(st.just("show photos"), skus),
    ),
    max_size=25,
)


def do(tables: Tables, step: tuple[Any, ...]) -> None:
    kind, *rest = step
    rows = [images.get(tables, key) for (key,) in tables.execute("SELECT image_id FROM images").fetchall()]
    chosen = rows[rest[0] % len(rows)] if rows and isinstance(rest[0], int) else None
    if kind == "put":
        owner, sku, listed, merge = rest
        products.put_values(tables, owner, {sku: listed}, merge=merge)
    elif kind == "drop":
        products.drop_values(tables, rest[0], [rest[1]])
    elif kind == "hide":
        products.entomb(tables, rest[0])
    elif kind == "show":
        products.exhume(tables, rest[0])
    elif kind == "add":
        owner, sku, digest, place = rest
        images.add(tables, [Image(0, sku, owner, b"%d.jpg" % place, digest, 1, 1, 1, 8, 8)])
    elif kind == "show photo":
        images.unentomb(tables, rest[0], rest[1])
    elif kind == "show photos":
        images.unentomb_all(tables, rest[0])
    elif chosen is None:
        return
    elif kind == "remove":
        images.remove(tables, [chosen.image_id])
    elif kind == "move":
        images.move(tables, chosen.image_id, chosen.path + b"x", 2, 2, 2)
    elif kind == "hide photo":
        images.entomb(tables, chosen)


def store(folder: Path) -> contextlib.AbstractContextManager[Tables]:
    @contextlib.contextmanager
    def opened() -> Iterator[Tables]:
        database = Database(prepare_home(folder))
        with database.write() as tables:
            yield tables
        database.close()

    return opened()


@settings(max_examples=60, deadline=None)
@given(steps, st.integers(0, 25))
def test_a_store_that_follows_the_log_becomes_equal(done: list[tuple[Any, ...]], early: int) -> None:
    with tempfile.TemporaryDirectory() as folder, store(Path(folder, "a")) as one, store(Path(folder, "b")) as other:
        seen = 0
        for number, step in enumerate(done, start=1):
            before = changes.head(one), meta.catalog_digest(one)
            do(one, step)
            assert changes.head(one) > before[0] or meta.catalog_digest(one) == before[1]
            if number == early:  # in the middle, then the rest: the log is followed piece by piece
                replay(other, [change.to_dict() for change in changes.page(one, seen)])
                seen = changes.head(one)
                assert meta.catalog_digest(other) == meta.catalog_digest(one)
        replay(other, [change.to_dict() for change in changes.page(one, seen)])
        assert meta.catalog_digest(other) == meta.catalog_digest(one)
        with store(Path(folder, "c")) as third:
            state = [*changes.standing(one, changes.head(one)), *changes.standing_images(one, changes.head(one))]
            replay(third, [change.to_dict() for change in state])
            assert meta.catalog_digest(third) == meta.catalog_digest(one)
            # Repeating what is known does no harm: a snapshot is read while others write.
            replay(third, [change.to_dict() for change in changes.page(one, 0)])
            assert meta.catalog_digest(third) == meta.catalog_digest(one)


def test_entries_go_with_their_transaction(home: Path) -> None:
    database = Database(prepare_home(home))
    done: list[tuple[Any, ...]] = [("put", 1, "tea", {}, False), ("hide", "tea"), ("add", 1, "tea", "h1", 1)]

    def fail() -> None:
        with database.write() as tables:
            for step in done:
                do(tables, step)
            sources.enlist(tables, "folder", Path("/x"))
            assert changes.head(tables) == 4
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as tables:
        assert changes.head(tables) == 0
    database.close()


def test_pages_join_without_a_hole(tables: Tables) -> None:
    for number in range(7):
        products.put_values(tables, 1, {"tea": {"price": number}})
    seen: list[int] = []
    while page := changes.page(tables, seen[-1] if seen else 0, limit=3):
        assert len(page) <= 3
        seen += [change.seq for change in page]
    assert seen == list(range(1, 8))
    assert changes.page(tables, 7) == []


def test_forgotten_entries_ask_for_a_resync(tables: Tables) -> None:
    for number in range(5):
        products.put_values(tables, 1, {"tea": {"price": number}})
    tables.execute("UPDATE changes SET at = '2001-01-01T00:00:00+00:00' WHERE seq < 4")
    assert changes.prune(tables, days=1) == 3
    assert [change.seq for change in changes.page(tables, 3)] == [4, 5]
    for since in (0, 2, 6):
        with pytest.raises(NotFound, match="holds 4 to 5; resync"):
            changes.page(tables, since)


def test_the_log_loses_its_beginning_only(tables: Tables) -> None:
    for number in range(5):
        products.put_values(tables, 1, {"tea": {"price": number}})
    # A clock that stood at 1970 for a while must not tear a hole.
    tables.execute("UPDATE changes SET at = '1970-01-01T00:00:00+00:00' WHERE seq IN (1, 3, 4)")
    assert changes.prune(tables, days=1) == 1
    assert [change.seq for change in changes.page(tables, 1)] == [2, 3, 4, 5]
    tables.execute("UPDATE changes SET at = '1970-01-01T00:00:00+00:00'")
    while changes.prune(tables, days=1, most=2):
        pass
    assert [change.seq for change in changes.page(tables, 4)] == [5]


def test_a_log_of_an_older_store_begins_anew(home: Path) -> None:
    from edge_search.store import schema

    old = Tables(prepare_home(home).database)
    schema.migrate(old, upto=1)
    old.execute("INSERT INTO changes (at, kind, owner, sku) VALUES ('2026-01-01', 'product', 1, 'tea')")
    old.conn.commit()
    old.close()
    with contextlib.closing(Database(prepare_home(home))) as database, database.read() as tables:
        assert schema.schema_version(tables) == len(schema.MIGRATIONS)
        assert [change.kind for change in changes.page(tables, 1)] == ["began"]
        with pytest.raises(NotFound):
            changes.page(tables, 0)
