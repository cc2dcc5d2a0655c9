"""`adapt`, and the fit that `index` makes by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_search.imaging.simulate import simulate
from tests.cli.ran import Run
from tests.conftest import make_photo


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """34 products with 3 photos each: enough to be fitted without being asked."""
    folder = tmp_path_factory.mktemp("shots")
    for number in range(34):
        picture = Image.open(make_photo(folder / "motifs" / f"{number}.png", number, size=(72, 72)))
        for shot in range(3):
            path = folder / "photos" / f"S{number}" / f"{shot}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            simulate(picture, np.random.default_rng([number, shot])).save(path)
    return folder / "photos"


def test_index_fits_by_itself_once_and_adapt_reports_and_reverts(run: Run, shots: Path) -> None:
    done = run("index", shots, "--json")
    assert done.code == 0
    fitted = done.json["fitted"]
    assert fitted["images"] == 102
    assert isinstance(fitted["kept"], bool)
    assert fitted["reason"]
    assert run("index", shots, "--json").json["fitted"] is None
    told = run("adapt", "--report", "--json").json
    assert told["reason"] == fitted["reason"]
    assert told["reverted"] is False
    assert fitted["reason"][1:] in run("adapt", "--report").out
    assert "plain projection is back" in run("adapt", "--revert").out
    assert run("adapt", "--report", "--json").json["reverted"] is True
    assert run("index", shots, "--json").json["fitted"] is None
    again = run("adapt", "--json")
    assert again.code == 0
    assert again.json["reason"] == fitted["reason"]


def test_no_adapt_leaves_it_to_adapt(run: Run, shots: Path) -> None:
    assert run("index", shots, "--no-adapt", "--json").json["fitted"] is None
    assert run("adapt", "--report").code == 1
    assert "edge-search adapt" in run("adapt", "--report").err


def test_what_cannot_be_done_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    assert run("adapt", "--report", "--revert").code == 2
    missing = run("--home", tmp_path / "nowhere", "adapt")
    assert missing.code == 1
    assert len(missing.err.strip().splitlines()) == 1
    assert not (tmp_path / "nowhere").exists()
