"""The kiosk launcher, with a real Chromium: it waits, asks, and comes back from every kind of end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging"))

from kiosk.browser_profile import prepare_profile  # noqa: E402
from kiosk.launcher import Kiosk, find_browser  # noqa: E402
from stage.visitor import CHROMIUM  # noqa: E402

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic")
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is not installed")


class Box(ThreadingHTTPServer):
    """Stands in for the box where only reaching it counts: notes what is asked, is ready when told."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ready = True
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def pages(self) -> int:
        return self.asked.count("/?kiosk")


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        box = self.server
        assert isinstance(box, Box)
        box.asked.append(self.path)
        self.send_response(503 if self.path == "/readyz" and not box.ready else 200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>page</title>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def box() -> Iterator[Box]:
    with Box() as opened:
        thread = threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


@contextlib.contextmanager
def kiosk(box: Box, profile: Path) -> Iterator[psutil.Process]:
    """Run the launcher as its own process; gives Chromium's processes through psutil."""
    line = [sys.executable, "-m", "kiosk", "--url", box.origin, "--profile", str(profile), "--", *FLAGS]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "packaging")}
    with subprocess.Popen(line, env=environment, stderr=subprocess.PIPE) as process:
        watched = psutil.Process(process.pid)
        try:
            yield watched
        finally:
            left = watched.children(recursive=True)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            _, alive = psutil.wait_procs(left, 10)
            assert process.returncode == 0
            assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []


def until(happened: Callable[[], bool]) -> None:
    for _ in range(900):
        if happened():
            return
        time.sleep(0.1)
    pytest.fail("it never happened")


def browser(launcher: psutil.Process) -> psutil.Process:
    return next(
        p
        for p in launcher.children(recursive=True)
        if "--user-data-dir" in " ".join(p.cmdline()) and "--type=" not in " ".join(p.cmdline())
    )


def renderers(launcher: psutil.Process) -> list[psutil.Process]:
    return [p for p in launcher.children(recursive=True) if "--type=renderer" in " ".join(p.cmdline())]


@needs_chromium
def test_it_waits_for_the_box_and_comes_back_from_every_end(box: Box, tmp_path: Path) -> None:
    box.ready = False
    with kiosk(box, tmp_path / "profile") as launcher:
        until(lambda: box.asked.count("/readyz") >= 2)
        assert box.pages() == 0
        box.ready = True
        until(lambda: box.pages() == 1)
        browser(launcher).kill()
        until(lambda: box.pages() == 2)
        # A page that crashes alone leaves the browser running with a sad face.
        until(lambda: renderers(launcher) != [])
        for renderer in renderers(launcher):
            renderer.kill()
        until(lambda: box.pages() == 3)


@needs_chromium
def test_the_camera_is_allowed_for_the_box_alone(box: Box, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    profile = tmp_path / "profile"
    prepare_profile(profile, box.origin)
    ask = "navigator.permissions.query({ name: 'camera' }).then((found) => found.state)"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=str(CHROMIUM), headless=True, args=list(FLAGS[1:])
        )
        page = context.new_page()
        page.goto(box.origin)
        assert page.evaluate(ask) == "granted"
        page.goto(box.origin.replace("127.0.0.1", "localhost"))
        assert page.evaluate(ask) == "prompt"
        context.close()


def test_a_profile_that_ended_badly_asks_nothing_at_the_next_start(tmp_path: Path) -> None:
    import json

    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text('{"profile": {"exit_type": "Crashed", "name": "Till 2"}, "kept": 1}')
    prepare_profile(tmp_path, "http://127.0.0.1:8620")
    found = json.loads(preferences.read_text())
    assert found["profile"]["exit_type"] == "Normal"
    assert found["profile"]["name"] == "Till 2"
    assert found["kept"] == 1
    preferences.write_text('{"half": ')
    prepare_profile(tmp_path, "http://127.0.0.1:8620")
    assert json.loads(preferences.read_text())["profile"]["exited_cleanly"] is True


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give the page's address"):
        Kiosk("127.0.0.1:8620", Path("chromium"), tmp_path)


def test_the_policy_and_the_unit_name_the_default_address() -> None:
    import json

    from kiosk.__main__ import DEFAULT_URL

    folder = ROOT / "packaging" / "kiosk"
    policy = json.loads((folder / "managed-policy.json").read_text())
    assert policy["VideoCaptureAllowedUrls"] == policy["URLAllowlist"] == [DEFAULT_URL.rstrip("/")]
    assert DEFAULT_URL in (folder / "edge-search-kiosk.service").read_text()


def test_no_browser_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_browser() is None
