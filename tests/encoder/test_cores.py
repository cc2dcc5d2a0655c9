"""Cores by affinity and by the container's quota."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_search.encoder.cores import available_cores

HERE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("text", "cores"),
    [("max 100000", HERE), ("100000 100000", 1), ("50000 100000", 1), ("9900000 100000", HERE), ("nonsense", HERE)],
)
def test_cgroup_2(tmp_path: Path, text: str, cores: int) -> None:
    (tmp_path / "cpu.max").write_text(text)
    assert available_cores(tmp_path) == cores


@pytest.mark.parametrize(("quota", "cores"), [("-1", HERE), ("100000", 1)])
def test_cgroup_1(tmp_path: Path, quota: str, cores: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert available_cores(tmp_path) == cores


def test_a_service_has_its_quota_in_its_own_folder(tmp_path: Path) -> None:
    own = tmp_path / "system.slice" / "edge-search.service"
    own.mkdir(parents=True)
    (tmp_path / "cpu.max").write_text("max 100000")
    (own / "cpu.max").write_text("100000 100000")
    membership = tmp_path / "membership"
    membership.write_text("0::/system.slice/edge-search.service\n")
    assert available_cores(tmp_path, membership) == 1
    membership.write_text("0::/elsewhere\n")
    assert available_cores(tmp_path, membership) == HERE


def test_no_cgroup(tmp_path: Path) -> None:
    assert available_cores(tmp_path) == HERE
