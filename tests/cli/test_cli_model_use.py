"""`model use` and `model remove` on real bundles."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import edge_search
from edge_search.cli import main as entry
from edge_search.encoder.bundle import Bundle
from tests.cli.bundles import recropped
from tests.cli.ran import Ran, Run
from tests.maintenance.tiny_bundle import make_bundle

Photos = Callable[..., Path]

pytest.importorskip("onnx", reason="needs the build extra")


@pytest.fixture
def real(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line on real bundles; ONNX Runtime is loaded soonest."""
    monkeypatch.setenv("EDGE_SEARCH_RUNTIME", "onnxruntime")

    def _run(*arguments: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            entry.main(["--home", str(home), *map(str, arguments)])
        captured = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return Ran(stopped.value.code, captured.out, captured.err)

    return _run


@pytest.fixture
def bundles(home: Path) -> tuple[Bundle, Bundle]:
    """Two small encoders in the home: `coarse` and `fine`."""
    return (
        make_bundle(home / "models" / "coarse", name="coarse", grid=2),
        make_bundle(home / "models" / "fine", name="fine", grid=4),
    )


@pytest.fixture
def stick(
    tmp_path: Path, photo: Photos, real: Run, bundles: tuple[Bundle, Bundle], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """20 SKUs, indexed with `coarse`."""
    for number in range(20):
        photo(tmp_path / "stick" / f"sku{number:02d}" / "1.png", number)
    with monkeypatch.context() as first:
        first.setenv("EDGE_SEARCH_MODEL", "coarse")
        assert real("index", tmp_path / "stick").code == 0
    return tmp_path / "stick"


def one_line(ran: Ran, code: int, text: str) -> None:
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.count("\n") == 1
    assert text in ran.err


def test_use_switches_the_catalog(real: Run, stick: Path, bundles: tuple[Bundle, Bundle]) -> None:
    fine = bundles[1]
    done = real("model", "use", "fine", "--json")
    assert (done.code, done.err) == (0, "")
    switch = done.json["switch"]
    assert (done.json["encoder"], done.json["fingerprint"]) == ("fine", fine.fingerprint)
    assert (switch["from_folder"], switch["from_previews"], switch["photos"], switch["dropped"]) == (20, 0, 20, [])
    answer = real("search", stick / "sku07" / "1.png", "--json").json
    assert (answer["encoder"], answer["hits"][0]["sku"]) == (f"fine@{fine.fingerprint}", "sku07")
    assert real("verify").code == 0
    again = real("model", "use", "fine")
    assert (again.code, again.out) == (0, "the catalog has fine already\n")
    rows = {row["name"]: row for row in real("model", "list", "--json").json}
    assert {name: (row["active"], row["features"]) for name, row in rows.items() if row["features"]} == {
        "coarse": (False, 20),
        "fine": (True, 20),
    }
    back = real("model", "use", "coarse")
    assert back.out.startswith("the catalog has coarse now: 20 photos, 0 encoded")


def test_a_switch_cut_off_shows_and_goes_on(real: Run, stick: Path, bundles: tuple[Bundle, Bundle], home: Path) -> None:
    pause = "import time; from edge_search.ingest import switch; switch._BATCH = 4; s = switch.Switch._store; "
    pause += "switch.Switch._store = lambda self, made: (s(self, made), time.sleep(.3))[0]; "
    code = f"{pause}from edge_search.cli.main import main; main(['--home', {str(home)!r}, 'model', 'use', 'fine'])"
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while (switch := real("status", "--json").json["switch"]) is None or switch["done"] < 8:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    status = real("status", "--json").json
    assert (status["switch"]["to"], status["switch"]["total"], status["encoder"][:7]) == ("fine", 20, "coarse@")
    assert 8 <= status["switch"]["done"] == status["switch"]["from_folder"] < 20
    assert f"to fine: {status['switch']['done']} of 20 photos" in real("status").out
    listed = {row["name"]: row["pending"] for row in real("model", "list", "--json").json}
    assert (listed["coarse"], listed["fine"]["done"]) == (None, status["switch"]["done"])
    assert ">" in real("model", "list").out
    one_line(real("model", "remove", "fine"), 2, "the catalog is being switched to model fine")
    report = real("model", "use", "fine", "--json").json["switch"]
    assert report["from_folder"] == 20
    assert real("verify").code == 0


def test_cancel(real: Run, stick: Path, home: Path) -> None:
    one_line(real("model", "use", "--cancel"), 1, "no switch of the encoder is pending")
    with closing(sqlite3.connect(home / "catalog.sqlite3")) as conn, conn:
        fine = Bundle.open(home / "models" / "fine").fingerprint
        pending = json.dumps({"name": "fine", "fingerprint": fine})
        conn.execute("INSERT INTO meta VALUES ('pending_encoder', ?)", [pending])
    done = real("model", "use", "--cancel")
    assert (done.code, done.out) == (0, "the catalog keeps coarse; 0 features were dropped\n")
    assert real("status", "--json").json["switch"] is None


@pytest.mark.parametrize("arguments", [[], ["fine", "--cancel"], ["--cancel", "--without-missing"]])
def test_use_wants_a_name_or_cancel(real: Run, arguments: list[str]) -> None:
    ran = real("model", "use", *arguments)
    assert ran.code == 2
    assert "give the NAME of an encoder, or --cancel alone" in ran.err


def test_use_says_what_came_from_previews_and_what_is_lost(real: Run, stick: Path, tmp_path: Path) -> None:
    shutil.move(stick, tmp_path / "unplugged")
    done = real("model", "use", "fine")
    assert done.code == 0
    assert "0 from their folder, 0 taught ones, 20 from previews" in done.out
    assert "previews are smaller" in done.err
    assert real("model", "use", "coarse").code == 0
    assert real("compact").code == 0
    for preview in (tmp_path / "home" / "previews").rglob("*.jpg"):
        preview.unlink()
    one_line(real("model", "use", "fine"), 1, "20 photos can't be encoded with fine")
    done = real("model", "use", "fine", "--without-missing")
    assert (done.code, "20 photos left the catalog:" in done.out) == (0, True)


def test_use_refuses_what_cannot_be_run(real: Run, stick: Path, home: Path) -> None:
    one_line(real("model", "use", "none"), 1, "model 'none' is not installed; there is: coarse,")
    make_bundle(home / "models" / "wrong", name="wrong", grid=8, turned=True)
    one_line(real("model", "use", "wrong"), 1, "wrong answers its canary with cosine")
    assert real("status", "--json").json["switch"] is None


def test_remove(real: Run, stick: Path, home: Path) -> None:
    one_line(real("model", "remove", "coarse"), 2, "model coarse is in use by the catalog")
    one_line(real("model", "remove", "efficientnet-lite2-int8"), 2, "came with edge-search")
    one_line(real("model", "remove", "none"), 1, "is not installed")
    assert real("model", "use", "fine").code == 0
    done = real("model", "remove", "coarse")
    assert done.code == 0
    assert done.out.splitlines() == [
        "removed coarse",
        "20 features of it are dropped by the next 'edge-search compact'",
    ]
    assert [path.name for path in (home / "models").iterdir()] == ["fine"]
    assert real("compact").code == 0
    with closing(sqlite3.connect(home / "catalog.sqlite3")) as conn:
        assert conn.execute("SELECT count(*) FROM features").fetchone() == (20,)
    again = real("model", "remove", "coarse", "--json")
    assert again.code == 1


def test_a_twin_may_go_though_it_is_in_use(real: Run, stick: Path, home: Path) -> None:
    make_bundle(home / "models" / "copy", name="copy", grid=2)
    assert real("model", "remove", "coarse", "--json").json["features"] == 20
    assert real("search", stick / "sku07" / "1.png", "--json").json["hits"][0]["sku"] == "sku07"


def test_what_the_homes_own_snapshot_needs_is_renewed_before_its_encoder_goes(
    real: Run, stick: Path, home: Path, bundles: tuple[Bundle, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setenv("EDGE_SEARCH_SNAPSHOT_HOURS", "0")
        assert real("model", "use", "fine").code == 0
    assert real("model", "remove", "coarse").code == 0
    (home / "catalog.sqlite3").write_bytes(b"")
    answer = real("search", stick / "sku03" / "1.png", "--json")
    assert (answer.code, answer.json["encoder"]) == (0, f"fine@{bundles[1].fingerprint}")


def test_restore_without_the_bundle_says_so(real: Run, stick: Path, home: Path, tmp_path: Path) -> None:
    assert real("backup", tmp_path / "saved.tar").code == 0
    shutil.rmtree(home)
    assert real("restore", tmp_path / "saved.tar").code == 0, "the home's own bundles are in its backup"
    assert real("search", stick / "sku07" / "1.png", "--json").json["hits"][0]["sku"] == "sku07"
    shutil.rmtree(home / "models" / "coarse")
    one_line(real("search", stick / "sku07" / "1.png"), 1, "which is not installed here; put its bundle into")
    assert real("model", "list").code == 0


def test_the_shipped_encoder_with_another_crop(
    real: Run, home: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = repository / "models" / "efficientnet-lite2-int8"
    wide = recropped(shipped, home / "models" / "lite2-wide", name="lite2-wide", crop=1.0)
    assert wide.fingerprint != Bundle.open(shipped).fingerprint
    catalog = tmp_path / "catalog"
    for folder in sorted(path for path in (repository / "catalog").iterdir() if path.name != "queries")[:12]:
        shutil.copytree(folder, catalog / folder.name) if folder.is_dir() else None
    with (repository / "catalog" / "queries" / "queries.csv").open(newline="") as file:
        queries = {row["sku"]: repository / "catalog" / "queries" / row["path"] for row in csv.DictReader(file)}
    monkeypatch.delenv("EDGE_SEARCH_RUNTIME")
    assert real("index", catalog).code == 0
    report = real("model", "use", "lite2-wide", "--json")
    assert report.code == 0
    assert report.json["switch"]["from_folder"] == len(list(catalog.rglob("*.jpg")))
    skus = [path.name for path in catalog.iterdir() if path.name in queries]
    assert skus
    found = [real("search", queries[sku], "--json").json for sku in skus]
    assert {answer["encoder"] for answer in found} == {f"lite2-wide@{wide.fingerprint}"}
    assert sum(answer["hits"][0]["sku"] == sku for answer, sku in zip(found, skus, strict=True)) >= 0.8 * len(skus)


def test_a_process_that_answers_has_the_new_encoder_loaded_when_the_switch_comes(
    real: Run, stick: Path, home: Path, bundles: tuple[Bundle, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    with edge_search.open(home, runtime="onnxruntime") as server:
        assert server.search(stick / "sku01" / "1.png").encoder.startswith("coarse@")
        assert server.switching.start("fine")
        assert server.search(stick / "sku01" / "1.png").encoder.startswith("coarse@")
        coming = server.encoders.named("fine")
        deadline = time.monotonic() + 60
        while not coming.loaded:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert real("model", "use", "fine").code == 0
        assert server.search(stick / "sku01" / "1.png").encoder.startswith("fine@")
        assert server.encoders.current is coming
