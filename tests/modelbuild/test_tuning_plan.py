"""Tuning, as far as it needs no PyTorch: material, batches, what is held out, the judgement, the command's refusals."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_search.cli.main import main
from edge_search.errors import CatalogError, InvalidValue
from edge_search.fitting.recall import Recalls
from edge_search.modelbuild.tuning.balance import Balance
from edge_search.modelbuild.tuning.held_out import Found, hold_out
from edge_search.modelbuild.tuning.judgement import Measured, judge
from edge_search.modelbuild.tuning.material import Material, read_catalog
from edge_search.modelbuild.tuning.plan import Plan


def shop(**values: dict[str, str]) -> Material:
    """40 SKUs with three photos each, the first 36 of them teas: green but for four black ones; the others lamps."""
    photos = [(f"S{number:02}", Path(f"S{number:02}/{shot}.jpg")) for number in range(40) for shot in range(3)]
    products = {
        f"S{number:02}": {
            "category": "tea" if number < 36 else "lamp",
            "colour": "black" if 32 <= number < 36 else "green",
        }
        for number in range(40)
    }
    return Material.of(photos, {**products, **values}, ["category", "colour"])


def test_rare_categories_and_values_come_as_often_as_common_ones() -> None:
    material = shop()
    balance = Balance(material, np.arange(120), skus=2, each=2, seed=0)
    drawn = [draw for step in range(600) for draw in balance.batch(step)]
    seen = Counter(material.branches[draw.sku] for draw in drawn)
    share = {branch: count / len(drawn) for branch, count in seen.items()}
    assert share["lamp", "green"] == pytest.approx(0.5, abs=0.05)
    assert share["tea", "green"] == pytest.approx(0.25, abs=0.05)
    assert share["tea", "black"] == pytest.approx(0.25, abs=0.05)
    assert sum(draw.simulated for draw in drawn) / len(drawn) == pytest.approx(0.5, abs=0.05)


def test_a_batch_has_each_sku_once_with_different_photos_and_only_from_the_rows_given() -> None:
    rows = np.arange(0, 120, 3)[:30]
    rows = np.sort(np.concatenate([rows, rows + 1]))
    balance = Balance(shop(), rows, skus=30, each=2, seed=1)
    batch = balance.batch(0)
    assert [len({draw.row for draw in batch[at : at + 2]}) for at in range(0, 60, 2)] == [2] * 30
    assert len({draw.sku for draw in batch}) == 30
    assert {draw.row for draw in batch} == set(rows.tolist())
    assert batch == balance.batch(0) != balance.batch(1)


def test_a_sku_with_one_photo_gives_it_and_a_simulated_one() -> None:
    balance = Balance(shop(), np.arange(0, 120, 3), skus=4, each=3, seed=0)
    for step in range(20):
        batch = balance.batch(step)
        for at in range(0, 12, 3):
            assert len({draw.row for draw in batch[at : at + 3]}) == 1
            assert all(draw.simulated for draw in batch[at + 1 : at + 3])
    with pytest.raises(InvalidValue, match="a batch of 41 products from 40"):
        Balance(shop(), np.arange(120), skus=41, each=2, seed=0)


def features(several: int, single: int) -> tuple[np.ndarray, np.ndarray]:
    """Three photos each of ``several`` SKUs, the second one unlike the others; one of each of ``single`` SKUs."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((several + single, 32))
    skus = np.repeat(np.arange(several + single), [3] * several + [1] * single)
    rows = centres[skus] + rng.standard_normal((len(skus), 32)) * 0.02
    rows[1 : 3 * several : 3] += rng.standard_normal((several, 32))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), skus.astype(np.int64)


def test_the_hardest_photo_of_each_sku_is_asked_and_some_skus_are_never_trained_on() -> None:
    rows, skus = features(40, 5)
    held = hold_out(rows, skus, np.zeros(len(rows), bool), seed=3)
    assert not held.simulated
    assert held.queries.tolist() == list(range(1, 120, 3))
    assert set(held.gallery) == set(range(125)) - set(held.queries)
    assert set(held.train) < set(held.gallery)
    left_out = set(skus[held.queries[held.unseen]])
    assert len(left_out) == 10
    assert left_out.isdisjoint(skus[held.train])
    assert set(skus[held.train]) | left_out == set(range(45))
    found = held.found(rows, rows[held.queries], skus, projected=False)
    assert found is not None
    assert (found.all.queries, found.unseen.queries) == (40, 10)
    perfect = held.found(rows, rows[held.queries - 1], skus, projected=True)
    assert perfect is not None
    assert perfect.all.at_1 == perfect.unseen.at_1 == 1


def test_with_too_few_real_photos_simulated_ones_are_asked() -> None:
    rows, skus = features(10, 15)
    held = hold_out(rows, skus, np.zeros(len(rows), bool), seed=0)
    assert held.simulated
    assert held.queries.tolist() == held.gallery.tolist() == list(range(len(rows)))
    assert set(skus[held.train]).isdisjoint(skus[held.queries[held.unseen]])


