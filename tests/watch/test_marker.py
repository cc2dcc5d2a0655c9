"""The marker, the mount table, the probe and the report: small files that tell what is what."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path

import pytest

from edge_search.store import home as homes
from edge_search.watch.marker import SOURCE_MARKER, leave_marker, marker_doubt
from edge_search.watch.mounts import Mount, mount_of
from edge_search.watch.notify import notify, watchdog_s
from edge_search.watch.probe import Probe, Seen, see
from edge_search.watch.report import WatchReport, process_start
from tests.watch.watched import HandClock

NAME = os.fsdecode(SOURCE_MARKER)


def test_marker_proves_the_folder(tmp_path: Path) -> None:
    assert marker_doubt(tmp_path, None) is None  # never marked: nothing is expected
    mine = leave_marker(tmp_path, None)
    assert mine
    assert marker_doubt(tmp_path, mine) is None
    assert leave_marker(tmp_path, mine) == mine
    (tmp_path / NAME).unlink()
    doubt = marker_doubt(tmp_path, mine)
    assert doubt is not None
    assert NAME in doubt
    assert leave_marker(tmp_path, mine) == mine
    assert marker_doubt(tmp_path, mine) is None


def test_two_boxes_follow_one_folder(tmp_path: Path) -> None:
    first, second = leave_marker(tmp_path, None), leave_marker(tmp_path, None)
    assert first != second
    assert marker_doubt(tmp_path, first) is None
    assert marker_doubt(tmp_path, second) is None
    assert len((tmp_path / NAME).read_text().splitlines()) == 3


def test_folder_that_takes_no_marker(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    assert leave_marker(tmp_path, None) == ""
    doubt = marker_doubt(tmp_path, "")
    assert doubt is not None
    assert "no marker could be left" in doubt


@pytest.mark.parametrize(
    ("kind", "remote"),
    [
        *((name, True) for name in ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.rclone", "virtiofs")),
        *((name, False) for name in ("ext4", "btrfs", "vfat", "exfat", "tmpfs", "fuseblk", "overlay", "unknown")),
    ],
)
def test_network_mounts_are_known(kind: str, remote: bool) -> None:
    assert Mount(kind).remote is remote


def test_mount_table_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:9 / {tmp_path}/share rw - cifs //nas/photos rw\n")
    monkeypatch.setattr(homes, "MOUNTS", table)
    (tmp_path / "share" / "inside").mkdir(parents=True)
    assert mount_of(tmp_path / "share" / "inside") == Mount("cifs")
    assert mount_of(tmp_path) == Mount("ext4")


def test_coarse_times_need_a_longer_rest() -> None:
    assert Mount("vfat").settle_s(0.5) == 2.5
    assert Mount("ext4").settle_s(0.5) == 0.5


def test_probe_sees_what_is_there(tmp_path: Path) -> None:
    folder = see(tmp_path, "folder")
    assert (folder.there, folder.inode) == (True, tmp_path.stat().st_ino)
    assert see(tmp_path, "manifest").there is False
    gone = see(tmp_path / "gone", "folder")
    assert (gone.there, gone.detail) == (False, "No such file or directory; plug the disk in or check the path")


def test_probe_of_a_hung_mount_is_offline_and_started_once() -> None:
    clock, answers, started = HandClock(), threading.Event(), []

    def look() -> Seen:
        started.append(1)
        answers.wait(20)
        return Seen(there=True)

    probe = Probe(look, clock)
    assert probe.seen() is None
    clock.now += 2
    assert probe.seen() is None
    clock.now += 2
    hung = probe.seen()
    assert hung is not None
    assert "doesn't answer" in (hung.detail or "")
    clock.now += 100
    assert probe.seen() == hung
    assert started == [1]
    answers.set()
    while (seen := probe.seen()) == hung:
        pass
    assert seen is not None
    assert seen.there


def test_report_is_believed_while_its_process_lives(tmp_path: Path) -> None:
    assert WatchReport.read(tmp_path).state == "stopped"
    mine = WatchReport("running", os.getpid(), process_start(os.getpid()), backlog=3, problems=("a",))
    mine.write(tmp_path)
    assert WatchReport.read(tmp_path) == mine
    # The same number, given to another process since.
    assert WatchReport.read(tmp_path, started=lambda _pid: 12345).state == "stopped"
    assert process_start(2**22 + 1) == -1
    (tmp_path / "watch.json").write_text("{")
    assert WatchReport.read(tmp_path).state == "stopped"
    (tmp_path / "watch.json").write_text(json.dumps({"state": "running", "later": 1}))
    assert WatchReport.read(tmp_path).state == "stopped"


def test_systemd_hears_of_us(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    assert not notify("READY=1", environment={})
    assert not notify("READY=1", environment={"NOTIFY_SOCKET": address})  # nobody listens
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        assert notify("READY=1", "STATUS=watching", environment={"NOTIFY_SOCKET": address})
        assert listener.recv(100) == b"READY=1\nSTATUS=watching"
        for _ in range(2000):  # a listener that sleeps holds nobody up
            notify("WATCHDOG=1", environment={"NOTIFY_SOCKET": address})
    name = f"edge-search-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        assert notify("WATCHDOG=1", environment={"NOTIFY_SOCKET": f"@{name}"})
        assert listener.recv(100) == b"WATCHDOG=1"


def test_watchdog_is_fed_twice_a_period() -> None:
    assert watchdog_s({"WATCHDOG_USEC": "60000000"}) == 30
    assert watchdog_s({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}) == 30
    assert watchdog_s({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}) is None
    assert watchdog_s({}) is None
