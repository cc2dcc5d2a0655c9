"""An empty store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_search.store.database import Database, Tables
from edge_search.store.home import prepare_home


@pytest.fixture
def tables(home: Path) -> Iterator[Tables]:
    """A write transaction of an empty store."""
    database = Database(prepare_home(home))
    with database.write() as opened:
        yield opened
    database.close()
