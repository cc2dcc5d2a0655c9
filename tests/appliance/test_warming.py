"""A server loads its network before the first photo asks for it."""

from __future__ import annotations

from pathlib import Path

import edge_search


def test_the_catalogs_encoder_is_loaded_ahead(tmp_path: Path) -> None:
    with edge_search.open(tmp_path / "home", runtime="onnxruntime") as box:
        assert not box.encoders.current.loaded
        box.encoders.warm()
        assert box.encoders.current.loaded


def test_an_encoder_that_is_not_there_stops_no_server(tmp_path: Path) -> None:
    with edge_search.open(tmp_path / "home", model="nowhere-int8") as box:
        box.encoders.warm()
