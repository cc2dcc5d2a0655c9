"""The plan: a pure function; applying it makes store and source equal."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_search.catalog.listing import Listing, Problem, ProductRow, SourceFile
from edge_search.store.images import Image
from edge_search.store.products import Values
from edge_search.store.sources import SkippedFile
from edge_search.sync.plan import HoldRule, Plan, make_plan

NEVER = HoldRule(1.0, 10**6)
OWNER = 3
SKUS = ["a", "b", "c", "d"]


class State:
    """A source's rows, and what the sync does with a plan; ``bad`` contents can't be taken."""

    def __init__(self, images: dict[tuple[bytes, str], int], values: dict[str, Values]) -> None:
        self.images = [row(path, sku, stamp, key) for key, ((path, sku), stamp) in enumerate(images.items(), start=1)]
        self.keys = count(100)
        self.skipped: dict[bytes, SkippedFile] = {}
        self.values = values
        self.had_table = False

    def plan(self, listing: Listing, rule: HoldRule = NEVER) -> Plan:
        return make_plan(listing, self.images, list(self.skipped.values()), self.values, rule, had_table=self.had_table)

    def apply(self, listing: Listing, plan: Plan, bad: set[bytes]) -> None:
        self.values = {sku: dict(listed) for sku, listed in (self.values | dict(plan.put)).items()}
        rows = {(image.path, image.sku): image for image in self.images}
        for file in plan.take:
            if file.path in bad:
                self.skipped[file.path] = SkippedFile(file.path, file.size, file.mtime_ns, file.inode, "bad")
                continue
            self.skipped.pop(file.path, None)
            rows[file.path, file.sku] = row(file.path, file.sku, file.mtime_ns, next(self.keys))
            if not listing.has_table and not self.had_table:
                self.values.setdefault(file.sku, {})
        for image in plan.gone:
            rows.pop((image.path, image.sku))
        for sku in plan.drop:
            self.values.pop(sku)
        for path in plan.forget:
            self.skipped.pop(path)
        self.images = list(rows.values())
        self.had_table = self.had_table or listing.has_table


def row(path: bytes, sku: str, stamp: int, key: int) -> Image:
    return Image(key, sku, OWNER, path, "hash", 10, stamp, stamp, 64, 64)


def file(path: bytes, sku: str, stamp: int = 1) -> SourceFile:
    return SourceFile(path, sku, 10, stamp, stamp)


paths = st.builds(lambda sku, name: f"{sku}/{name}".encode(), st.sampled_from(SKUS), st.sampled_from("123"))
photos = st.dictionaries(st.tuples(paths, st.sampled_from(SKUS)), st.integers(1, 3), max_size=8)
prices = st.fixed_dictionaries({"price": st.sampled_from([None, 1.0, 2.0])})
tables = st.dictionaries(st.sampled_from(SKUS), prices, max_size=4)


@st.composite
def listings(draw: st.DrawFn) -> Listing:
    table = draw(st.none() | tables)
    stamps = draw(st.dictionaries(paths, st.integers(1, 3), max_size=12))
    named = draw(st.lists(st.tuples(st.sampled_from(sorted(stamps) or [b""]), st.sampled_from(SKUS)), max_size=8))
    found = {(path, sku): file(path, sku, stamps[path]) for path, sku in named if path in stamps}
    return Listing(
        root=Path("/stick"),
        kind="folder",
        files=tuple(found[key] for key in sorted(found)),
        products=tuple(ProductRow(sku, values, 2) for sku, values in (table or {}).items()),
        has_table=table is not None,
        problems=tuple(Problem(path, "denied") for path in draw(st.lists(st.sampled_from(SKUS), max_size=1))),
    )


@settings(max_examples=400, deadline=None)
@given(photos, tables, st.lists(listings(), min_size=1, max_size=3), st.sets(paths, max_size=3))
def test_applied_plan_makes_equal_and_the_next_is_empty(
    images: dict[tuple[bytes, str], int], values: dict[str, Values], looks: list[Listing], bad: set[bytes]
) -> None:
    state = State(images, values)
    for listing in looks:
        before = {(image.path, image.sku): image for image in state.images}
        said, had_table = dict(state.values), state.had_table
        plan = state.plan(listing)
        assert plan.held is None or not listing.files
        assert plan.unchanged + len(plan.take) + len(plan.still_skipped) <= len(listing.files) or plan.still_skipped
        state.apply(listing, plan, bad)
        hidden = {problem.path for problem in listing.problems}
        shielded = {key for key in before if key[0].decode().split("/")[0] in hidden}
        wanted = {(file.path, file.sku): file.mtime_ns for file in listing.files}
        now = {(image.path, image.sku): image.mtime_ns for image in state.images}
        for key, stamp in wanted.items():
            assert now.get(key) == stamp or key[0] in bad
        assert set(now) - set(wanted) == shielded - set(wanted)
        if listing.has_table:
            assert state.values == {product.sku: dict(product.values) for product in listing.products}
        elif had_table:
            assert state.values == said
        else:
            assert set(state.values) >= {image.sku for image in state.images}
        again = state.plan(listing)
        assert not again
        assert again.unchanged + sum(f.path in state.skipped for f in listing.files) == len(listing.files)


def listing(*files: SourceFile, products: dict[str, Values] | None = None, problems: tuple[str, ...] = ()) -> Listing:
    rows = tuple(ProductRow(sku, dict(values), 2) for sku, values in (products or {}).items())
    found = tuple(Problem(path, "can't be read") for path in problems)
    return Listing(Path("/stick"), "folder", files, rows, products is not None, found)


def shop(products: int) -> State:
    return State({(b"%d/1.jpg" % n, str(n)): 1 for n in range(products)}, {str(n): {} for n in range(products)})


def leaves(products: int) -> Listing:
    return listing(*(file(b"%d/1.jpg" % n, str(n)) for n in range(products)))


def test_deletion_is_held_only_when_large_by_share_and_by_number() -> None:
    rule = HoldRule(0.2, 20)
    assert shop(100).plan(leaves(80), rule).held is None  # 20 products: not more than 20
    held = shop(100).plan(leaves(79), rule).held
    assert held is not None
    assert (held.products, held.images) == (21, 21)
    assert shop(200).plan(leaves(160), rule).held is None  # 40 products: 20 percent
    assert shop(200).plan(leaves(159), rule).held is not None
    assert shop(5).plan(leaves(1), rule).held is None


def test_emptied_table_is_held_like_deleted_photos() -> None:
    state = State({}, {str(n): {} for n in range(50)})
    assert state.plan(listing(products={str(n): {} for n in range(29)}), HoldRule(0.2, 20)).held is not None
    assert state.plan(listing(products={str(n): {} for n in range(30)}), HoldRule(0.2, 20)).held is None


def test_suddenly_empty_source_is_held_however_small() -> None:
    held = shop(1).plan(listing(), NEVER).held
    assert held is not None
    assert "/stick is empty" in held.reason
    assert State({}, {}).plan(listing(), NEVER).held is None


def test_many_photos_of_few_products_may_go() -> None:
    state = State({(b"a/%d" % n, "a"): 1 for n in range(500)}, {"a": {}})
    assert state.plan(listing(file(b"a/1", "a")), HoldRule(0.2, 20)).held is None


def test_rows_below_an_unreadable_folder_stay() -> None:
    state = State({(b"a/x/1", "a"): 1, (b"ab/1", "ab"): 1, (b"b/1", "b"): 1}, {})
    plan = state.plan(listing(problems=("a",)))
    assert {image.path for image in plan.gone} == {b"ab/1", b"b/1"}
    plan = state.plan(listing(problems=("b/1",)))
    assert {image.path for image in plan.gone} == {b"a/x/1", b"ab/1"}


def test_folder_whose_name_is_no_text_shields_its_rows_too() -> None:
    state = State({(b"a\xff/1", "a"): 1}, {})
    assert not state.plan(listing(problems=("a\\xff",))).gone


def test_vanished_table_changes_no_product_and_lists_none() -> None:
    state = State({(b"a/1", "a"): 1, (b"waiting/1", "waiting"): 1}, {"a": {"price": 1.0}, "b": {"price": 2.0}})
    state.had_table = True
    plan = state.plan(listing(file(b"a/1", "a"), file(b"waiting/1", "waiting")))
    assert (dict(plan.put), plan.drop) == ({}, ())


def test_bad_file_is_tried_again_only_with_another_stamp() -> None:
    state = State({}, {})
    state.skipped = {b"a/1": SkippedFile(b"a/1", 10, 1, 1, "bad")}
    plan = state.plan(listing(file(b"a/1", "a", 1)))
    assert (plan.take, len(plan.still_skipped), plan.unchanged) == ((), 1, 0)
    assert len(state.plan(listing(file(b"a/1", "a", 2))).take) == 1
    assert state.plan(listing()).forget == (b"a/1",)
    assert state.plan(listing(problems=("a/1",))).forget == ()


def test_any_part_of_the_stamp_counts() -> None:
    state = State({(b"a/1", "a"): 1}, {"a": {}})
    same = file(b"a/1", "a", 1)
    assert not state.plan(listing(same))
    for other in (replace(same, size=11), replace(same, mtime_ns=2), replace(same, inode=2)):
        assert state.plan(listing(other)).take == (other,)
