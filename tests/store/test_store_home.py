"""The home: which folder can be one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.catalog.folder import list_folder
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.errors import HomeUnsuitable
from edge_search.store import home as module
from edge_search.store.home import Home, file_system, prepare_home
from tests.conftest import make_photo


def mounts(monkeypatch: pytest.MonkeyPatch, folder: Path, *lines: bytes) -> None:
    table = folder / "mountinfo"
    table.write_bytes(b"".join(line + b"\n" for line in lines))
    monkeypatch.setattr(module, "MOUNTS", table)


def line(point: bytes, kind: bytes) -> bytes:
    return b"36 35 98:0 / %s rw,noatime shared:1 - %s /dev/sda1 rw" % (point, kind)


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "vfat", "exfat", "fuse.sshfs"])
def test_network_and_fat_file_systems_are_refused_untouched(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    mounts(monkeypatch, tmp_path, line(b"/", b"ext4"), line(os.fsencode(stick), kind.encode()))
    with pytest.raises(HomeUnsuitable, match=rf"^[^\n]*{kind}[^\n]*local disk$"):
        prepare_home(stick / "home")
    assert list(stick.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "written"), [("USB STICK", b"USB\\040STICK"), ("Übung", "Übung".encode()), ("a\\b", b"a\\134b")]
)
def test_mount_points_are_read_as_the_kernel_writes_them(
    name: str, written: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts(monkeypatch, tmp_path, line(b"/", b"ext4"), line(os.fsencode(tmp_path) + b"/" + written, b"vfat"))
    assert file_system(tmp_path / name / "deep") == "vfat"
    assert file_system(tmp_path / f"{name} beside") == "ext4"


def test_later_mount_on_a_point_hides_the_earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts(monkeypatch, tmp_path, line(b"/", b"vfat"), line(b"/", b"ext4"))
    assert file_system(tmp_path) == "ext4"


def test_unknown_without_a_mount_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOUNTS", tmp_path / "missing")
    assert file_system(tmp_path) == "unknown"
    assert prepare_home(tmp_path / "home").index.is_dir()


def test_read_only_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(HomeUnsuitable, match=r"^home [^\n]*Read-only file system; choose another[^\n]*$"):
        Box(tmp_path / "home", encoder=FakeEncoder())


def test_home_of_another_user_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare_home(tmp_path / "home")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(HomeUnsuitable, match="not writable"):
        prepare_home(tmp_path / "home")


def test_home_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("x")
    with pytest.raises(HomeUnsuitable, match=r"^[^\n]+$"):
        prepare_home(tmp_path / "home")


def test_home_inside_the_catalog_folder_is_not_part_of_it(tmp_path: Path) -> None:
    make_photo(tmp_path / "tea" / "1.jpg", 1)
    with Box(tmp_path / "home", encoder=FakeEncoder()) as box:
        box.index(tmp_path)
        again = box.index(tmp_path)
        assert (again.added, again.products) == (0, 1)
    assert [file.sku for file in list_folder(tmp_path).files] == ["tea"]


@pytest.mark.parametrize("sku", ["..", ".", "a/b", "茶" * 128, "x" * 128, "-", "Å\u0308", "CON"])
def test_taught_folder_stays_in_the_home_whatever_the_sku(sku: str, tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.taught_folder(sku)
    assert folder.parent == home.taught
    assert folder.name not in {".", ".."}
    folder.mkdir(parents=True)


def test_taught_folders_of_long_skus_differ(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.taught_folder("茶" * 127 + "一") != home.taught_folder("茶" * 127 + "二")
