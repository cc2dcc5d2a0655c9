"""`watch`, `sources` and `sync confirm` as real processes: signals, systemd, logs, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.ran import Ran, Run
from tests.watch.watched import until

Photos = Callable[..., Path]


class Service:
    """A `watch` process under something that listens like systemd does."""

    def __init__(self, home: Path, folder: Path, *options: str, repository: Path) -> None:
        self.log = home.parent / "log"
        address = str(home.parent / "notify")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listener.bind(address)
        self.said: list[str] = []
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()
        environment = {**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}
        environment |= {"PYTHONPATH": str(repository)}
        environment.pop("WATCHDOG_PID", None)
        command = [sys.executable, "-m", "edge_search", "--home", str(home), "watch", *options, str(folder)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log, env=environment)

    def _listen(self) -> None:
        while (text := self.listener.recv(4096)) != b"end":
            self.said += text.decode().splitlines()

    def told(self, line: str) -> None:
        """Wait for a line on systemd's socket."""
        until(lambda: line in self.said, 60, lambda: (self.said, self.log.read_text()))

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", self.listener.getsockname())
        self.thread.join()
        self.listener.close()


@pytest.fixture
def service(home: Path, tmp_path: Path, photo: Photos, repository: Path) -> Iterator[Service]:
    for number in range(3):
        photo(tmp_path / "shop" / f"S{number}" / "1.jpg", number)
    found = Service(home, tmp_path / "shop", "--log-json", repository=repository)
    yield found
    found.end()


def test_life_of_a_watcher(service: Service, home: Path, tmp_path: Path, repository: Path, photo: Photos) -> None:
    def run(*arguments: str) -> Ran:
        command = [sys.executable, "-m", "edge_search", "--home", str(home), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    def status() -> Any:
        return json.loads(run("status", "--json").out)

    service.told("READY=1")
    until(lambda: status()["images"] == 3, 60)
    assert status()["watch"]["state"] == "running"
    assert status()["watch"]["pid"] == service.process.pid
    assert os.getpriority(os.PRIO_PROCESS, service.process.pid) >= 10
    service.told("WATCHDOG=1")
    photo(tmp_path / "shop" / "new" / "1.jpg", 9)
    until(lambda: status()["images"] == 4, 60)

    paused = json.loads(run("watch", "pause", "--minutes", "5", "--json").out)
    assert paused["state"] == "paused"
    assert status()["watch"]["until"] == paused["until"]
    assert "paused" in run("status").out
    assert json.loads(run("watch", "resume", "--json").out)["state"] == "running"

    second = run("watch")
    assert second.code == 1
    assert f"watched already by process {service.process.pid}" in second.err

    service.process.send_signal(signal.SIGHUP)
    until(lambda: "asked by SIGHUP" in service.log.read_text(), 20)

    service.process.send_signal(signal.SIGTERM)
    service.told("STOPPING=1")
    assert service.process.wait(20) == 0
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert {"time", "level", "message"} <= lines[0].keys()
    assert lines[-1]["message"] == "stopped"
    assert status()["watch"]["state"] == "stopped"


def test_sources_and_confirm(tmp_path: Path, run: Run, photo: Photos) -> None:
    shop = tmp_path / "shop"
    for number in range(25):
        photo(shop / f"S{number}" / "1.jpg", number, size=(32, 32))
    assert run("sources", "add", str(shop), "ignore=raw*").out == "source 1\n"
    run("index")
    (source,) = json.loads(run("sources", "list", "--json").out)["sources"]
    assert (source["state"], source["images"], source["held"]) == ("online", 25, None)
    assert source["rules"]["ignore"] == ["raw*"]
    for number in range(24):
        shutil.rmtree(shop / f"S{number}")
    run("index")
    assert "24 products" in run("sources", "list").out
    assert "sync confirm 1" in run("status").out
    assert run("status", "--check").code == 1
    assert "24 photos removed" in run("sync", "confirm").out
    assert run("sync", "confirm").out == "nothing is held\n"
    assert run("sync", "confirm", "1").code == 2
    assert run("sources", "set", str(shop), "scan_minutes=5", "ignore=").code == 0
    assert "scan_minutes: 5" in run("sources", "list").out
    wrong = run("sources", "set", "1", "poll=perhaps")
    assert (wrong.code, "always, never or auto" in wrong.err) == (2, True)
    assert run("sources", "set", "1", "poll").code == 2
    assert run("sources", "remove", "1").code == 2
    assert "1 photos removed" in run("sources", "remove", str(shop), "--drop").out
    missing = run("sources", "remove", "1", "--keep")
    assert (missing.code, "no such source" in missing.err) == (1, True)


def test_pause_without_a_watcher(run: Run) -> None:
    assert json.loads(run("watch", "pause", "--json").out)["state"] == "stopped"
    assert run("watch", "pause", "--minutes", "0").code == 2
    assert "Usage" in run("watch", "--help").out
