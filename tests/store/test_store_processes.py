"""Two processes at one store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edge_search.store import changes
from edge_search.store.database import Database
from edge_search.store.home import prepare_home

_WRITER = """
import sys
from pathlib import Path
from edge_search.store import changes, meta
from edge_search.store.database import Database
from edge_search.store.home import prepare_home

name, count = sys.argv[2], int(sys.argv[3])
database = Database(prepare_home(Path(sys.argv[1])))
for number in range(count):
    with database.write() as tables:
        total = int(meta.get(tables, "total") or 0)
        meta.put(tables, "total", str(total + 1))
        changes.record(tables, "source", 0, [(None, None, f"{name} {number}")])
    with database.read() as tables:
        assert int(meta.get(tables, "total")) > total
database.close()
"""


def test_two_processes_lose_no_transaction(home: Path) -> None:
    count = 150
    # None has opened the home before: they also race to make the tables.
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(home), name, str(count)], stderr=subprocess.PIPE, text=True
        )
        for name in ("one", "two", "three")
    ]
    errors = [writer.communicate(timeout=60)[1] for writer in writers]
    assert [(writer.returncode, error) for writer, error in zip(writers, errors, strict=True)] == [(0, "")] * 3
    database = Database(prepare_home(home))
    with database.read() as tables:
        assert tables.execute("SELECT value FROM meta WHERE key = 'total'").fetchone()[0] == str(3 * count)
        log = tables.execute("SELECT seq, data FROM changes ORDER BY seq").fetchall()
        assert changes.head(tables) == 3 * count
        assert tables.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    database.close()
    assert sorted(data for _, data in log) == sorted(
        f"{name} {number}" for name in ("one", "two", "three") for number in range(count)
    )
    for name in ("one", "two", "three"):
        mine = [int(data.split()[1]) for _, data in log if data.startswith(name)]
        assert mine == list(range(count))
