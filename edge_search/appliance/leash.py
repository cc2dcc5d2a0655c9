"""The leash: a supervised process never outlives its supervisor, however that ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Mapping

__all__ = ["LEASH", "take_leash"]

LEASH = "EDGE_SEARCH_LEASH"
"""The environment variable in which a supervisor names its own process number."""

_PR_SET_PDEATHSIG = 1


def take_leash(environment: Mapping[str, str] = os.environ) -> None:
    """End with the process that started us, if it is a supervisor (Linux: PR_SET_PDEATHSIG, prctl(2)).

    By SIGKILL, for that is what the supervisor died of: a new one starts at once, and must find port and locks free.
    """
    supervisor = environment.get(LEASH, "")
    if not supervisor.isdigit() or not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(supervisor):  # it died before that took hold
        os._exit(1)
