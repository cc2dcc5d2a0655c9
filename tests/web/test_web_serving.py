"""`edge-search serve`, the process: how it starts, what it refuses, how it ends."""

from __future__ import annotations

import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import edge_search
from tests.web.process import Process, serve


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A home with two products of the sample catalog, on the real encoder."""
    folder = tmp_path_factory.mktemp("stocked")
    for sku in ("MPD-MUG-FOX", "RDG-TEE-NVY"):
        shutil.copytree(repository / "catalog" / sku, folder / "catalog" / sku)
    with edge_search.open(folder / "home") as box:
        box.index(folder / "catalog")
    return folder / "home"


@pytest.fixture(scope="module")
def photo(repository: Path) -> bytes:
    return (repository / "catalog" / "queries" / "MPD-MUG-FOX.jpg").read_bytes()


def ask(process: Process, photo: bytes, **more: object) -> httpx.Response:
    headers = {"Content-Type": "image/jpeg"}
    return httpx.post(f"{process.url}/v1/search", content=photo, headers=headers, timeout=60, **more)  # type: ignore[arg-type]


def test_it_answers_says_where_and_ends_when_told(stocked: Path, photo: bytes) -> None:
    with serve(stocked) as process:
        assert process.url.startswith("http://127.0.0.1:")
        assert ask(process, photo).json()["hits"][0]["sku"] == "MPD-MUG-FOX"
        assert httpx.get(f"{process.url}/readyz", timeout=60).json() == {"status": "ready"}
        assert process.end() == 0
    with edge_search.open(stocked) as box, box.database.read() as tables:
        stored = tables.execute("SELECT count(*) FROM queries").fetchone()[0]
    assert stored >= 1, "what was asked a moment before the end is in the journal"


def test_the_first_token_is_shown_once(tmp_path: Path) -> None:
    with serve(tmp_path / "home") as first:
        time.sleep(0.3)
        said = "".join(first.said)
        token = next(word for word in said.split() if word.startswith("edge_"))
        status = httpx.get(f"{first.url}/v1/status", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        assert status.status_code == 200
    with serve(tmp_path / "home") as again:
        time.sleep(0.3)
        assert "edge_" not in "".join(again.said)


def test_what_is_being_answered_when_the_end_comes_is_finished(stocked: Path, photo: bytes) -> None:
    with serve(stocked) as process:
        ask(process, photo)
        head = "POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
        head += f"Content-Length: {len(photo)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", process.port), timeout=30) as line:
            line.sendall(head.encode() + photo[:1000])
            time.sleep(0.3)
            process.popen.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", process.port), timeout=1).close()
            line.sendall(photo[1000:])
            answer = b""
            while chunk := line.recv(65536):
                answer += chunk
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"MPD-MUG-FOX" in answer
        assert process.popen.wait(30) == 0


def test_ctrl_c_ends_it_like_a_stop(stocked: Path) -> None:
    with serve(stocked) as process:
        assert process.end(signal.SIGINT) == 0


def test_it_can_start_again_at_once_on_the_same_port(stocked: Path, photo: bytes) -> None:
    with serve(stocked) as first:
        ask(first, photo)
        port = first.port
        first.end()
    with serve(stocked, "--port", str(port)) as second:
        assert second.port == port


def refusal(home: Path, *options: str) -> str:
    command = [sys.executable, "-m", "edge_search", "--home", str(home), "serve", *options]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr


def test_a_port_in_use_is_one_line(stocked: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        said = refusal(stocked, "--port", str(other.getsockname()[1]))
    assert "in use" in said
    assert "--port" in said


def test_an_address_of_another_machine_is_one_line(stocked: Path) -> None:
    with edge_search.open(stocked) as box:
        box.tokens.create_first()
    assert "no such address" in refusal(stocked, "--host", "192.0.2.1", "--port", "0")


def test_an_address_for_others_needs_a_token_first(tmp_path: Path) -> None:
    said = refusal(tmp_path / "home", "--host", "0.0.0.0", "--port", "0")
    assert "token create" in said
    with edge_search.open(tmp_path / "home") as box:
        box.tokens.create("kiosk", "query")
    with serve(tmp_path / "home", "--host", "0.0.0.0") as process:
        own = f"http://{_own_address()}:{process.port}"
        if "127.0.0.1" not in own:
            assert httpx.get(f"{own}/v1/products").status_code == 401
        assert httpx.get(f"http://127.0.0.1:{process.port}/v1/products").status_code == 200


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate can be made")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def test_with_a_certificate_it_speaks_https_and_only_that(
    stocked: Path, photo: bytes, certificate: tuple[Path, Path]
) -> None:
    cert, key = certificate
    with serve(stocked, "--tls-cert", str(cert), "--tls-key", str(key)) as process:
        assert process.url.startswith("https://")
        context = ssl.create_default_context(cafile=str(cert))
        assert ask(process, photo, verify=context).status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(process.url.replace("https", "http") + "/healthz")


def test_a_certificate_that_wont_do_is_one_line(stocked: Path, certificate: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = map(str, certificate)
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("no certificate")
    assert "go together" in refusal(stocked, "--tls-cert", cert)
    assert "no such file" in refusal(stocked, "--tls-cert", str(tmp_path / "missing"), "--tls-key", key)
    assert "PEM" in refusal(stocked, "--tls-cert", str(nonsense), "--tls-key", key)


def test_a_change_by_another_process_is_answered_at_once(stocked: Path, photo: bytes) -> None:
    with serve(stocked) as process:
        before = ask(process, photo).json()["hits"]
        command = [sys.executable, "-m", "edge_search", "--home", str(stocked), "products", "set"]
        subprocess.run([*command, "MPD-MUG-FOX", "price=1.23"], check=True, capture_output=True)
        after = ask(process, photo).json()["hits"]
    assert before[0]["price"] != 1.23
    assert after[0]["price"] == 1.23
