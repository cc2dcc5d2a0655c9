"""`changes` as an integrator runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_search.store.database import Database
from edge_search.store.home import prepare_home
from tests.cli.ran import Ran, Run

Photo = Callable[..., Path]


@pytest.fixture
def catalog(run: Run, tmp_path: Path, photo: Photo) -> Path:
    for number in range(3):
        photo(tmp_path / "catalog" / f"S{number}" / "1.jpg", number)
    assert run("index", tmp_path / "catalog").code == 0
    return tmp_path / "catalog"


def entries(ran: Ran) -> list[dict[str, object]]:
    assert ran.code == 0
    return [json.loads(line) for line in ran.out.splitlines()]


def test_changes_are_json_lines_and_go_on_from_a_number(run: Run, catalog: Path) -> None:
    first = entries(run("changes", "--json"))
    assert [entry["seq"] for entry in first] == list(range(1, len(first) + 1))
    assert set(first[0]) == {"epoch", "seq", "at", "kind", "owner", "sku", "image_id", "data"}
    run("products", "set", "S1", "price=5")
    (last,) = entries(run("changes", "--json", "--since", len(first)))
    assert (last["seq"], last["kind"], last["sku"], last["data"]) == (len(first) + 1, "values", "S1", {"price": 5.0})
    assert entries(run("changes", "--json", "--since", len(first) + 1)) == []


def test_people_read_lines_and_hear_of_nothing_new(run: Run, catalog: Path) -> None:
    shown = run("changes")
    assert "image_added  source 1  S0" in shown.out
    nothing = run("changes", "--since", len(shown.out.splitlines()))
    assert (nothing.code, nothing.out) == (0, "")
    assert "nothing changed" in nothing.err


def test_a_gap_is_one_line_that_says_resync(run: Run, catalog: Path, home: Path) -> None:
    database = Database(prepare_home(home))
    with database.write() as tables:
        tables.execute("DELETE FROM changes WHERE seq < 5")
    database.close()
    for since in (0, 3, 10**6):
        gap = run("changes", "--json", "--since", since)
        assert (gap.code, gap.out, gap.err.count("\n")) == (1, "", 1)
        assert "resync" in gap.err
    assert run("changes", "--since", 4).code == 0


def test_a_snapshot_holds_what_is_there_and_the_number_to_go_on_from(run: Run, catalog: Path) -> None:
    run("products", "remove", "S0")
    head = len(entries(run("changes", "--json")))
    state = entries(run("changes", "--snapshot", "--json"))
    assert {entry["seq"] for entry in state} == {head}
    assert sorted(str(entry["sku"]) for entry in state if entry["kind"] == "image_added") == ["S0", "S1", "S2"]
    assert run("changes", "--snapshot", "--since", 3).code == 2


def test_numbers_of_another_epoch_are_refused(run: Run, catalog: Path) -> None:
    epoch = entries(run("changes", "--json"))[0]["epoch"]
    assert run("changes", "--epoch", epoch).code == 0
    other = run("changes", "--epoch", "0123456789ABCDEF")
    assert (other.code, other.out) == (1, "")
    assert "resync" in other.err
