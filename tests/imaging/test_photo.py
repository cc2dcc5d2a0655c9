"""Reading a photo never waits, and every refusal says which file and what to do."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from edge_search.errors import PhotoTooLarge, PhotoUnreadable
from edge_search.imaging.hashing import content_hash
from edge_search.imaging.limits import Limits
from edge_search.imaging.photo import printable, read_photo


def test_reads_by_any_kind_of_path(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    (tmp_path / "link.jpg").symlink_to(path)
    for name in (path, str(path), bytes(path), tmp_path / "link.jpg"):
        assert read_photo(name) == b"abc"


def test_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    name = bytes(tmp_path) + b"/caf\xe9\n.jpg"
    with pytest.raises(PhotoUnreadable, match=r"caf\\xe9\\n.jpg: no such file"):
        read_photo(name)
    with open(name, "wb") as file:
        file.write(b"x")
    assert read_photo(name) == read_photo(os.fsdecode(name)) == b"x"


def refused(path: Path, said: str, limits: Limits | None = None) -> None:
    with pytest.raises(PhotoUnreadable, match=said) as raised:
        read_photo(path, limits or Limits())
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path may have 108 bytes at most
    os.mkfifo("pipe.jpg")
    refused(Path("pipe.jpg"), "FIFO")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.jpg")
        refused(Path("socket.jpg"), "socket")
    refused(Path("/dev/null"), "a device")
    refused(tmp_path, "a folder")


def test_missing_empty_and_loops(tmp_path: Path) -> None:
    refused(tmp_path / "none.jpg", "no such file; check the path")
    (tmp_path / "empty.jpg").touch()
    refused(tmp_path / "empty.jpg", "empty file; copy it again")
    refused(tmp_path / "empty.jpg" / "below.jpg", "not a folder")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    refused(tmp_path / "loop.jpg", "circle")
    refused(tmp_path / ("x" * 300), "too long")
    with pytest.raises(PhotoUnreadable, match="not a file name"):
        read_photo("a\0b.jpg")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_permission(tmp_path: Path) -> None:
    path = tmp_path / "closed.jpg"
    path.write_bytes(b"x")
    path.chmod(0)
    refused(path, "permission denied")


def test_permission_error_is_worded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    refused(tmp_path / "a.jpg", "permission denied; give this user the right")


def test_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.jpg"
    path.write_bytes(b"x" * 11)
    assert len(read_photo(path, Limits(max_bytes=11))) == 11
    monkeypatch.setattr(os, "read", lambda *_: pytest.fail("read"))
    with pytest.raises(PhotoTooLarge, match="11 bytes, at most 10"):
        read_photo(path, Limits(max_bytes=10))


@pytest.mark.parametrize("parts", [[b"abc"], [b"abcdef", b"g"], [b"ab", b"cdefghij"]])
def test_a_file_that_changes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: list[bytes]) -> None:
    path = tmp_path / "growing.jpg"
    path.write_bytes(b"x" * 6)
    coming = iter([*parts, b""])
    monkeypatch.setattr(os, "read", lambda *_: next(coming))
    refused(path, "changed while it was read")


def test_a_disk_error_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    (tmp_path / "a.jpg").write_bytes(b"x")
    monkeypatch.setattr(os, "read", broken)
    refused(tmp_path / "a.jpg", "Input/output error; check the disk")


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"x")
    before = sorted(os.listdir("/proc/self/fd"))
    read_photo(path)
    for name in (tmp_path, tmp_path / "none"):
        with pytest.raises(PhotoUnreadable):
            read_photo(name)
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("plain ä.jpg", "plain ä.jpg"),
        (b"caf\xe9", r"caf\xe9"),
        (os.fsdecode(b"caf\xe9"), r"caf\xe9"),
        ("a\nb\x1b[31m\u202e", r"a\nb\x1b[31m\u202e"),
        ("\ud800", r"\ud800"),
    ],
)
def test_printable(path: bytes | str, shown: str) -> None:
    assert printable(path) == shown


def test_content_hash_is_sha256() -> None:
    assert content_hash(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