def measured(at_1: float, at_5: float, unseen: float, queries: int = 80) -> Measured:
    return Measured(Found(Recalls(at_1, at_5, queries), Recalls(unseen, 1, 20)), None)


@pytest.mark.parametrize(
    ("after", "kept", "says"),
    [
        (measured(0.6, 0.9, 0.5), True, "tuning wins: of 80 held-out photos"),
        (measured(0.5, 0.95, 0.6), False, "tuning doesn't win"),
        (measured(0.6, 0.88, 0.5), False, "tuning loses among five"),
        (measured(0.6, 0.9, 0.45), True, "tuning wins"),
        (measured(0.6, 0.9, 0.4), False, "tuning loses on products it never saw"),
        (measured(0.9, 0.95, 0.9, queries=29), False, "under 30 photos conclude nothing"),
    ],
)
def test_tuned_weights_are_kept_only_where_they_win(after: Measured, kept: bool, says: str) -> None:
    judgement = judge(measured(0.5, 0.9, 0.5), after)
    assert (judgement.kept, says in judgement.reason) == (kept, True)
    json.dumps(judgement.to_dict())


def test_each_network_is_judged_as_the_appliance_would_use_it() -> None:
    plain = measured(0.5, 0.9, 0.5)
    projected = Measured(plain.plain, Found(Recalls(0.7, 0.9, 80), Recalls(0.7, 0.9, 20)))
    assert not judge(projected, measured(0.65, 0.95, 0.7)).kept
    assert judge(plain, projected).kept


def test_the_rate_rises_then_falls_to_nothing() -> None:
    plan = Plan(steps=100, rate=0.01)
    rates = [plan.rate_at(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.002)
    assert max(rates) == rates[4] == pytest.approx(0.01)
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[100] == pytest.approx(0)


def test_another_plan_other_weights_or_other_photos_are_another_run(tmp_path: Path) -> None:
    catalog(tmp_path, 20)
    photos, products = read_catalog(tmp_path)
    material = Material.of(photos, products, [])
    same = Plan().identity("w", material)
    assert same == Plan().identity("w", material)
    (tmp_path / "S00" / "0.png").write_bytes(b"longer than it was" * 1000)
    assert (
        len(
            {same, Plan(seed=1).identity("w", material), Plan().identity("v", material), Plan().identity("w", material)}
        )
        == 4
    )


def catalog(folder: Path, skus: int) -> Path:
    rng = np.random.default_rng(0)
    for number in range(skus):
        (folder / f"S{number:02}").mkdir(parents=True)
        for shot in range(2):
            Image.fromarray(rng.integers(0, 255, (40, 40, 3), np.uint8)).save(folder / f"S{number:02}" / f"{shot}.png")
    return folder


def test_a_folder_or_a_manifest_gives_photos_and_values(tmp_path: Path) -> None:
    catalog(tmp_path, 21)
    (tmp_path / "products.csv").write_text("sku,category,colour\nS00,tea,green\nS01,tea,black\n")
    photos, products = read_catalog(tmp_path)
    material = Material.of(photos, products, ["category", "colour"])
    assert len(material.files) == 42
    assert material.branches[:3] == (("tea", "green"), ("tea", "black"), ("", ""))
    (tmp_path / "list.csv").write_text("path,sku,category\nS00/0.png,A,tea\n")
    assert read_catalog(tmp_path / "list.csv")[0] == [("A", tmp_path / "S00" / "0.png")]
    with pytest.raises(InvalidValue, match="--balance size: no product has a value there; there is: category, colour"):
        Material.of(photos, products, ["size"])
    with pytest.raises(CatalogError, match="19 products with photos are too few"):
        Material.of(photos[:38], products, [])


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--steps", "0"], 2, "--steps 0: use 1 to"),
        (["--batch", "3"], 2, "--batch 3: use 4 to"),
        (["--batch", "33"], 2, "use a multiple of that"),
        (["--rate", "7"], 2, "--rate 7.0: use a learning rate"),
        (["--margin", "1.5"], 2, "--margin 1.5"),
        (["--first-stage", "8"], 2, "--first-stage 8: use 0 to 7"),
        (["--side", "20"], 2, "--side 20: use 64 to 1024"),
        (["--seed", "-1"], 2, "--seed -1"),
        (["--variant", "tf"], 2, "give both"),
        (["--balance", "size"], 2, "--balance size: no product has a value there"),
        ([], 1, "tuning needs PyTorch: pip install 'edge-search[tune]'"),
    ],
)
def test_what_cant_be_used_is_one_line_before_anything_is_loaded(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: int,
    says: str,
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    words = [
        "--home",
        str(tmp_path / "home"),
        "model",
        "tune",
        "efficientnet-lite2",
        "--catalog",
        str(catalog(tmp_path / "c", 20)),
    ]
    with pytest.raises(SystemExit) as ended:
        main([*words, *options])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (code, "")
    assert says in said.err
    assert "Traceback" not in said.err


def test_a_home_without_photos_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--home", str(tmp_path / "home"), "model", "tune", "efficientnet-lite2"])
    assert ended.value.code == 1
    assert "0 products with photos are too few to tune on" in capsys.readouterr().err
