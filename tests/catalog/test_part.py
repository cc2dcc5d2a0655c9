"""Looking at a part of a folder says what looking at all of it would say of that part."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_search.catalog.folder import list_folder, list_part
from edge_search.catalog.rules import Rules
from edge_search.errors import SourceMissing

NAMES = [
    "1.jpg", "x__2.png", "tea/1.jpg", "tea/2.jpg", "tea/deep/3.jpg", "oats/1.jpg", ".hidden/1.jpg", "tea/notes.txt",
    "milk/.edge-search-ignore", "milk/1.jpg", "oats/.2.jpg.Xy12Ab",
]  # fmt: skip
TABLES = [None, "sku,images\ntea,tea/*.jpg|oats/1.jpg\noats,\n", "sku\nrice\n"]


def put(root: Path, name: str, data: bytes = b"photo") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    present=st.sets(st.sampled_from(NAMES)),
    asked=st.sets(st.sampled_from(NAMES)),
    table=st.sampled_from(TABLES),
    rules=st.sampled_from([Rules(), Rules(ignore=("2.*",)), Rules(ignore=("tea",)), Rules(max_mb=1e-6)]),
)
def test_part_agrees_with_the_whole(
    tmp_path_factory: pytest.TempPathFactory, present: set[str], asked: set[str], table: str | None, rules: Rules
) -> None:
    root = tmp_path_factory.mktemp("root")
    for name in present:
        put(root, name)
    if table:
        put(root, "products.csv", table.encode())
    whole = list_folder(root, rules)
    part = list_part(root, [name.encode() for name in asked], rules)
    assert part is not None
    listing, folders = part
    assert folders == []
    assert listing.files == tuple(file for file in whole.files if os.fsdecode(file.path) in asked)
    assert {p.path for p in listing.problems} == {p.path for p in whole.problems if p.path in asked}
    assert listing.scope == tuple(sorted(name.encode() for name in asked))
    assert (listing.has_table, listing.products) == (whole.has_table, whole.products)


def test_folder_is_named_not_looked_into(tmp_path: Path) -> None:
    put(tmp_path, "tea/1.jpg")
    put(tmp_path, "oats/1.jpg")
    part = list_part(tmp_path, [b"tea", b"oats/1.jpg", b"gone"])
    assert part is not None
    listing, folders = part
    assert folders == [b"tea"]
    assert [file.path for file in listing.files] == [b"oats/1.jpg"]
    assert listing.scope == (b"gone", b"oats/1.jpg")


def test_links_inside_count_and_those_that_lead_out_do_not(tmp_path: Path) -> None:
    root = tmp_path / "root"
    put(root, "tea/1.jpg")
    put(tmp_path, "outside.jpg")
    (root / "tea" / "inside.jpg").symlink_to(root / "tea" / "1.jpg")
    (root / "tea" / "outside.jpg").symlink_to(tmp_path / "outside.jpg")
    part = list_part(root, [b"tea/inside.jpg", b"tea/outside.jpg"])
    assert part is not None
    assert [file.path for file in part[0].files] == [b"tea/inside.jpg"]
    assert "leads out of the catalog" in part[0].problems[0].reason


def test_link_to_a_folder_needs_the_whole(tmp_path: Path) -> None:
    put(tmp_path, "tea/1.jpg")
    (tmp_path / "chai").symlink_to(tmp_path / "tea")
    assert list_part(tmp_path, [b"chai"]) is None


def test_unreadable_is_a_problem_not_gone(tmp_path: Path) -> None:
    put(tmp_path, "tea/1.jpg", b"")
    part = list_part(tmp_path, [b"tea/1.jpg"])
    assert part is not None
    assert [(p.path, p.reason) for p in part[0].problems] == [("tea/1.jpg", "empty file; copy it again")]


def test_missing_root_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing):
        list_part(tmp_path / "gone", [b"a.jpg"])


def test_folder_with_too_many_photos_is_named(tmp_path: Path) -> None:
    for number in range(5):
        put(tmp_path, f"tea/{number}.jpg")
    rules = Rules(max_files=3)
    listing = list_folder(tmp_path, rules)
    assert [file.path for file in listing.files] == [b"tea/0.jpg", b"tea/1.jpg", b"tea/2.jpg"]
    assert [(p.path, "more than 3 photos" in p.reason) for p in listing.problems] == [("tea/", True)]
    assert list_part(tmp_path, [b"tea/4.jpg"], rules) is None


def test_file_over_the_sources_limit_is_named(tmp_path: Path) -> None:
    put(tmp_path, "tea/1.jpg", b"x" * 2000)
    listing = list_folder(tmp_path, Rules(max_mb=0.001))
    assert listing.files == ()
    assert "2,000 bytes, at most 1,048" in listing.problems[0].reason


@pytest.mark.parametrize(
    ("said", "reason"),
    [({"often": "1"}, "no such rule"), ({"poll": "maybe"}, "always, never or auto"), ({"max_files": "x"}, "a number")],
)
def test_rule_that_can_not_be(said: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Rules().changed(said)


def test_rules_are_kept_as_text() -> None:
    rules = Rules().changed({"poll": "yes", "scan_minutes": "2.5", "max_files": "10", "ignore": "raw | *.png"})
    assert rules == Rules("always", 2.5, 0.0, 10, ("raw", "*.png"))
    assert Rules.from_json(rules.to_json()) == rules
    assert Rules.from_json('{"newer": 1}') == Rules()
    assert Rules().to_json() == "{}"
    assert rules.changed({"poll": "", "ignore": ""}) == Rules(scan_minutes=2.5, max_files=10)
