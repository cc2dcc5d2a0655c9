"""A child: one supervised process, its words, its signs of life, and when to start it again."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from edge_search.appliance.leash import LEASH

__all__ = ["Child"]

_log = logging.getLogger("edge_search")

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 30.0
_HEALTHY_S = 60.0  # after so long alive the next fall counts as the first
_SILENT_S = 60.0  # a child that says no word of life for so long hangs
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Child:
    """Starts a command again and again, with back-off, until it is told to end.

    The command speaks sd_notify(3) to a socket of ours: READY=1 once it works, WATCHDOG=1 while it does. What it
    prints on stderr is logged under its name.
    """

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; ``folder`` is where its socket may lie (short: a socket's path has at most 107 bytes)."""
        self.name = name
        self.ready = False
        self.starts = 0
        self.exit_code: int | None = None
        self._command = list(command)
        self._address = folder / f"{name}.socket"
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._next_start = self._started = self._heard = 0.0
        self._wait = _FIRST_WAIT_S
        self._ending = False
        self._words = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._words.bind(str(self._address))
        self._words.setblocking(False)

    @property
    def pid(self) -> int | None:
        """The process, None while there is none."""
        return self._process.pid if self._process is not None else None

    @property
    def failed_at_once(self) -> bool:
        """Whether it ended before it ever worked: trying again brings the same."""
        return self.starts == 1 and not self.ready and self.exit_code is not None

    def tend(self) -> None:
        """Look after it: hear what it says, notice its end or that it hangs, start it when it is time."""
        if self._hear():
            self._heard = self._clock()
        now = self._clock()
        if self._process is None:
            if now >= self._next_start and not self._ending:
                self._start()
        elif self._process.poll() is not None:
            self._ended(now)
        elif self.ready and now - self._heard > _SILENT_S:
            _log.warning("%s says no word of life for %.0f s; it is ended and started again", self.name, _SILENT_S)
            self._process.kill()

    def end(self) -> None:
        """Ask it to end; `tend` will not start it again."""
        self._ending = True
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    def gone(self, within_s: float) -> bool:
        """Wait for its end, at most so long; returns whether it came."""
        if self._process is None:
            return True
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End it now."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Give the socket back."""
        self._words.close()
        self._address.unlink(missing_ok=True)

    def _start(self) -> None:
        environment = {
            **os.environ,
            LEASH: str(os.getpid()),
            "NOTIFY_SOCKET": str(self._address),
            "WATCHDOG_USEC": str(int(_SILENT_S / 3 * 1e6)),
            "PYTHONUNBUFFERED": "1",
        }
        environment.pop("WATCHDOG_PID", None)  # systemd's is ours, not the child's
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the supervisor, which ends its children in order
        )
        self.starts += 1
        self.ready = False
        self._started = self._heard = self._clock()
        assert self._process.stderr is not None
        threading.Thread(target=self._pass_on, args=(self._process.stderr,), daemon=True).start()
        _log.info("%s started (process %d)", self.name, self._process.pid)

    def _ended(self, now: float) -> None:
        assert self._process is not None
        self.exit_code = self._process.returncode
        if now - self._started > _HEALTHY_S:
            self._wait = _FIRST_WAIT_S
        self._process = None
        self._next_start = now + self._wait
        if not self._ending:
            _log.warning("%s ended (%s); it starts again in %.1f s", self.name, _cause(self.exit_code), self._wait)
        self._wait = min(2 * self._wait, _LONGEST_WAIT_S)

    def _hear(self) -> bool:
        heard = False
        with contextlib.suppress(BlockingIOError):
            while True:
                lines = self._words.recv(4096).decode("utf-8", "replace").splitlines()
                heard = True
                if "READY=1" in lines:
                    self.ready = True
        return heard

    def _pass_on(self, words: IO[bytes]) -> None:
        with words:
            for line in words:
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    level, message = _read(text)
                    _log.log(level, "%s: %s", self.name, message)


def _read(line: str) -> tuple[int, str]:
    """Return level and message of a line of the child's log, which is JSON as long as nothing goes wrong."""
    try:
        found = json.loads(line)
        message = str(found["message"]) + (f" | {found['error']}" if "error" in found else "")
        return _LEVELS.get(str(found["level"]), logging.WARNING), message
    except (ValueError, TypeError, KeyError):
        return logging.WARNING, line.removeprefix("edge-search: ")


def _cause(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
