"""Doctor on the sources, and on what the system allows for watching them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edge_search.maintenance import following
from edge_search.store import home as store_home
from edge_search.store.sources import Source


def source(path: Path, number: int = 1, state: str = "good", kind: str = "folder") -> Source:
    return Source(number, kind, path, has_table=False, state=state, last_scan=None)  # type: ignore[arg-type]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    root = tmp_path / "catalog"
    for name in ("SKU-1", "SKU-2", ".Trash-1000/deep"):
        (root / name).mkdir(parents=True)
    return root


def limits(folder: Path, watches: int, instances: int = 128) -> Path:
    (folder / "max_user_watches").write_text(f"{watches}\n")
    (folder / "max_user_instances").write_text(f"{instances}\n")
    return folder


def test_a_source_that_is_there_is_good(catalog: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "list.csv"
    manifest.write_text("path,sku\n")
    found = following.check_sources([source(catalog), source(manifest, 2, kind="manifest")])
    assert [finding.state for finding in found] == ["good", "good"]


def test_a_source_that_is_gone_is_bad_and_nothing_is_lost(tmp_path: Path) -> None:
    (found,) = following.check_sources([source(tmp_path / "stick")])
    assert (found.state, "can't be reached (No such file or directory)" in found.value) == ("bad", True)
    assert "nothing is removed" in found.advice


def test_a_source_that_may_not_be_read_is_bad(catalog: Path) -> None:
    def forbidden(_: Path) -> None:
        raise PermissionError

    (found,) = following.check_sources([source(catalog)], forbidden)
    assert (found.state, "chmod" in found.advice) == ("bad", True)


def test_a_dead_mount_is_given_up(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_LOOK_S", 0.05)
    (found,) = following.check_sources([source(catalog)], lambda _: time.sleep(0.5))
    assert (found.state, "no answer within" in found.value) == ("bad", True)


def test_a_held_deletion_is_bad_and_names_the_way_on(catalog: Path) -> None:
    (found,) = following.check_sources([source(catalog, state="held")])
    assert (found.state, "--yes" in found.advice) == ("bad", True)


def test_a_source_on_a_network_file_system_is_noted(
    catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 21 8:2 / {catalog} rw - cifs //server/photos rw\n")
    monkeypatch.setattr(store_home, "MOUNTS", mounts)
    (found,) = following.check_sources([source(catalog)])
    assert (found.state, "no events" in found.advice) == ("note", True)


def test_no_source_is_noted() -> None:
    assert [found.state for found in following.check_sources([])] == ["note"]


def test_folders_are_counted_without_hidden_ones(catalog: Path, tmp_path: Path) -> None:
    followed = [source(catalog), source(catalog / "list.csv", 2, kind="manifest"), source(tmp_path / "gone", 3)]
    assert following.count_folders(followed) == (4, True)
    assert following.count_folders(followed, seconds=0)[1] in {True, False}


@pytest.mark.parametrize(
    ("watches", "instances", "states"),
    [(100, 128, ["good", "good"]), (4, 128, ["note", "good"]), (2, 128, ["bad", "good"]), (100, 0, ["good", "bad"])],
)
def test_limits_of_inotify_are_compared_with_the_need(
    catalog: Path, tmp_path: Path, watches: int, instances: int, states: list[str]
) -> None:
    found = following.check_inotify([source(catalog)], limits(tmp_path, watches, instances))
    assert [finding.state for finding in found] == states
    for finding in found:
        assert ("sysctl --system" in finding.advice) == (finding.state != "good")


def test_a_system_without_inotify_limits_is_noted(catalog: Path, tmp_path: Path) -> None:
    assert [found.state for found in following.check_inotify([source(catalog)], tmp_path)] == ["note", "note"]
