"""How soon a started server answers its first photo, and the memory it then holds.

    python packaging/first_answer.py HOME PHOTO [--runtime openvino] [--rounds 5] [--port 8633]

HOME has a catalog already, with the encoder that is to be measured (`model use`, `index`). One line a round: seconds
from starting the process to the first answer, then resident megabytes of the server after ten more, and how many of
them are pages of files. The first round compiles the network where it isn't in the home's cache yet.
"""

from __future__ import annotations

import argparse
import http.client
import os
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_S = 120


def ask(port: int, photo: bytes) -> bool:
    """Search once; False while nobody listens."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        line.request("POST", "/v1/search", photo, {"Content-Type": "application/octet-stream"})
        answer = line.getresponse()
        answer.read()
    except OSError:
        return False
    finally:
        line.close()
    return answer.status == 200


def resident(process: int) -> dict[str, int]:
    """Megabytes: in all, of files, and at most so far."""
    names = {"VmRSS": "resident_mb", "RssFile": "of_files_mb", "VmHWM": "peak_mb"}
    lines = [line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines()]
    return {names[words[0][:-1]]: int(words[1]) // 1024 for words in lines if words[0][:-1] in names}


def measure(home: Path, photo: bytes, runtime: str, port: int) -> str:
    """Start, ask, look, end."""
    command = [sys.executable, "-m", "edge_search", "--home", str(home), "serve", "--port", str(port)]
    started = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - our own command line
        command, env={**os.environ, "EDGE_SEARCH_RUNTIME": runtime}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as server:
        try:
            while not ask(port, photo):
                if server.poll() is not None or time.perf_counter() - started > PATIENCE_S:
                    sys.exit(f"no answer: {server.stderr.read().decode() if server.stderr else ''}")
                time.sleep(0.01)
            seconds = time.perf_counter() - started
            for _ in range(10):
                ask(port, photo)
            return f"{runtime}: first answer {seconds:.2f} s, {resident(server.pid)}"
        finally:
            server.terminate()


def main() -> None:
    """Measure so many rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--runtime", default="openvino", choices=["openvino", "onnxruntime"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=8633)
    given = parser.parse_args()
    for _ in range(given.rounds):
        print(measure(given.home, given.photo.read_bytes(), given.runtime, given.port), flush=True)


if __name__ == "__main__":
    main()
