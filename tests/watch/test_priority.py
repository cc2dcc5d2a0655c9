"""The watcher is nice, and so are the threads it starts; those that encode are idle work."""

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


_WORKERS = """
import os
from edge_search.ingest.workers import worker_pool
from edge_search.watch.priority import lower_priority
def look(**how):
    with worker_pool(2, "some", **how) as pool:
        return pool.submit(os.sched_getscheduler, 0).result()
print(look())
lower_priority()
print(look(), look(hurry=True), os.sched_getscheduler(0))
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="this system has no idle scheduling")
def test_only_the_watchers_workers_are_idle_work_unless_somebody_waits() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, "-c", _WORKERS]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    before, bulk, hurry, itself = map(int, ended.stdout.split())
    assert before == os.SCHED_OTHER
    assert bulk == os.SCHED_IDLE
    assert hurry == itself == os.SCHED_BATCH
