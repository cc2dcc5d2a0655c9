"""`insights` and `diagnose` on the command line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.store import journal
from edge_search.store.journal import Query
from tests.cli.ran import Run

_FORMULA = "@SUM(A1)"


@pytest.fixture
def kept(home: Path) -> None:
    """A home with 40 journaled queries; one SKU would be a formula in a spreadsheet."""
    with Box(home, encoder=FakeEncoder()) as box:
        for sku in ("tea", _FORMULA, "oil"):
            box.products.set(sku, {"title": sku})
        hits = json.dumps([["tea", 0.9, 0.9]])
        rows = [Query(f"q{n}", f"2026-03-01T10:00:{n:02}+00:00", "match", "ok", hits, "e", 1, "{}") for n in range(40)]
        with box.database.write() as tables:
            journal.add(tables, rows)
        for number in range(4):
            box.journal.feedback(f"q{number}", _FORMULA, role="staff")


def no_formulas(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["sku", "problem", "action"]
    assert all(len(row) == 3 for row in rows)
    assert not any(cell[:1] in tuple("=+-@\t\r") for row in rows for cell in row)
    return rows[1:]


@pytest.mark.usefixtures("kept")
def test_the_table_of_what_to_do_holds_no_formula(tmp_path: Path, run: Run) -> None:
    ran = run("insights", "--csv", tmp_path / "todo.csv")
    assert (ran.code, ran.err) == (0, "")
    assert "corrected most" in ran.out
    rows = no_formulas(tmp_path / "todo.csv")
    assert any(row[0] == f"'{_FORMULA}" for row in rows)
    assert run("insights", "--json").json["queries"] == 40


def test_an_empty_journal_and_a_folder_that_is_not_there_are_one_line(run: Run, tmp_path: Path) -> None:
    ran = run("insights")
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert "the journal is empty" in ran.out
    for command in (["insights", "--csv"], ["diagnose", "--csv"], ["diagnose", "--report"], ["evaluate", "--report"]):
        ran = run(*command, tmp_path / "nowhere" / "todo.csv")
        assert (ran.code, ran.err.count("\n")) == (2, 1)
        assert "there is no folder" in ran.err


def test_diagnose_prints_writes_and_gives_json(run: Run, tmp_path: Path, photo: Callable[..., Path]) -> None:
    for number in range(36):
        photo(tmp_path / "stick" / f"sku{number:02}" / "1.png", number)
    for sku, seed in ((_FORMULA, 1), ("+sku", 2)):
        photo(tmp_path / "stick" / sku / "1.png", seed)
    run("index", tmp_path / "stick")
    ran = run("diagnose", "--csv", tmp_path / "todo.csv", "--report", tmp_path / "page.html")
    assert (ran.code, ran.err) == (0, "")
    assert "another product on the same background" in ran.out
    assert "pairs of products as near as photos of one product" in ran.out
    rows = no_formulas(tmp_path / "todo.csv")
    assert {row[0] for row in rows} & {"'" + _FORMULA, "'+sku", "sku01", "sku02"}
    figures = run("diagnose", "--json").json
    assert figures["photos"] == 38
    assert [pair["kind"] for pair in figures["confusable"]].count("same photo") == 2
    assert {frozenset((pair["sku"], pair["other"])) for pair in figures["confusable"][:2]} == {
        frozenset((_FORMULA, "sku01")),
        frozenset(("+sku", "sku02")),
    }
    assert _FORMULA in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_diagnose_of_nothing_is_one_line(run: Run) -> None:
    ran = run("diagnose")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "the catalog shows no photo yet" in ran.err
