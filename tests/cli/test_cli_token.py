"""`token`, `pin`, `evaluate` without queries, `search --group-variants`."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.encoder.fake_runtime import FakeEncoder
from tests.cli.ran import Run


def test_a_token_is_made_shown_once_listed_and_revoked(run: Run, home: Path) -> None:
    made = run("token", "create", "till 3", "--role", "staff")
    assert made.code == 0
    secret = made.out.strip()
    assert secret.startswith("edge_")
    assert secret not in made.err
    listed = run("token", "list", "--json").json["tokens"]
    assert [(one["name"], one["role"], one["revoked_at"]) for one in listed] == [("till 3", "staff", None)]
    assert secret not in run("token", "list").out
    with Box(home, encoder=FakeEncoder()) as box:
        assert box.tokens.check(secret) is not None
    assert run("token", "revoke", "till 3").code == 0
    with Box(home, encoder=FakeEncoder()) as box:
        assert box.tokens.check(secret) is None
    assert run("token", "list", "--json").json["tokens"][0]["revoked_at"]


@pytest.mark.parametrize("name", ["", " x", "a/b", "x" * 65, "a\nb"])
def test_a_name_that_is_none_is_refused(run: Run, name: str) -> None:
    assert run("token", "create", name, "--role", "query").code == 2


def test_names_are_told_apart_and_unknown_ones_named(run: Run) -> None:
    assert run("token", "create", "a", "--role", "query", "--json").json["role"] == "query"
    again = run("token", "create", "a", "--role", "query")
    assert (again.code, "revoke it first" in again.err) == (2, True)
    assert "nix" in run("token", "revoke", "nix").err
    assert run("token", "create", "b", "--role", "king").code == 2
    run("token", "revoke", "a")
    assert run("token", "create", "a", "--role", "metrics").code == 0


def test_the_pin_is_read_from_stdin_and_cleared(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("274916\n"))
    done = run("pin", "set", "--stdin")
    assert done.code == 0
    assert "274916" not in done.out + done.err
    with Box(home, encoder=FakeEncoder()) as box:
        assert box.pin.check("274916")
    assert "cleared" in run("pin", "clear").err
    assert "there was no PIN" in run("pin", "clear").err
    monkeypatch.setattr("sys.stdin", io.StringIO("12\n"))
    assert run("pin", "set", "--stdin").code == 2


def test_evaluate_uses_the_checks_when_nothing_is_named(
    run: Run, home: Path, photo: Callable[..., Path], tmp_path: Path
) -> None:
    run("index", photo(tmp_path / "catalog" / "a" / "1.jpg", 1).parent.parent)
    assert "no check photos yet" in run("evaluate").err
    with Box(home, encoder=FakeEncoder()) as box:
        box.checks.add("a", photo(tmp_path / "check.jpg", 1, quality=50).read_bytes())
    assert run("evaluate", "--json").json["recall"]["1"] == 1.0
    page = tmp_path / "report.html"
    assert run("evaluate", "--report", page).code == 0
    assert page.stat().st_size > 0


def test_variants_are_grouped_on_demand(run: Run, photo: Callable[..., Path], tmp_path: Path) -> None:
    for number in (1, 2):
        photo(tmp_path / "catalog" / f"v{number}" / "1.jpg", number)
    (tmp_path / "catalog" / "products.csv").write_text("sku,variant_group\nv1,g\nv2,g\n")
    run("index", tmp_path / "catalog")
    query = photo(tmp_path / "query.jpg", 1, quality=50)
    assert len(run("search", query, "--json").json["hits"]) == 2
    grouped = run("search", query, "--group-variants", "--json").json["hits"]
    assert [[one["sku"] for one in hit["variants"]] for hit in grouped] == [["v1", "v2"]]
