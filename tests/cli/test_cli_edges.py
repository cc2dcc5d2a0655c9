"""What people type by mistake."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_search.cli import main as entry
from tests.cli.ran import Run

Photo = Callable[..., Path]


def test_an_endless_stdin_ends_at_the_size_limit(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= 2 * 2**20, "read without a limit"
            self.given += size
            return b"\0" * size

    monkeypatch.setenv("EDGE_SEARCH_MAX_PHOTO_MB", "1")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Endless()))
    ran = run("search", "-")
    assert ran.code == 1
    assert "stdin" in ran.err


def test_an_empty_stdin_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO()))
    assert "stdin" in run("search", "-").err


@pytest.mark.parametrize("arguments", [["products", "set", "S", "title=caf\udce9"], ["products", "show", "sk\udcfcu"]])
def test_an_argument_that_is_not_utf_8_is_one_clear_line(run: Run, arguments: list[str]) -> None:
    ran = run(*arguments)
    assert ran.code in {1, 2}
    assert ran.err.count("\n") == 1
    assert "unexpected" not in ran.err


def test_an_empty_home_option_means_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        entry.main(["--home", "", "products", "set", "A1", "title=x"])
    assert stopped.value.code == 0
    assert (tmp_path / "default-home" / "catalog.sqlite3").is_file()
    assert not (tmp_path / "catalog.sqlite3").exists()


def test_config_check_finds_a_model_that_is_not_there(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_SEARCH_MODEL", "nope")
    ran = run("config", "check")
    assert ran.code == 1
    assert "nope" in ran.err


def test_conditions_that_nothing_meets_are_not_called_an_empty_catalog(run: Run, tmp_path: Path, photo: Photo) -> None:
    photo(tmp_path / "c" / "A" / "1.jpg", 1)
    run("index", tmp_path / "c")
    ran = run("search", tmp_path / "c" / "A" / "1.jpg", "--where", "price<1")
    assert "conditions" in ran.out
    assert "empty" not in ran.out


def test_a_report_into_a_folder_that_is_not_there_makes_none(run: Run, tmp_path: Path, photo: Photo) -> None:
    photo(tmp_path / "c" / "A" / "1.jpg", 1)
    (tmp_path / "q.csv").write_text("path,sku\nc/A/1.jpg,A\n", encoding="utf-8")
    run("index", tmp_path / "c")
    ran = run("evaluate", "--queries", tmp_path / "q.csv", "--report", tmp_path / "none" / "r.html")
    assert ran.code == 2
    assert not (tmp_path / "none").exists()


def test_the_home_is_no_catalog(run: Run, home: Path) -> None:
    run("products", "list")
    ran = run("index", home)
    assert ran.code == 2
    assert "home itself" in ran.err
