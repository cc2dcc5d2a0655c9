"""Pulling weights from a hub on this machine that has the public one's layout."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from edge_search.errors import BundleError, EncoderError, InvalidValue, NoSpace
from edge_search.modelbuild.receipt import RECEIPT, Receipt, pulled_weights, weights_folder
from edge_search.modelbuild.repository import Repository, find_repository, known_repositories
from tests.modelbuild.hub_server import COMMIT, OTHER, REPO, Hub, serving

pytest.importorskip("huggingface_hub", reason="needs the hub extra")

from edge_search.modelbuild.hub import pull

NAME = "efficientnet-b4"
WEIGHTS = np.random.default_rng(1).bytes(3_000_000)
CONFIG = b'{"architecture": "efficientnet_b4"}'
BUILD = f"edge-search model build {NAME}"
FROM_MAIN = Repository(NAME, REPO)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving({"config.json": CONFIG, "model.safetensors": WEIGHTS, "README.md": b"# card"}) as served:
        monkeypatch.setenv("HF_ENDPOINT", served.address)
        monkeypatch.setenv("HF_TOKEN", "hf_never_to_be_sent")
        yield served


@pytest.fixture
def folder(home: Path) -> Path:
    return weights_folder(home, NAME)


def test_a_pull_brings_config_and_weights_with_a_receipt(hub: Hub, home: Path, folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    receipt = pull(FROM_MAIN, folder, lambda done, total: seen.append((done, total)))
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert (folder / "config.json").read_bytes() == CONFIG
    assert (receipt.commit, receipt.revision, receipt.endpoint) == (COMMIT, "main", hub.address)
    assert Receipt.read(folder) == receipt
    assert pulled_weights(home, NAME) == folder / "model.safetensors"
    assert seen[-1] == (len(CONFIG) + len(WEIGHTS), len(CONFIG) + len(WEIGHTS))
    assert sorted(os.listdir(folder)) == [".pull.lock", "config.json", "model.safetensors", RECEIPT]
    # what is asked for is the commit the revision stood for, not the revision, which may move
    assert all(COMMIT in path for _, path, _ in hub.asked if "/resolve/" in path)
    assert not any("authorization" in headers for _, _, headers in hub.asked)
    assert not any("xet" in path or "telemetry" in path or "agent" in path for _, path, _ in hub.asked)


def test_a_second_pull_takes_only_what_is_missing(hub: Hub, folder: Path) -> None:
    pull(FROM_MAIN, folder)
    (folder / "config.json").write_bytes(b"{}")
    hub.sent = 0
    pull(FROM_MAIN, folder)
    assert (folder / "config.json").read_bytes() == CONFIG
    assert hub.sent == len(CONFIG)


def test_a_wanted_commit_that_is_here_needs_no_network(hub: Hub, folder: Path) -> None:
    first = pull(Repository(NAME, REPO, COMMIT), folder)
    hub.asked.clear()
    hub.down = True
    assert pull(Repository(NAME, REPO, COMMIT), folder) == first
    assert hub.asked == []


def test_an_interrupted_pull_goes_on_where_it_was(hub: Hub, home: Path, folder: Path) -> None:
    hub.stop_after = 1_000_000
    with pytest.raises(EncoderError, match=r"answered 503.*run the same command again later, it goes on where it was"):
        pull(FROM_MAIN, folder)
    assert not (folder / "model.safetensors").exists()
    assert pulled_weights(home, NAME) is None
    part = next((folder / ".partial").iterdir())
    came = part.stat().st_size
    assert 0 < came <= 1_000_000
    hub.down, hub.sent = False, 0
    hub.asked.clear()
    pull(FROM_MAIN, folder)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert f"bytes={came}-" in hub.ranges
    assert hub.sent == len(WEIGHTS) - came
    assert not (folder / ".partial").exists()


def test_a_dropped_connection_is_resumed_within_one_pull(hub: Hub, folder: Path) -> None:
    hub.stop_after, hub.drop_once = 1_000_000, True
    pull(FROM_MAIN, folder)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert len(hub.ranges) >= 1


def test_a_server_that_ignores_ranges_gives_the_whole_file_again(hub: Hub, folder: Path) -> None:
    hub.stop_after = 1_000_000
    with pytest.raises(EncoderError):
        pull(FROM_MAIN, folder)
    hub.down, hub.ignores_ranges = False, True
    pull(FROM_MAIN, folder)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_a_file_with_another_hash_is_refused_and_thrown_away(hub: Hub, home: Path, folder: Path) -> None:
    hub.tampered = True
    with pytest.raises(BundleError, match=r"model\.safetensors came with another hash than the hub states"):
        pull(FROM_MAIN, folder)
    assert pulled_weights(home, NAME) is None
    assert list((folder / ".partial").iterdir()) == []
    hub.tampered = False
    pull(FROM_MAIN, folder)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


@pytest.mark.parametrize("wrong", [WEIGHTS + b"more", WEIGHTS[:-1000]])
def test_a_file_of_another_length_ends_the_pull(hub: Hub, folder: Path, wrong: bytes) -> None:
    hub.ignores_ranges = True
    hub.instead = wrong
    with pytest.raises(EncoderError, match=r"another hash than|ended 1000 bytes too early"):
        pull(FROM_MAIN, folder)
    assert not (folder / "model.safetensors").exists()


def test_a_pin_that_the_hub_does_not_meet_is_refused_before_the_download(hub: Hub, folder: Path) -> None:
    with pytest.raises(BundleError, match="no longer holds the pinned weights"):
        pull(Repository(NAME, REPO, sha256="0" * 64), folder)
    assert hub.sent == 0


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        (Repository(NAME, "timm/nothing"), "has no public repository timm/nothing; name another with --repo"),
        (Repository(NAME, REPO, "v9"), "has no revision 'v9'; see http.*/commits, then give --revision"),
        (Repository(NAME, REPO, files=("model.onnx",)), "has no model.onnx at main; it has: README.md, config.json"),
        (Repository(NAME, "timm/a--b"), "is no repository"),
    ],
)
def test_what_the_hub_does_not_have_is_said_in_one_line(
    hub: Hub, folder: Path, repository: Repository, message: str
) -> None:
    with pytest.raises((BundleError, InvalidValue), match=message) as raised:
        pull(repository, folder)
    assert "\n" not in str(raised.value)


def test_a_tag_is_resolved_to_its_commit(hub: Hub, folder: Path) -> None:
    assert pull(Repository(NAME, REPO, "v1"), folder).commit == OTHER


def test_a_gated_repository_says_how_to_copy_it_by_hand(hub: Hub, folder: Path) -> None:
    hub.gated = True
    with pytest.raises(BundleError, match=rf"is gated.*USB stick into {folder}, then run: {BUILD}"):
        pull(FROM_MAIN, folder, build=BUILD)


def test_hashes_the_hub_does_not_state_are_not_done_without(hub: Hub, folder: Path) -> None:
    hub.lists_no_hashes = True
    with pytest.raises(BundleError, match=r"states no size or hash for config\.json"):
        pull(FROM_MAIN, folder)


def test_without_network_one_line_says_how_to_do_it_by_stick(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("HF_ENDPOINT", address)
    with pytest.raises(EncoderError) as raised:
        pull(FROM_MAIN, folder, build=BUILD)
    message = str(raised.value)
    assert message.startswith(f"can't reach {address} (")
    assert f"download config.json and model.safetensors from {address}/{REPO}/tree/main" in message
    assert message.endswith(f"carry them by USB stick into {folder}, then run: {BUILD}")
    assert "\n" not in message
    # and that works: files copied there by hand are taken, a half of them is not
    assert pulled_weights(home, NAME) is None
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    with pytest.raises(BundleError, match=r"but no config\.json; copy that file"):
        pulled_weights(home, NAME)
    (folder / "config.json").write_bytes(CONFIG)
    assert pulled_weights(home, NAME) == folder / "model.safetensors"


def test_a_full_disk_is_said_before_and_while_it_fills(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=9_000_000))
    with pytest.raises(NoSpace, match=rf"{folder} has 9 MB free, 11 MB are needed; make room, or name .* --to"):
        pull(FROM_MAIN, folder)
    assert not (folder / "model.safetensors").exists()


def test_a_disk_that_fills_meanwhile_keeps_what_came(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mount = shutil.which("unshare")
    inside = [mount or "", "-rm", "true"]
    if mount is None or subprocess.run(inside, capture_output=True, check=False).returncode:
        pytest.skip("mount namespaces can't be made here: a small disk can't be shown")
    script = (
        "import shutil, subprocess, sys\n"
        "from pathlib import Path\n"
        f"subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', {str(tmp_path)!r}], check=True)\n"
        "import edge_search.modelbuild.download as download\n"
        "from edge_search.modelbuild.hub import pull\n"
        "from edge_search.modelbuild.repository import Repository\n"
        "download._need_space = lambda *_: None\n"  # somebody else takes the room after it was asked for
        f"pull(Repository({NAME!r}, {REPO!r}), Path({str(tmp_path / 'weights')!r}))\n"
    )
    ran = subprocess.run(
        [mount, "-rm", sys.executable, "-c", script],
        capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    last = ran.stderr.strip().splitlines()[-1]
    assert "NoSpace: the disk of" in last, ran.stderr
    assert "is full; make room, then run the same command again" in last


def test_a_folder_that_cannot_be_written_is_named(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(EncoderError, match=r"can't write into .*file/weights.*--to"):
        pull(FROM_MAIN, tmp_path / "file" / "weights")


def test_two_pulls_do_not_meet(hub: Hub, folder: Path) -> None:
    folder.mkdir(parents=True)
    with FileLock(folder / ".pull.lock"), pytest.raises(EncoderError, match="another pull into"):
        pull(FROM_MAIN, folder)


def test_weights_that_changed_since_the_pull_are_not_taken(hub: Hub, home: Path, folder: Path) -> None:
    pull(FROM_MAIN, folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(1000)
        file.write(b"\0\0\0\0")
    with pytest.raises(BundleError, match=r"model\.safetensors is not the file that was pulled"):
        pulled_weights(home, NAME)
    (folder / RECEIPT).write_text("{")
    with pytest.raises(BundleError, match=r"receipt\.json can't be used"):
        pulled_weights(home, NAME)


def test_other_files_may_be_named(hub: Hub, folder: Path) -> None:
    hub.files["onnx/model.onnx"] = b"graph"
    receipt = pull(Repository(NAME, REPO, files=("onnx/model.onnx", "README.md")), folder)
    assert (folder / "onnx" / "model.onnx").read_bytes() == b"graph"
    assert [entry.name for entry in receipt.files] == ["onnx/model.onnx", "README.md"]


def test_every_efficientnet_is_known_by_name() -> None:
    known = known_repositories()
    assert {f"efficientnet-{size}" for size in ("b0", "b1", "b2", "b3", "b4", *(f"lite{n}" for n in range(5)))} == set(
        known
    )
    assert find_repository(NAME).repo == REPO
    assert find_repository(NAME).revision == COMMIT
    assert find_repository(NAME, revision="main").revision == "main"
    assert find_repository(NAME, repo="me/mine").revision == "main"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("vit",), "no repository is known for 'vit'; name one with --repo, or pull one of: efficientnet-b0"),
        (("../x", "a/b"), "not a plain name"),
        (("x", "https://hub/a/b"), "is no repository; it is written OWNER/NAME"),
        (("x", "a/b", ""), "is no revision"),
        (("x", "a/b", "main", ("../secret",)), "is no file of a repository"),
        (("x", "a/b", "main", ("/etc/passwd",)), "is no file of a repository"),
    ],
)
def test_names_that_cannot_be_right_are_refused(given: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        find_repository(*given)  # type: ignore[arg-type]


def test_without_the_extra_one_line_names_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(EncoderError, match=r"pip install 'edge-search\[hub\]'"):
        pull(FROM_MAIN, folder)


def test_the_command_pulls_and_leaves_nothing_elsewhere(hub: Hub, home: Path, tmp_path: Path) -> None:
    person = tmp_path / "person"
    person.mkdir()
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "HF_"))}
    environment = {
        **kept, "HOME": str(person), "HF_ENDPOINT": hub.address, "HF_TOKEN": "hf_secret",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "AI_AGENT": "x",
    }  # fmt: skip
    command = [sys.executable, "-m", "edge_search", "--home", str(home), "model", "pull", NAME]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        f"{home / 'weights' / NAME} has {REPO} at {COMMIT[:12]}, 3.0 MB, hashes right",
        f"next: {BUILD}",
    ]
    assert list(person.rglob("*")) == []
    assert not any("authorization" in headers or "agent-harnesses" in path for _, path, headers in hub.asked)
    assert pulled_weights(home, NAME) is not None
    hub.down = True
    again = subprocess.run([*command, "--json"], env=environment, capture_output=True, text=True, check=False)
    assert json.loads(again.stdout)["commit"] == COMMIT
    failed = subprocess.run(
        [*command, "--revision", "main"], env=environment, capture_output=True, text=True, check=False
    )
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1
    assert "answered 503" in failed.stderr
