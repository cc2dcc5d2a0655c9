"""Doctor on the machine: processor, memory, limits, what is installed."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from types import ModuleType

import pytest

from edge_search.maintenance import machine, processor

X86 = "processor\t: 0\nmodel name\t: Intel(R) N100\nflags\t\t: fpu sse4_2 {}\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd {}\nCPU part\t: 0xd0b\n"


def cpuinfo(folder: Path, text: str) -> Path:
    path = folder / "cpuinfo"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "state", "says"),
    [
        (X86.format("avx2 avx512f avx512_vnni amx_int8"), "good", "amx_int8: matrix instructions"),
        (X86.format("avx2 avx_vnni"), "good", "avx2, avx_vnni: INT8 at full speed"),
        (X86.format("avx2 avx512f"), "note", "INT8 without VNNI"),
        (X86.format(""), "note", "none: slow: without AVX2"),
        (ARM.format("asimddp i8mm"), "good", "dotprod, i8mm: matrix instructions"),
        (ARM.format("asimddp"), "good", "dotprod: INT8 at full speed"),
        (ARM.format(""), "note", "INT8 without dotprod"),
        ("", "note", "unknown"),
    ],
)
def test_the_processors_instructions_are_told_with_what_they_mean(
    tmp_path: Path, text: str, state: str, says: str
) -> None:
    found = processor.check_features(cpuinfo(tmp_path, text))
    assert found.state == state
    assert says in found.value


def test_the_processor_is_named_or_the_board_it_sits_on(tmp_path: Path) -> None:
    board = tmp_path / "model"
    assert "Intel(R) N100" in processor.check_processor(cpuinfo(tmp_path, X86), board).value
    board.write_bytes(b"Raspberry Pi 5 Model B\0")
    assert "Raspberry Pi 5 Model B (" in processor.check_processor(cpuinfo(tmp_path, ARM), board).value


def test_more_threads_than_cores_is_noted() -> None:
    assert processor.check_cores().state == "good"
    found = processor.check_cores(threads=1000)
    assert (found.state, "asks for 1000" in found.advice) == ("note", True)


@pytest.mark.parametrize(("kib", "state"), [(8_000_000, "good"), (400_000, "note"), (100_000, "bad")])
def test_little_memory_is_noted_and_hardly_any_is_bad(tmp_path: Path, kib: int, state: str) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"MemTotal: 16000000 kB\nMemAvailable: {kib} kB\nHugePages_Total: 0\n", encoding="ascii")
    found = machine.check_memory(meminfo)
    assert (found.state, bool(found.advice)) == (state, state != "good")


@pytest.mark.parametrize(("free", "state"), [(900, "good"), (100, "note")])
def test_swap_in_use_is_noted(tmp_path: Path, free: int, state: str) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"SwapTotal: 1000 kB\nSwapFree: {free} kB\n", encoding="ascii")
    assert machine.check_swap(meminfo).state == state
    meminfo.write_text("SwapTotal: 0 kB\nSwapFree: 0 kB\n", encoding="ascii")
    assert machine.check_swap(meminfo).value == "none"


@pytest.mark.parametrize(
    ("limit", "state"), [(resource.RLIM_INFINITY, "good"), (4096, "good"), (512, "note"), (64, "bad")]
)
def test_a_small_limit_of_open_files_is_shown_with_how_to_raise_it(limit: int, state: str) -> None:
    found = machine.check_open_files(limit)
    assert (found.state, "LimitNOFILE" in found.advice) == (state, state != "good")


def test_root_is_noted() -> None:
    assert machine.check_user(0).state == "note"
    assert machine.check_user(1000).state == "good"


def test_telemetry_is_blocked_and_one_that_got_in_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "version", lambda name: "1.0")
    monkeypatch.delitem(sys.modules, "openvino_telemetry", raising=False)
    found = machine.check_telemetry()
    assert (found.state, "blocks it" in found.value) == ("good", True)
    monkeypatch.setitem(sys.modules, "openvino_telemetry", ModuleType("openvino_telemetry"))
    assert machine.check_telemetry().state == "bad"


def test_a_missing_heic_decoder_comes_with_the_line_that_installs_it() -> None:
    found = machine.check_heic("no_such_decoder")
    assert (found.state, "edge-search[heic]" in found.advice) == ("note", True)
    assert machine.check_heic("PIL").state == "good"
