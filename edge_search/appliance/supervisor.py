"""The supervisor: keeps the server and the watcher of one home alive, and ends them in order."""

from __future__ import annotations

import logging
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge_search.appliance.child import Child
from edge_search.errors import EdgeSearchError, StoreBusy
from edge_search.store.home import Home
from edge_search.store.lock import held
from edge_search.watch.notify import notify, watchdog_s

__all__ = ["Supervisor", "command_line"]

_log = logging.getLogger("edge_search")

_TURN_S = 0.2
_GRACE_S = 15.0  # requests that are being answered, a batch that is being committed


class Supervisor:
    """Runs several children until SIGTERM or SIGINT; one supervisor a home."""

    def __init__(self, home: Home, commands: Mapping[str, Sequence[str]]) -> None:
        """Prepare to run ``commands``: name -> command line."""
        self._home = home
        self._commands = dict(commands)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End the children, then return from `run`; may be called by a signal handler."""
        self._stopping.set()

    def handle_signals(self) -> None:
        """Let SIGTERM and SIGINT stop it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())

    def run(self) -> None:
        """Supervise until `stop`.

        Raises:
            StoreBusy: another one runs at this home.
            EdgeSearchError: a child ended before it ever worked; what it said is in the log.
        """
        try:
            with held(self._home, "run", 0), tempfile.TemporaryDirectory(prefix="edge-search-") as folder:
                self._supervise(Path(folder))
        except StoreBusy:
            raise StoreBusy(f"{self._home.root}: 'run' is running at this home already; stop that first") from None

    def _supervise(self, folder: Path) -> None:
        children = [Child(name, command, folder) for name, command in self._commands.items()]
        every = watchdog_s()
        told = False
        waited = 0.0
        try:
            while not self._stopping.is_set():
                for child in children:
                    child.tend()
                broken = next((child for child in children if child.failed_at_once), None)
                if broken is not None and not told:
                    raise EdgeSearchError(f"{broken.name} can't start (exit code {broken.exit_code}); see what it said")
                if not told and all(child.ready for child in children):
                    told = notify("READY=1", "STATUS=answering and watching") or True
                    _log.info("ready")
                waited += _TURN_S
                if every is not None and waited >= every:
                    waited = 0.0
                    notify("WATCHDOG=1")
                self._stopping.wait(_TURN_S)
        finally:
            notify("STOPPING=1")
            self._end(children)

    def _end(self, children: Sequence[Child]) -> None:
        for child in children:
            child.end()
        for child in children:
            if not child.gone(_GRACE_S):
                _log.warning("%s did not end within %.0f s; it is killed", child.name, _GRACE_S)
                child.kill()
            child.close()
        _log.info("stopped")


def command_line(home: Path, *arguments: str, options: Sequence[str] = ()) -> list[str]:
    """Return how to run a command of edge-search at ``home`` with this very Python."""
    return [sys.executable, "-m", "edge_search", "--home", str(home), *options, *arguments]
