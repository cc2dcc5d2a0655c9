"""The watcher is nice, and so are the threads it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_CODE = """
import os, threading
from edge_search.watch.priority import lower_priority
lower_priority()
found = []
def look():
    group = open("/proc/self/autogroup").read().split()[-1] if os.path.exists("/proc/self/autogroup") else "10"
    found.append((os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0) == os.SCHED_BATCH, group))
thread = threading.Thread(target=look)
thread.start()
thread.join()
print(*found[0])
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="this system has no batch scheduling")
def test_priority_is_lowered_for_all_threads() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    ended = subprocess.run(
        [sys.executable, "-c", _CODE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    nice, batch, group = ended.stdout.split()
    assert int(nice) >= 10
    assert batch == "True"
    assert group == "10"
