"""Errors: one line, the right exit code, never a traceback."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from edge_search import errors
from edge_search.appliance.box import Box
from edge_search.cli.main import cli
from tests.cli.ran import Run


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["search", "missing.jpg"], 1, "missing.jpg"),
        (["index", "no-such-folder"], 1, "no-such-folder"),
        (["index"], 1, "edge-search index FOLDER"),
        (["index", "--manifest", "none.csv"], 1, "none.csv"),
        (["index", "a", "--manifest", "b.csv"], 2, "not both"),
        (["products", "show", "nobody"], 1, "nobody"),
        (["products", "reset", "nobody"], 1, "nobody"),
        (["evaluate", "--queries", "none.csv"], 1, "none.csv"),
        (["search", "x.jpg", "--where", "price is low"], 2, "price is low"),
        (["search", "x.jpg", "--crop", "1,2,3"], 2, "1,2,3"),
        (["search", "x.jpg", "-k", "0"], 2, "-k"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_an_error_is_one_line_with_the_value_and_the_exit_code(
    run: Run, arguments: list[str], code: int, says: str
) -> None:
    ran = run(*arguments)
    assert ran.code == code
    assert ran.out == ""
    assert says in ran.err
    assert "Traceback" not in ran.err
    if code == 1:
        assert ran.err.count("\n") == 1
        assert ran.err.startswith("edge-search: ")


def test_a_bug_is_one_line_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Box) -> None:
        raise ZeroDivisionError("by\nzero")

    monkeypatch.setattr(Box, "status", broken)
    ran = run("status")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "ZeroDivisionError: by zero" in ran.err
    monkeypatch.setenv("EDGE_SEARCH_DEBUG", "1")
    assert "Traceback" in run("status").err


def test_ctrl_c_says_that_nothing_is_lost(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_: Box) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Box, "status", stopped)
    ran = run("status")
    assert ran.code == 130
    assert "goes on from there" in ran.err


def test_every_error_class_is_listed_and_drawn_in_the_tree() -> None:
    classes = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert classes == set(errors.__all__)
    assert errors.__doc__ is not None
    assert [name for name in classes if name not in errors.__doc__] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_shells_script(run: Run, shell: str) -> None:
    ran = run("completion", shell)
    assert ran.code == 0
    assert "_EDGE_SEARCH_COMPLETE" in ran.out


def test_completion_knows_commands_and_options() -> None:
    from click.shell_completion import ShellComplete

    complete = ShellComplete(cli, {}, "edge-search", "_EDGE_SEARCH_COMPLETE")
    assert "search" in {item.value for item in complete.get_completions([], "se")}
    assert "--runtime" in {item.value for item in complete.get_completions(["search"], "--r")}


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, command in group.commands.items():
        found += commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("path", commands(cli), ids=" ".join)
def test_every_command_and_option_explains_itself(run: Run, path: tuple[str, ...]) -> None:
    assert run(*path, "--help").code == 0
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert command.help
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert silent == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["products", "list"],
        ["products", "show", "A1"],
        ["products", "reset", "A1"],
        ["products", "remove", "A1"],
        ["products", "inbox"],
        ["search", "x.jpg"],
        ["evaluate", "--queries", "q.csv"],
        ["status"],
        ["verify"],
        ["repair"],
        ["backup", "b.tar"],
        ["compact"],
        ["changes"],
        ["bench", "query", "."],
        ["doctor", "--json"],
        ["import-media", ".", "--preview"],
    ],
    ids=" ".join,
)
def test_a_mistyped_home_is_named_and_not_made(run: Run, tmp_path: Path, arguments: list[str], photo: object) -> None:
    (tmp_path / "x").mkdir()
    typo = tmp_path / "hmoe"
    if arguments[0] == "bench":
        assert callable(photo)
        photo(tmp_path / "x" / "1.jpg", 1)
        arguments[2] = str(tmp_path / "x")
    ran = run("--home", typo, *arguments)
    assert ran.code == 1
    assert f"no such home: {typo}" in ran.err + ran.out
    assert not typo.exists()
    if arguments[0] != "doctor":
        assert (ran.out, ran.err.count("\n")) == ("", 1)


def test_the_home_is_made_where_it_is_named(run: Run, tmp_path: Path) -> None:
    new = tmp_path / "new"
    assert run("--home", new, "products", "set", "A1", "title=Tea").code == 0
    assert (new / "catalog.sqlite3").is_file()
    assert run("--home", new, "products", "list", "--json").json["total"] == 1


def test_numbers_agree_with_their_nouns(run: Run, tmp_path: Path, photo: object) -> None:
    assert callable(photo)
    photo(tmp_path / "c" / "A" / "1.jpg", 1)
    photo(tmp_path / "c" / "B" / "1.jpg", 2)
    (tmp_path / "c" / "products.csv").write_text("sku\nA\n", encoding="utf-8")
    out = run("index", tmp_path / "c").out
    assert "The catalog has 1 product with 1 photo." in out
    assert "1 photo waits in the inbox" in out
    assert run("products", "list").out.endswith("1 of 1 product\n")
    run("products", "set", "B", "title=b")
    assert run("products", "list").out.endswith("2 of 2 products\n")
