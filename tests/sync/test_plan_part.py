"""The plan of a part: applying it makes that part equal and leaves the rest alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_search.catalog.listing import Listing, SourceFile
from edge_search.store.images import Image
from edge_search.sync.plan import HoldRule, Outside, Plan, doubtful, make_plan
from tests.sync.test_plan import NEVER, SKUS, State, file, paths, row


class Parts(State):
    """Rows of a source, and a disk that is looked at in parts."""

    def __init__(self, disk: dict[bytes, int]) -> None:
        super().__init__({}, {})
        self.disk = disk

    def listing(self, scope: tuple[bytes, ...] | None) -> Listing:
        inside = [path for path in sorted(self.disk) if scope is None or within(path, scope)]
        files = tuple(file(path, sku_of(path), self.disk[path]) for path in inside)
        return Listing(Path("/stick"), "folder", files, (), False, (), scope=scope)

    def plan_part(self, listing: Listing, rule: HoldRule = NEVER, lost: int = 0) -> Plan:
        scope = listing.scope
        assert scope is not None
        rows = [image for image in self.images if within(image.path, scope)]
        others = [image for image in self.images if not within(image.path, scope)]
        concerned = {image.sku for image in rows} | {each.sku for each in listing.files}
        return make_plan(
            listing,
            rows,
            [bad for bad in self.skipped.values() if within(bad.path, scope)],
            {sku: listed for sku, listed in self.values.items() if sku in concerned},
            rule,
            had_table=self.had_table,
            lost=lost,
            outside=Outside({image.sku for image in others} & concerned, len({image.sku for image in self.images})),
        )

    def rows(self) -> dict[bytes, int]:
        return {image.path: image.mtime_ns for image in self.images}


def within(path: bytes, scope: tuple[bytes, ...]) -> bool:
    return any(path == each or path.startswith(each + b"/") for each in scope)


def sku_of(path: bytes) -> str:
    return path.split(b"/")[0].decode()


disks = st.dictionaries(paths, st.integers(1, 3), max_size=10)
scopes = st.sets(paths | st.sampled_from([sku.encode() for sku in SKUS]), max_size=5).map(lambda s: tuple(sorted(s)))


@settings(max_examples=150, deadline=None)
@given(disks, st.lists(st.tuples(disks, scopes), max_size=4), st.sets(paths, max_size=2))
def test_parts_make_equal_what_they_look_at_and_nothing_else(
    disk: dict[bytes, int], changes: list[tuple[dict[bytes, int], tuple[bytes, ...]]], bad: set[bytes]
) -> None:
    state = Parts(disk)
    first = state.listing(None)
    state.apply(first, state.plan(first), bad)
    for now, scope in changes:
        state.disk = now
        before, skus = state.rows(), dict(state.values)
        listing = state.listing(scope)
        state.apply(listing, state.plan_part(listing), bad)
        after = state.rows()
        for path in {*before, *after, *now}:
            if not within(path, scope):
                assert after.get(path) == before.get(path), "a row outside of the part changed"
            elif path not in bad:
                assert after.get(path) == now.get(path)
        assert set(state.values) - set(skus) <= {sku_of(path) for path in now}
        assert {image.sku for image in state.images} <= set(state.values), "a product with photos is not listed"
        assert not state.plan_part(listing), "the second plan is not empty"
    # What parts left, the whole brings to the same end as without them.
    last = state.listing(None)
    state.apply(last, state.plan(last), bad)
    assert {p: s for p, s in state.rows().items() if p not in bad} == {
        p: s for p, s in state.disk.items() if p not in bad
    }
    assert not state.plan(last)


@settings(max_examples=80, deadline=None)
@given(disks, scopes)
def test_looking_at_all_paths_in_parts_is_looking_at_the_whole(
    disk: dict[bytes, int], scope: tuple[bytes, ...]
) -> None:
    parts, whole = Parts(disk), Parts(disk)
    for each in [(path,) for path in sorted({*disk, *scope})]:
        listing = parts.listing(each)
        parts.apply(listing, parts.plan_part(listing), set())
    listing = whole.listing(None)
    whole.apply(listing, whole.plan(listing), set())
    assert parts.rows() == whole.rows()
    assert parts.values == whole.values


def shop(products: int) -> Parts:
    state = Parts({b"%d/1.jpg" % n: 1 for n in range(products)})
    listing = state.listing(None)
    state.apply(listing, state.plan(listing), set())
    state.disk = {}
    return state


def test_large_deletion_is_held_also_when_it_comes_in_pieces() -> None:
    rule = HoldRule(0.2, 20)
    state = shop(50)
    few = state.listing(tuple(b"%d" % n for n in range(20)))
    assert state.plan_part(few, rule).held is None
    assert state.plan_part(few, rule).lost == 20
    one_more = state.plan_part(state.listing((b"30",)), rule, lost=20).held
    assert one_more is not None
    assert "1 of 50 products would be deleted, 20 were just now" in one_more.reason
    whole = make_plan(state.listing(None), state.images[:1], [], {}, rule, lost=20)
    assert whole.held is not None
    assert state.plan_part(state.listing((b"30",)), rule, lost=19).held is None
    assert shop(200).plan_part(state.listing((b"30",)), rule, lost=30).held is None  # 13 percent


def test_emptied_part_is_no_emptied_source() -> None:
    state = shop(3)
    state.disk = {b"1/1.jpg": 1, b"2/1.jpg": 1}
    plan = state.plan_part(state.listing((b"0",)), NEVER)
    assert (plan.held, plan.drop, len(plan.gone)) == (None, ("0",), 1)


def test_product_with_a_photo_elsewhere_stays() -> None:
    state = Parts({b"a/1": 1, b"a/2": 1})
    listing = state.listing(None)
    state.apply(listing, state.plan(listing), set())
    del state.disk[b"a/1"]
    plan = state.plan_part(state.listing((b"a/1",)))
    assert (len(plan.gone), plan.drop, plan.lost) == (1, (), 0)


def test_table_is_not_touched_by_a_part() -> None:
    state = Parts({b"a/1": 1})
    state.values = {"a": {"price": 1.0}, "b": {"price": 2.0}}
    listing = replace(state.listing((b"a/1",)), has_table=True)
    plan = state.plan_part(listing)
    assert (len(plan.take), dict(plan.put), plan.drop) == (1, {}, ())


def test_new_products_come_first_then_changes_then_what_is_only_looked_at_again() -> None:
    rows: list[Image] = [row(b"a/1", "a", 1, 1), row(b"a/2", "a", 1, 2)]
    same_size = SourceFile(b"a/1", "a", 10, 2, 1)
    other_size = SourceFile(b"a/2", "a", 11, 2, 1)
    added, new = file(b"a/3", "a"), file(b"b/1", "b")
    listing = Listing(Path("/stick"), "folder", (same_size, other_size, added, new), (), False, ())
    assert make_plan(listing, rows, [], {}, NEVER).take == (new, other_size, added, same_size)


def test_folder_is_doubtful_when_most_photos_are_not_there() -> None:
    state = shop(4)
    state.disk = {b"0/1.jpg": 9, b"1/1.jpg": 9, b"new": 1}
    assert not doubtful(state.listing(None), state.images)  # touched, but half of them are there
    del state.disk[b"0/1.jpg"]
    assert doubtful(state.listing(None), state.images)
    assert not doubtful(state.listing(None), [])
