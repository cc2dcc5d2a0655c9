"""What is plugged in, told from the mount table."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_search.appliance.removable import mounted_media

ROOTS = [Path("/media"), Path("/mnt")]
LINES = [
    "1 0 8:1 / / rw - ext4 /dev/sda1 rw",
    "2 1 8:2 / /srv rw - ext4 /dev/sda2 rw",
    "3 1 8:17 / /media/shop/STICK\\040A rw - vfat /dev/sdb1 rw",
    "4 1 8:33 / /photos rw shared:1 - exfat /dev/sdc1 rw",
    "5 1 8:49 / /archive rw - ext4 /dev/sdd1 rw",
    "6 1 0:50 / /media/auto rw - autofs systemd-1 rw",
    "7 1 0:51 / /mnt/share rw - cifs //server/x rw",
    "8 1 8:50 / /boot/efi rw - vfat /dev/sdd2 rw",
    "broken line",
]


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A /sys: sdc is removable, sdd hangs on USB and calls itself fixed."""
    for disk, bus, removable, parts in (
        ("sda", "ata1", "0", "8:1 8:2"),
        ("sdc", "mmc0", "1", "8:33"),
        ("sdd", "usb1", "0", "8:49 8:50"),
    ):
        for number, device in enumerate(parts.split(), start=1):
            place = tmp_path / "sys" / "devices" / bus / "block" / disk / f"{disk}{number}"
            place.mkdir(parents=True)
            (place.parent / "removable").write_text(f"{removable}\n")
            link = tmp_path / "sys" / "dev" / "block" / device
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(place)
    return tmp_path / "sys"


def found(tmp_path: Path, system: Path, lines: list[str], *besides: str) -> dict[str, str]:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("\n".join(lines) + "\n")
    labels = tmp_path / "by-label"
    labels.mkdir(exist_ok=True)
    media = mounted_media(
        ROOTS, besides=[Path(place) for place in besides], mounts=mounts, system=system, labels=labels
    )
    assert len({medium.media_id for medium in media}) == len(media)
    return {medium.path: medium.label for medium in media}


def test_what_is_removable_or_below_a_root_is_a_medium(tmp_path: Path, system: Path) -> None:
    assert found(tmp_path, system, LINES) == {
        "/media/shop/STICK A": "STICK A",
        "/photos": "photos",
        "/archive": "archive",
        "/mnt/share": "share",
    }


def test_what_holds_the_home_or_a_source_is_none(tmp_path: Path, system: Path) -> None:
    assert set(found(tmp_path, system, LINES, "/archive/home", "/mnt/share", "/photos2")) == {
        "/media/shop/STICK A",
        "/photos",
    }


def test_a_later_mount_hides_an_earlier_one(tmp_path: Path, system: Path) -> None:
    lines = [*LINES, "9 1 8:1 / /photos rw - ext4 /dev/sda1 rw"]
    assert "/photos" not in found(tmp_path, system, lines)


def test_an_id_lasts_as_long_as_the_mount(tmp_path: Path, system: Path) -> None:
    def ids(lines: list[str]) -> dict[str, str]:
        mounts = tmp_path / "mountinfo"
        mounts.write_text("\n".join(lines) + "\n")
        media = mounted_media(ROOTS, mounts=mounts, system=system, labels=tmp_path / "none")
        return {medium.path: medium.media_id for medium in media}

    first = ids(LINES)
    assert ids(LINES[::-1]) == first
    other = ids([*LINES[:3], LINES[3].replace("/dev/sdc1", "/dev/sdc2"), *LINES[4:]])
    assert other["/photos"] != first["/photos"]
    assert other["/archive"] == first["/archive"]


def test_labels_come_from_the_system(tmp_path: Path, system: Path) -> None:
    (tmp_path / "sdb1").touch()
    (tmp_path / "by-label").mkdir()
    (tmp_path / "by-label" / "SHOP\\x20PHOTOS").symlink_to(tmp_path / "sdb1")
    lines = [line.replace("/dev/sdb1", str(tmp_path / "sdb1")) for line in LINES]
    assert found(tmp_path, system, lines)["/media/shop/STICK A"] == "SHOP PHOTOS"


def test_without_a_mount_table_there_is_nothing(tmp_path: Path) -> None:
    assert mounted_media(ROOTS, mounts=tmp_path / "none", system=tmp_path, labels=tmp_path) == ()
