"""The supervisor: children that work, die, hang, or never start."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_search.appliance.child import Child
from edge_search.appliance.leash import LEASH, take_leash
from edge_search.appliance.supervisor import Supervisor
from edge_search.errors import EdgeSearchError, StoreBusy
from edge_search.store.home import Home, prepare_home

READY = """
import os, socket, sys, time
def say(word):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.sendto(word, os.environ["NOTIFY_SOCKET"])
say(b"READY=1")
"""


def worker(code: str = "time.sleep(600)") -> list[str]:
    return [sys.executable, "-c", READY + code]


def until(true: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return prepare_home(tmp_path / "home")


def tended(child: Child, true: Callable[[], object], seconds: float = 60) -> None:
    def turn() -> object:
        child.tend()
        return true()

    until(turn, seconds)


class Running:
    """A supervisor in a thread, and the processes its log named."""

    def __init__(self, home: Home, **commands: list[str]) -> None:
        self.supervisor = Supervisor(home, commands)
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.supervisor.run()
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        self.supervisor.stop()
        self.thread.join(30)
        assert not self.thread.is_alive()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, logger="edge_search"):
        yield caplog


def started(log: pytest.LogCaptureFixture, name: str) -> list[int]:
    said = [record.getMessage() for record in log.records]
    return [int(text.split("process ")[1].rstrip(")")) for text in said if text.startswith(f"{name} started")]


def test_a_child_that_is_killed_comes_back_and_the_other_stays(home: Home, log: pytest.LogCaptureFixture) -> None:
    running = Running(home, serve=worker(), watch=worker())
    until(lambda: "ready" in log.messages)
    first = started(log, "serve")[0]
    os.kill(first, signal.SIGKILL)
    until(lambda: len(started(log, "serve")) == 2)
    running.end()
    assert running.error is None
    assert len(started(log, "watch")) == 1
    assert any("serve ended (signal SIGKILL)" in text for text in log.messages)
    for pid in [*started(log, "serve"), *started(log, "watch")]:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_child_that_can_not_start_ends_all_with_its_own_words(home: Home, log: pytest.LogCaptureFixture) -> None:
    broken = [sys.executable, "-c", "import sys; sys.exit('edge-search: the port is in use')"]
    running = Running(home, serve=broken, watch=worker())
    running.thread.join(30)
    assert isinstance(running.error, EdgeSearchError)
    assert "serve can't start (exit code 1)" in str(running.error)
    until(lambda: "serve: the port is in use" in log.messages)


def test_the_wait_before_a_start_doubles(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    child = Child("serve", worker("sys.exit(3)"), tmp_path)
    tended(child, lambda: child.starts == 4)
    child.kill()
    child.close()
    waits = [text.split("again in ")[1] for text in log.messages if "starts again" in text]
    assert waits[:3] == ["0.2 s", "0.4 s", "0.8 s"]


def test_a_child_that_hangs_is_ended_and_started_again(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    child = Child("serve", worker(), tmp_path, clock=lambda: now[0])
    tended(child, lambda: child.ready)
    hung = child.pid
    now[0] = 59.0
    child.tend()
    assert child.pid == hung
    now[0] = 61.0
    child.tend()
    assert any("no word of life" in text for text in log.messages)
    tended(child, lambda: child.pid is None)
    now[0] = 62.0
    tended(child, lambda: child.pid not in {None, hung})
    child.end()
    assert child.gone(30)
    child.close()


def test_words_of_life_keep_a_child(tmp_path: Path) -> None:
    now = [0.0]
    child = Child("serve", worker("while True: say(b'WATCHDOG=1'); time.sleep(.01)"), tmp_path, clock=lambda: now[0])
    tended(child, lambda: child.ready)
    for now[0] in (30.0, 61.0, 92.0):
        time.sleep(0.2)
        child.tend()
    assert child.starts == 1
    assert child.pid is not None
    child.kill()
    child.close()


def test_its_log_lines_keep_their_level(tmp_path: Path, log: pytest.LogCaptureFixture) -> None:
    lines = [{"level": "error", "message": "it broke", "error": "where"}, {"level": "info", "message": "fine"}]
    text = "\n".join([*(json.dumps(line) for line in lines), "plain words", ""])
    child = Child("watch", worker(f"sys.stderr.write({text!r}); sys.stderr.flush(); time.sleep(600)"), tmp_path)
    child.tend()
    until(lambda: sum(record.getMessage().startswith("watch: ") for record in log.records) == 3)
    child.kill()
    child.close()
    said = [(r.levelname, r.getMessage()) for r in log.records if r.getMessage().startswith("watch: ")]
    assert said == [
        ("ERROR", "watch: it broke | where"),
        ("INFO", "watch: fine"),
        ("WARNING", "watch: plain words"),
    ]


def test_a_child_that_ignores_the_end_is_killed(
    home: Home, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_search.appliance.supervisor._GRACE_S", 0.5)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); say(b'READY=1'); time.sleep(600)"
    running = Running(home, serve=[sys.executable, "-c", READY.replace('say(b"READY=1")', "") + deaf])
    until(lambda: "ready" in log.messages)
    running.end()
    assert any("it is killed" in text for text in log.messages)


def test_one_supervisor_a_home(home: Home, log: pytest.LogCaptureFixture) -> None:
    running = Running(home, serve=worker())
    until(lambda: "ready" in log.messages)
    with pytest.raises(StoreBusy, match="'run' is running at this home already"):
        Supervisor(home, {"serve": worker()}).run()
    running.end()


def test_systemd_hears_when_all_are_ready(
    home: Home, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "systemd"))
        systemd.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "systemd"))
        running = Running(home, serve=worker(), watch=worker())
        assert systemd.recv(1000).startswith(b"READY=1")
        running.end()
        assert systemd.recv(1000) == b"STOPPING=1"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the leash is Linux's")
def test_a_child_ends_with_its_supervisor(tmp_path: Path) -> None:
    import subprocess

    child = (
        "import os, time; from edge_search.appliance.leash import take_leash; take_leash();"
        f"open({str(tmp_path / 'pid')!r} + '.new', 'w').write(str(os.getpid()));"
        f"os.rename({str(tmp_path / 'pid')!r} + '.new', {str(tmp_path / 'pid')!r}); time.sleep(600)"
    )
    parent = (
        "import os, subprocess, sys; "
        f"subprocess.Popen([sys.executable, '-c', {child!r}], env=dict(os.environ, {LEASH}=str(os.getpid()))).wait()"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", parent])
    until((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    supervisor.kill()
    supervisor.wait()

    def gone() -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
        except OSError:
            return True

    until(gone)


def test_without_a_supervisor_there_is_no_leash() -> None:
    take_leash({})
    take_leash({LEASH: "nobody"})
