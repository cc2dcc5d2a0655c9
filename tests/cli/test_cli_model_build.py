"""`model build` with a checkpoint: what people type by mistake, and files that are no weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.ran import Run

for library in ("onnx", "h5py", "safetensors"):
    pytest.importorskip(library, reason="needs the build extra")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "can't read weights"),
        (b"<!DOCTYPE html><html>Sign in</html>", "is a web page saved under that name"),
        (b"version https://git-lfs.github.com/spec/v1\nsize 7\n", "is a Git LFS pointer"),
        (b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.", "posix.system"),
        (b"PK\x03\x04", "is cut short"),
    ],
)
def test_an_unusable_file_is_one_line(run: Run, tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "model.safetensors"
    if content is not None:
        file.write_bytes(content)
    ran = run("model", "build", "efficientnet-b4", "--weights", str(file), "--output", str(tmp_path / "out"))
    assert (ran.code, ran.out) == (1, "")
    assert says in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_without_a_file_the_line_says_which_option_gives_one(run: Run, tmp_path: Path) -> None:
    ran = run("model", "build", "efficientnet-b4", "--output", str(tmp_path / "out"))
    assert (ran.code, ran.out) == (1, "")
    assert "give a checkpoint with --weights FILE" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["efficientnet-b4", "--variant", "tf"],
        ["efficientnet-b4", "--weights", "x", "--variant", "keras"],
        ["efficientnet-b4", "--weights", "."],
    ],
)
def test_options_that_make_no_sense_are_usage_errors(run: Run, arguments: list[str]) -> None:
    assert run("model", "build", *arguments).code == 2


def test_unknown_names_list_the_known_ones(run: Run) -> None:
    ran = run("model", "build", "efficientnet-b9")
    assert ran.code == 1
    for name in ("efficientnet-b0", "efficientnet-b4", "efficientnet-lite4"):
        assert name in ran.err
