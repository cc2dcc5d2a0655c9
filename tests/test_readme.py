"""The README says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from edge_search.appliance.box import Box
from edge_search.cli.main import cli
from edge_search.config import Settings
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.web.app import create_app


@pytest.fixture(scope="module")
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


def table(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its two head lines."""
    section = text.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def commands(group: click.Group, path: str = "") -> set[str]:
    names: set[str] = set()
    for name, command in group.commands.items():
        full = f"{path} {name}".strip()
        names |= commands(command, full) if isinstance(command, click.Group) else {full}
    return names


def test_the_commands_table_lists_exactly_the_commands(readme: str) -> None:
    assert {row[0].strip("`") for row in table(readme, "Commands")} == commands(cli)


def test_the_settings_table_has_every_setting_its_default_and_meaning(readme: str) -> None:
    rows = {row[0].strip("`"): (row[1].strip("`"), row[2]) for row in table(readme, "Settings")}
    fields = Settings.model_fields
    assert set(rows) == set(fields)
    for name, field in fields.items():
        assert rows[name] == (str(field.default), field.description), name


def test_the_calls_table_lists_exactly_the_calls(readme: str, home: Path, encoder: FakeEncoder) -> None:
    with Box(home, encoder=encoder) as box:
        described = create_app(box, box.settings).openapi()["paths"]
    calls = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    assert {row[0].strip("`") for row in table(readme, "Calls")} == calls


def test_the_two_commands_are_targets_of_the_makefile(readme: str, repository: Path) -> None:
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", readme, re.MULTILINE))
    assert {"demo", "test"} <= named
    assert named <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def test_every_edge_search_line_in_the_readme_is_a_real_command(readme: str) -> None:
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```", readme, re.DOTALL | re.MULTILINE))
    lines = re.findall(r"^edge-search (.+?)(?:\s+#.*)?$", blocks, re.MULTILINE)
    assert lines
    for line in lines:
        words = line.split()
        command: click.Command | None = cli
        while isinstance(command, click.Group):
            command = command.get_command(click.Context(command), words.pop(0))
        assert command is not None, line


def test_ci_runs_the_readmes_test_command(repository: Path) -> None:
    assert "\nmake test\n" in (repository / ".ci" / "run").read_text(encoding="utf-8")


def test_nothing_is_left_open_in_the_readme(readme: str) -> None:
    assert re.findall(r"@[A-Z]+@|TODO|TBD", readme) == []
