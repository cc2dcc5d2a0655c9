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


# Starts `serve` and asks it; its own process, so that both are without a network.
_ASK_A_SERVER = """
import json, re, subprocess, sys, urllib.request
home, photo = sys.argv[1:]
server = subprocess.Popen([sys.executable, "-m", "edge_search", "--home", home, "serve", "--port", "0"],
                          stderr=subprocess.PIPE, text=True)
url = re.search(r"answering at (\\S+)", server.stderr.readline())[1]
asked = urllib.request.Request(url + "/v1/search", open(photo, "rb").read(), {"Content-Type": "image/jpeg"})
print(json.load(urllib.request.urlopen(asked))["hits"][0]["sku"])
server.terminate()
server.wait()
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
    # A new network has not even loopback until somebody brings it up.
    steps = f"ip link set lo up && exec {sys.executable} -c '{_ASK_A_SERVER}' {home} {photo}"
    served = subprocess.run(
        [unshare, "-rn", "sh", "-c", steps], capture_output=True, text=True, check=False, timeout=120
    )
    if "ip: not found" in served.stderr:
        pytest.skip("ip is not installed: loopback can't be brought up in a network of its own")
    assert served.stdout.split() == ["MPD-MUG-FOX"], served.stderr
