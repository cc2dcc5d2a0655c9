"""`doctor` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_search.appliance.box import Box
from edge_search.maintenance.finding import Finding
from edge_search.store import home as store_home
from tests.cli.ran import Run

GOOD = Finding("version", "good", "edge-search 1")
NOTE = Finding("user", "note", "root", "use another")
BAD = Finding("clock", "bad", "1970", "switch NTP on")


@pytest.mark.parametrize(("findings", "code"), [([GOOD], 0), ([GOOD, NOTE], 0), ([NOTE, GOOD, BAD], 1)])
def test_the_exit_code_tells_whether_anything_is_bad(
    run: Run, monkeypatch: pytest.MonkeyPatch, findings: list[Finding], code: int
) -> None:
    monkeypatch.setattr(Box, "doctor", lambda _: findings)
    ran = run("doctor")
    assert (ran.code, ran.err) == (code, "")
    ran = run("doctor", "--json")
    assert ran.code == code
    assert ran.json["good"] == (code == 0)
    assert ran.json["findings"] == [
        {"name": found.name, "state": found.state, "value": found.value, "advice": found.advice} for found in findings
    ]


def test_in_words_the_bad_advice_comes_first(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Box, "doctor", lambda _: [NOTE, GOOD, BAD])
    lines = run("doctor").out.splitlines()
    assert lines[-3:] == ["clock: switch NTP on", "user: use another", "1 bad, 1 note"]


def test_a_whole_run_is_a_document(run: Run) -> None:
    ran = run("doctor", "--json")
    assert ran.json["good"] == all(found["state"] != "bad" for found in ran.json["findings"])
    assert ran.code == (0 if ran.json["good"] else 1)
    assert all(set(found) == {"name", "state", "value", "advice"} for found in ran.json["findings"])


def damaged(home: Path, _: pytest.MonkeyPatch) -> None:
    (home / "catalog.sqlite3").write_bytes(b"no database at all" * 400)


def misconfigured(home: Path, _: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text("hitz = 3\n", encoding="utf-8")


def on_a_share(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = home / "mountinfo"
    mounts.write_text(f"22 21 8:2 / {home} rw - nfs4 server:/x rw\n")
    monkeypatch.setattr(store_home, "MOUNTS", mounts)


@pytest.mark.parametrize(
    ("harm", "says"), [(damaged, "catalog.sqlite3"), (misconfigured, "hitz"), (on_a_share, "network file system")]
)
def test_a_home_that_cannot_be_opened_still_gets_a_report(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, harm: object, says: str
) -> None:
    home.mkdir()
    assert callable(harm)
    harm(home, monkeypatch)
    ran = run("doctor", "--json")
    (store,) = (found for found in ran.json["findings"] if found["name"] == "store")
    assert (ran.code, store["state"], says in store["value"]) == (1, "bad", True)
    assert len(ran.json["findings"]) > 15
    assert "Traceback" not in ran.err
