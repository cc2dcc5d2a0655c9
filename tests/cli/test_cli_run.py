"""`run`, for real: both processes, killed, ended, refused."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

CATALOG = Path(__file__).resolve().parents[2] / "catalog"
PHOTO = CATALOG / "queries" / "HET-500-HNY.jpg"


def free_port() -> int:
    with socket.socket() as any_one:
        any_one.bind(("127.0.0.1", 0))
        return int(any_one.getsockname()[1])


class Appliance:
    """`edge-search run` as a process, and what it printed."""

    def __init__(self, home: Path, port: int) -> None:
        self.port = port
        command = [sys.executable, "-m", "edge_search", "--home", str(home), "run", str(CATALOG), "--port", str(port)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as words:
            self.lines += []
            for line in words:
                self.lines.append(line.rstrip())

    def wait(self, true: Callable[[], object], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, "\n".join(self.lines)
            time.sleep(0.05)

    def said(self, text: str) -> int:
        return sum(text in line for line in self.lines)

    def pids(self, name: str) -> list[int]:
        return [int(m[1]) for line in self.lines if (m := re.search(rf"{name} started \(process (\d+)\)", line))]

    def best(self) -> str | None:
        try:
            answer = httpx.post(
                f"http://127.0.0.1:{self.port}/v1/search",
                content=PHOTO.read_bytes(),
                headers={"Content-Type": "image/jpeg"},
                timeout=30,
            )
        except httpx.TransportError:
            return None
        hits = answer.json()["hits"] if answer.status_code == 200 else []
        return str(hits[0]["sku"]) if hits else None

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(30)


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    running = Appliance(tmp_path / "home", free_port())
    try:
        yield running
    finally:
        running.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_answers_survives_both_deaths_and_ends_in_order(appliance: Appliance, tmp_path: Path) -> None:
    run = appliance
    run.wait(lambda: run.said("edge-search: ready"))
    run.wait(lambda: run.best() == "HET-500-HNY")

    first = tmp_path / "home" / "first-token"
    assert first.stat().st_mode & 0o777 == 0o600
    assert first.read_text().strip() not in "\n".join(run.lines)

    os.kill(run.pids("serve")[0], signal.SIGKILL)
    run.wait(lambda: len(run.pids("serve")) == 2 and run.best() == "HET-500-HNY")
    os.kill(run.pids("watch")[0], signal.SIGKILL)
    run.wait(lambda: len(run.pids("watch")) == 2 and run.said("watch: watching 1 source") == 2)

    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(60) == 0
    assert not any(alive(pid) for pid in (run.pids("serve")[1], run.pids("watch")[1]))


def test_a_taken_port_ends_it_with_one_reason(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        running = Appliance(tmp_path / "home", taken.getsockname()[1])
        try:
            assert running.process.wait(120) == 1
        finally:
            running.close()
    assert running.said("the port is in use")
    assert running.said("serve can't start (exit code 1)")
    assert not running.said("Traceback")
