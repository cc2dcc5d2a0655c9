"""Offline means offline: nothing here looks a name up or opens a connection to anywhere else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Raises on every connection and every look-up that is not on this machine; runs index, search on both
# runtimes, and status. An audit hook sees what C extensions ask of Python's socket module; the kernel's view
# is the second test.
_GUARDED = """
import sys
def guard(event, arguments):
    if event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto"}:
        raise SystemExit(f"{event}{arguments!r}")
sys.addaudithook(guard)
import edge_search
home, catalog, photo = sys.argv[1:]
for runtime in ("openvino", "onnxruntime"):
    with edge_search.open(home, runtime=runtime) as box:
        box.index(catalog)
        answer = box.search(photo)
        box.status()
        print(answer.hits[0].sku)
"""


@pytest.fixture
def arguments(tmp_path: Path, repository: Path) -> list[str]:
    catalog = tmp_path / "catalog"
    for sku in ("HON-330-LEM", "MPD-MUG-FOX", "RDG-TEE-NVY"):
        shutil.copytree(repository / "catalog" / sku, catalog / sku)
    return [str(tmp_path / "home"), str(catalog), str(repository / "catalog" / "queries" / "MPD-MUG-FOX.jpg")]


def test_index_and_search_ask_python_for_no_connection(arguments: list[str]) -> None:
    ran = subprocess.run([sys.executable, "-c", _GUARDED, *arguments], capture_output=True, text=True, check=False)
    assert ran.stdout.split() == ["MPD-MUG-FOX", "MPD-MUG-FOX"], ran.stderr


def test_index_and_search_open_no_internet_socket(arguments: list[str]) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: the kernel's view of sockets can't be shown")
    command = ["strace", "-f", "-qq", "-e", "trace=socket,connect", "-o", "/dev/stderr", sys.executable, "-c", _GUARDED]
    ran = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if "ptrace" in ran.stderr and "not permitted" in ran.stderr:
        pytest.skip("this machine forbids ptrace: the kernel's view of sockets can't be shown")
    assert ran.stdout.split() == ["MPD-MUG-FOX", "MPD-MUG-FOX"], ran.stderr
    assert [line for line in ran.stderr.splitlines() if "AF_INET" in line] == []


def test_everything_works_with_the_network_taken_away(arguments: list[str]) -> None:
    unshare = shutil.which("unshare")
    inside = [unshare or "", "-rn", "true"]
    if unshare is None or subprocess.run(inside, capture_output=True, check=False).returncode:
        pytest.skip("network namespaces can't be made here")
    command = [unshare, "-rn", sys.executable, "-m", "edge_search"]
    home, catalog, photo = arguments
    for step in (["index", catalog], ["search", photo], ["status"], ["model", "verify"]):
        ran = subprocess.run([*command, "--home", home, *step], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert ran.stderr == ""
