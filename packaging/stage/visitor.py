"""Chromium with a film for a camera, watched: what it logs and whom it asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request

__all__ = ["CHROMIUM", "Visitor", "launch"]

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def launch(playwright: Playwright, film: Path | None = None, *, allowed: bool = True) -> Browser:
    """Start Chromium; with ``film`` it has one camera that shows it, else none. Not ``allowed``: it is refused."""
    arguments = [*_ARGUMENTS]
    if film is not None:
        arguments += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
    if allowed:
        arguments.append("--use-fake-ui-for-media-stream")
    return playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=arguments)


class Visitor:
    """One visit to the page at ``address``; `faults` names every console error and every request to elsewhere."""

    def __init__(self, browser: Browser, address: str, *, width: int = 1280, height: int = 800, **context: Any) -> None:
        self.address = address
        self._expected: list[str] = []
        self.faults: list[str] = []
        self._context = browser.new_context(viewport={"width": width, "height": height}, **context)
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        self.page.on("request", self._asked)

    def expect(self, words: str) -> None:
        """Let console errors with these words pass: the test makes them happen."""
        self._expected.append(words)

    def open(self, path: str = "/") -> Page:
        """Go to the page."""
        self.page.goto(self.address + path)
        return self.page

    def close(self) -> None:
        """End the visit."""
        self._context.close()

    def _heard(self, message: ConsoleMessage) -> None:
        text = f"{message.text} ({message.location.get('url', '')})"
        if message.type in {"error", "warning"} and not any(words in text for words in self._expected):
            self.faults.append(f"{message.type}: {text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.address}/", f"blob:{self.address}/", "data:")):
            self.faults.append(f"asked elsewhere: {request.url}")
