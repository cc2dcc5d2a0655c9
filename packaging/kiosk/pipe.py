"""Chromium's debugging pipe: tells when the page itself crashed, which leaves the browser running with a sad face.

The pipe is two inherited file descriptors (3 to the browser, 4 from it), so that nobody else on the machine can use
it, unlike a debugging port. Protocol: https://chromedevtools.github.io/devtools-protocol/, JSON ended by a zero byte.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["DevtoolsPipe"]

_TO_BROWSER, _FROM_BROWSER = 3, 4
_CRASHES = {"Target.targetCrashed", "Inspector.targetCrashed"}


class DevtoolsPipe:
    """Both ends of the pipe; one use each."""

    flag = "--remote-debugging-pipe"
    inherited = (_TO_BROWSER, _FROM_BROWSER)

    def __init__(self) -> None:
        self._commands_out, self._commands = os.pipe()
        self._events, self._events_in = os.pipe()
        self._rest = b""

    def in_child(self) -> Callable[[], None]:
        """Return what puts the browser's ends where it looks for them; runs between fork and exec."""

        def place() -> None:
            # Through high numbers first: one of the two may be sitting on 3 or 4.
            spare = [os.dup(end) for end in (self._commands_out, self._events_in)]
            while spare[0] <= _FROM_BROWSER or spare[1] <= _FROM_BROWSER:
                spare = [os.dup(end) for end in spare]
            for end, number in zip(spare, self.inherited, strict=True):
                os.dup2(end, number)

        return place

    def started(self) -> None:
        """Close the browser's ends here, and ask to be told of crashes."""
        os.close(self._commands_out)
        os.close(self._events_in)
        self.send("Target.setDiscoverTargets", discover=True)

    def send(self, method: str, **parameters: Any) -> None:
        """Send one command; a browser that is gone is no error."""
        message = {"id": 1, "method": method, "params": parameters}
        try:
            os.write(self._commands, json.dumps(message).encode() + b"\0")
        except OSError:
            return

    def crashed(self, wait_s: float) -> bool:
        """Wait so long at most; return whether the page crashed meanwhile. An ended browser is none of those."""
        readable, _, _ = select.select([self._events], [], [], wait_s)
        if not readable:
            return False
        return any(event.get("method") in _CRASHES for event in self._read())

    def _read(self) -> Iterator[dict[str, Any]]:
        *whole, self._rest = (self._rest + os.read(self._events, 1 << 20)).split(b"\0")
        for message in whole:
            yield json.loads(message)

    def close(self) -> None:
        """Close this side."""
        os.close(self._commands)
        os.close(self._events)
