"""The command line, run in this process on the fake encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import edge_search
from edge_search.appliance.box import Box
from edge_search.cli import main as entry
from edge_search.encoder.fake_runtime import FakeEncoder
from edge_search.store.home import prepare_home
from tests.cli.ran import Ran, Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path) -> Run:
    """Run ``edge-search --home HOME ...`` and give its exit code and output."""

    def opened(home: Path, **settings: Any) -> Box:
        return Box(home, encoder=FakeEncoder(), **settings)

    monkeypatch.setattr(edge_search, "open", opened)

    def _run(*arguments: object) -> Ran:
        capsys.readouterr()
        if not home.exists():  # commands that read want a home; those about a missing one name another
            prepare_home(home)
        with pytest.raises(SystemExit) as stopped:
            entry.main(["--home", str(home), *map(str, arguments)])
        captured = capsys.readouterr()
        assert isinstance(stopped.value.code, int)
        return Ran(stopped.value.code, captured.out, captured.err)

    return _run
