"""One core: small matrix products are multiplied on the thread that asks."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from threadpoolctl import ThreadpoolController

__all__ = ["one_core"]

_guard = threading.Lock()
_inside = 0
_limit = contextlib.ExitStack()


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keep BLAS from sharing out products; comparing a photo with 36 pictures took 159 ms with it and 41 ms without.

    Two threads that wait for each other some hundred times a photo cost more than they bring, most of all beside other
    work. The limit is one of the whole process: the first to come sets it, the last to go takes it away.
    """
    global _inside  # noqa: PLW0603 - the limit is the process's own
    with _guard:
        if _inside == 0:
            _limit.enter_context(ThreadpoolController().limit(limits=1, user_api="blas"))
        _inside += 1
    try:
        yield
    finally:
        with _guard:
            _inside -= 1
            if _inside == 0:
                _limit.close()
