"""Start Chromium on the page, and start it again whenever it or the page ends."""

from __future__ import annotations

import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from .browser_profile import prepare_profile
from .pipe import DevtoolsPipe

__all__ = ["Kiosk", "find_browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FLAGS = (
    "--no-first-run",
    "--no-default-browser-check",
    "--noerrdialogs",
    "--disable-session-crashed-bubble",
    "--disable-infobars",
    "--disable-pinch",
    "--overscroll-history-navigation=0",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=Translate,MediaRouter,OptimizationHints",
    "--password-store=basic",
    "--autoplay-policy=no-user-gesture-required",
    # Speech on Linux goes through the machine's own speech-dispatcher; without it the page has no voice.
    "--enable-speech-dispatcher",
    "--ozone-platform-hint=auto",
)
_SHORTEST_S, _LONGEST_S = 1.0, 60.0
_HEALTHY_S = 60.0


def find_browser() -> Path | None:
    """Return the first Chromium on the PATH."""
    return next((Path(found) for name in _NAMES if (found := shutil.which(name))), None)


class Kiosk:
    """One screen. ``url`` is the box's page; the camera is allowed for its origin only."""

    def __init__(
        self, url: str, browser: Path, profile: Path, *, full_screen: bool = True, flags: Sequence[str] = ()
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"url {url}: give the page's address, such as http://127.0.0.1:8620/")
        self.origin = f"{parts.scheme}://{parts.netloc}"
        # The page brings its own keyboard when it is told that it runs in a kiosk.
        self.page = f"{self.origin}/?kiosk"
        self._browser = browser
        self._profile = profile
        screen = ["--kiosk"] if full_screen else [f"--app={self.page}"]
        self._line = [
            str(browser),
            *_FLAGS,
            f"--user-data-dir={profile}",
            DevtoolsPipe.flag,
            *screen,
            *flags,
            self.page,
        ]
        self._ended = False
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Run until SIGTERM or SIGINT; after a crash wait 1 second, then twice as long each time, at most a minute."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        keep_screen_on()
        pause = _SHORTEST_S
        while not self._ended:
            self._until_ready()
            begun = time.monotonic()
            self._once()
            if self._ended:
                return
            lived = time.monotonic() - begun
            pause = _SHORTEST_S if lived >= _HEALTHY_S else min(pause * 2, _LONGEST_S)
            _say(f"Chromium ended after {lived:.0f} s; starting it again in {pause:.0f} s")
            self._sleep(pause)

    def _once(self) -> None:
        prepare_profile(self._profile, self.origin)
        pipe = DevtoolsPipe()
        self._process = subprocess.Popen(  # noqa: S603 - the line is ours and the operator's
            self._line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=pipe.in_child(),  # noqa: PLW1509 - there are no threads here
            pass_fds=DevtoolsPipe.inherited,
        )
        pipe.started()
        _say(f"Chromium shows {self.page} (process {self._process.pid})")
        while self._process.poll() is None:
            if pipe.crashed(0.5):
                _say("the page crashed; ending Chromium")
                break
            if self._ended:
                break
        self._stop()
        pipe.close()

    def _stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _until_ready(self) -> None:
        said = False
        while not self._ended and not ready(self.origin):
            if not said:
                _say(f"waiting for {self.origin}/readyz")
            said = True
            self._sleep(_SHORTEST_S)

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._ended and time.monotonic() < end:
            time.sleep(0.1)

    def _end(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signature is signal's
        self._ended = True


def ready(origin: str) -> bool:
    """Return whether the box answers questions. Its certificate is the browser's to judge, not ours."""
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=unchecked)
    )
    try:
        with opener.open(f"{origin}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def keep_screen_on() -> None:
    """Turn off blanking where this is an X screen; a Wayland compositor has its own setting (see the README)."""
    xset = shutil.which("xset")
    if xset is None or not os.environ.get("DISPLAY"):
        return
    for words in (["s", "off"], ["s", "noblank"], ["-dpms"]):
        subprocess.run([xset, *words], stderr=subprocess.DEVNULL, check=False)  # noqa: S603


def _say(text: str) -> None:
    print(f"kiosk: {text}", file=sys.stderr, flush=True)
