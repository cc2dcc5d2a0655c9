"""Full disks: a clean error, the old answers, changes that still work, and a rerun that completes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.driver import FULL, report, run
from tests.faults.small_disk import prepare

# More than the old photos take, and less than all do: some sizes are too small, the last are not.
_STEPS = range(33) if FULL else (0, 1, 3, 7, 14, 32)


def _unavailable() -> str | None:
    probe = "mount -t tmpfs -o size=64k tmpfs /mnt"
    try:
        tried = subprocess.run(["unshare", "-rm", "sh", "-c", probe], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unshare is not installed"
    return None if tried.returncode == 0 else f"no file system may be mounted here: {tried.stderr.strip()[:200]}"


_REASON = _unavailable()
pytestmark = pytest.mark.skipif(_REASON is not None, reason=str(_REASON))


@pytest.mark.parametrize("what", ["index", "compact", "switch"])
def test_small_disk(what: str, tmp_path: Path) -> None:
    base, mount = tmp_path / "base", tmp_path / "mount"
    mount.mkdir()
    run(prepare, base)
    steps = ",".join(map(str, _STEPS))
    command = ["unshare", "-rm", sys.executable, "-m", "tests.faults.small_disk", str(base), str(mount), what, steps]
    checkout = str(Path(__file__).resolve().parents[2])
    ended = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": checkout}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    seen: list[dict[str, Any]] = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(seen) == len(_STEPS)
    assert [(each["free"], each["wrong"]) for each in seen if each["wrong"]] == []
    errors = [each["error"] for each in seen]
    assert all("\n" not in error and "free some space" in error for error in errors if error)
    assert errors[0], "an empty disk was no problem: the sizes are too large"
    assert errors[-1] is None, "nothing was large enough: the sizes are too small"
    report(f"{what}: {sum(map(bool, errors))} of {len(seen)} sizes were too small at first")
