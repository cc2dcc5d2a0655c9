"""`edge-search serve` as the process that a shop runs."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_ANSWERING = re.compile(r"answering at (\S+)")


@dataclass
class Process:
    """A running server, what it has said on stderr so far, and where it answers."""

    popen: subprocess.Popen[str]
    url: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(30)


@contextlib.contextmanager
def serve(home: Path, *options: str, before: Sequence[str] = (), **environment: str) -> Iterator[Process]:
    """Run ``serve --port 0`` (behind ``before``, such as strace) until the block ends."""
    command = [*before, sys.executable, "-m", "edge_search", "--home", str(home), "serve", "--port", "0", *options]
    popen = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}, start_new_session=True
    )
    process = Process(popen)
    ready = threading.Event()

    def listen() -> None:
        assert popen.stderr is not None
        for line in popen.stderr:
            process.said.append(line)
            found = _ANSWERING.search(line)
            if found:
                process.url = found[1]
                ready.set()
        ready.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        assert ready.wait(90), process.said
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGKILL)  # a tracer that ended before what it traced leaves that behind
        popen.wait(30)
        listener.join(10)
        assert popen.stderr is not None
        popen.stderr.close()
