"""The limit on BLAS ends with the last that asked for it."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_info

from edge_search.local.one_core import one_core


def threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_overlapping_uses_leave_the_threads_as_they_were() -> None:
    assert np.ones((2, 2)).sum() == 4
    before = threads()
    first, second = one_core(), one_core()
    first.__enter__()
    second.__enter__()
    assert set(threads()) <= {1}
    first.__exit__(None, None, None)
    assert set(threads()) <= {1}
    second.__exit__(None, None, None)
    assert threads() == before
