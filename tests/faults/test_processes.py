"""Three writers and a reader at one home: nobody is turned away, no update is lost, the log stays small."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_search.imaging.hashing import content_hash
from tests.faults.driver import Child, Log, draw, opened, report, run, scaled, shown, top

_SECONDS = scaled(5, 300)
_FOLDER = 2000
"""SKUs of the followed folder: at first all are new, later some photos are replaced in each round."""
_ASKED = 9_999_999
"""A photo that nobody else brings."""
_WAL_LIMIT = 64 * 2**20


@dataclass
class _Done:
    """What one process did: how often, how long each took, what it left, what it warned of."""

    count: int = 0
    seconds: list[float] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def timed(self, work: Callable[[], object]) -> None:
        started = time.monotonic()
        work()
        self.seconds.append(time.monotonic() - started)
        self.count += 1

    def p95_ms(self) -> float:
        return float(np.percentile(self.seconds, 95)) * 1e3


def _commands(home: Path, until: float) -> _Done:
    """As the command line does: open, change one thing, close."""
    done = _Done()
    with Log() as log:
        while time.monotonic() < until:

            def command() -> None:
                with opened(home) as box:
                    box.products.set("shared", {"commands": done.count + 1})

            done.timed(command)
    done.warnings = log.lines
    return done


def _watcher(home: Path, catalog: Path, until: float) -> _Done:
    """As `watch` does: take what is new in a folder, round by round."""
    done = _Done()
    with Log() as log, opened(home) as box:
        while time.monotonic() < until or not done.count:
            first = 0 if not done.count else 50 * done.count % _FOLDER
            for seed in range(first, _FOLDER if not done.count else first + 50):
                path = catalog / f"S{seed}" / "photo.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                draw(seed + 10_000 * done.count).save(path, compress_level=1)
            done.timed(lambda: box.index(catalog))
            box.products.set("shared", {"watcher": done.count})
    done.warnings = log.lines
    return done


def _server(home: Path, until: float) -> _Done:
    """As HTTP does: one long-lived box, one photo a request."""
    done = _Done()
    with Log() as log, opened(home) as box:
        while time.monotonic() < until:
            done.timed(lambda: box.add(f"T{done.count}", draw(1_000_000 + done.count), price=done.count))
            box.products.set("shared", {"server": done.count})
    done.warnings = log.lines
    return done


def _kiosk(home: Path, until: float) -> _Done:
    """Search all the time; each answer names what was asked for once it is there."""
    done = _Done()
    with Log() as log, opened(home) as box:
        box.products.set("T", {"title": "asked for"})
        box.add("T", draw(_ASKED))
        while time.monotonic() < until:
            done.timed(lambda: top(box, _ASKED))
            assert top(box, _ASKED)[0] == ("T", 1.0)
    done.warnings = log.lines
    return done


def _checked(home: Path, catalog: Path, added: int) -> list[str]:
    with opened(home) as box:
        wrong = [damage.text for damage in box.upkeep.verify()]
        row = shown(box, "shared")
        assert row is not None
        skus = {row["sku"]: row for row in box.products}
        wrong += [f"T{n} is lost" for n in range(added) if (skus.get(f"T{n}") or {"price": None})["price"] != n]
        with box.database.read() as tables:
            stored = set(tables.execute("SELECT sku, content_hash FROM images WHERE owner != 0").fetchall())
        files = {(path.parent.name, content_hash(path.read_bytes())) for path in catalog.rglob("*.png")}
        wrong += [f"{sku} has another photo than its folder" for sku, _ in stored ^ files]
        return [*wrong, str({name: int(row["attributes"][name]) for name in sorted(row["attributes"])})]


def test_three_writers_and_a_reader(tmp_path: Path) -> None:
    home, catalog = tmp_path / "home", tmp_path / "catalog"
    wal = home / "catalog.sqlite3-wal"
    until = time.monotonic() + _SECONDS
    children = {
        "commands": Child.start(_commands, home, until),
        "watcher": Child.start(_watcher, home, catalog, until),
        "server": Child.start(_server, home, until),
        "kiosk": Child.start(_kiosk, home, until),
    }
    largest = 0
    while not all(child.pipe.poll() for child in children.values()):
        largest = max(largest, wal.stat().st_size if wal.exists() else 0)
        time.sleep(0.01)
    done = {name: child.end() for name, child in children.items()}
    *wrong, shared = run(_checked, home, catalog, done["server"].count)
    assert wrong == []
    assert shared == str({name: done[name].count for name in ("commands", "server", "watcher")})
    assert {name: each.warnings for name, each in done.items() if each.warnings} == {}
    assert largest < _WAL_LIMIT
    assert min(each.count for each in done.values()) > 0
    report(
        f"{_SECONDS} s, {done['commands'].count} commands (p95 {done['commands'].p95_ms():.0f} ms), "
        f"{done['server'].count} photos taught (p95 {done['server'].p95_ms():.0f} ms), "
        f"{done['kiosk'].count} searches (p95 {done['kiosk'].p95_ms():.0f} ms), {done['watcher'].count} scans of "
        f"{_FOLDER} photos, largest log {largest / 2**20:.1f} MiB"
    )
    # The promise is 1 s on a mini-PC; a machine that runs other things beside may be several times slower.
    assert done["server"].p95_ms() < 5000
