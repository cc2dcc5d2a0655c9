"""Tuning with PyTorch: the same network as the ONNX graph, the losses, runs that are cut off, and the bundle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs the tune extra")
for library in ("onnx", "h5py", "safetensors"):
    pytest.importorskip(library, reason="needs the build extra")

from edge_search.encoder.level import Level, join_levels  # noqa: E402
from edge_search.encoder.onnx_runtime import OnnxRuntime  # noqa: E402
from edge_search.errors import EncoderError  # noqa: E402
from edge_search.imaging.recipe import Recipe  # noqa: E402
from edge_search.modelbuild.checkpoint import Folded  # noqa: E402
from edge_search.modelbuild.drawn_weights import drawn_weights  # noqa: E402
from edge_search.modelbuild.efficientnet import network  # noqa: E402
from edge_search.modelbuild.layouts import Padding  # noqa: E402
from edge_search.modelbuild.onnx_graph import build_graph  # noqa: E402
from edge_search.modelbuild.torch_network import Tunable  # noqa: E402
from edge_search.modelbuild.tuning import training  # noqa: E402
from edge_search.modelbuild.tuning.losses import arcface, triplet  # noqa: E402
from edge_search.modelbuild.tuning.material import Material, read_catalog  # noqa: E402
from edge_search.modelbuild.tuning.plan import Plan  # noqa: E402
from edge_search.modelbuild.tuning.training import CHECKPOINT, Training  # noqa: E402

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


def pictures(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (count, side, side, 3), np.uint8)


def levels(architecture: str) -> list[Level]:
    channels = network(architecture).level_channels()
    return [Level("head", channels["head"]), Level("stage7", channels["stage7"], "gem", 0.7)]


def drawn(architecture: str, side: int, padding: Padding) -> tuple[dict[str, Folded], Tunable]:
    layers = network(architecture)
    folded = drawn_weights(layers, pictures(4, side), mean=MEAN, std=STD)
    made = Tunable(layers, folded, mean=MEAN, std=STD, levels=levels(architecture), padding=padding)
    return folded, made


@pytest.mark.parametrize(
    ("architecture", "padding", "side"),
    [
        ("efficientnet-lite0", "same", 97),
        ("efficientnet-b0", "symmetric", 96),
        ("efficientnet-b1", "even", 75),
        ("efficientnet-b4", "same", 64),
    ],
)
def test_the_torch_network_is_the_onnx_graph(tmp_path: Path, architecture: str, padding: Padding, side: int) -> None:
    folded, made = drawn(architecture, side, padding)
    layers = network(architecture)
    wanted = levels(architecture)
    given = {"side": side, "mean": MEAN, "std": STD, "levels": wanted, "padding": padding}
    pixels = pictures(2, side)

    def run(weights: dict[str, Folded]) -> np.ndarray:
        file = tmp_path / "network.onnx"
        file.write_bytes(build_graph(layers, weights, **given).SerializeToString())  # type: ignore[arg-type]
        return np.concatenate(
            [OnnxRuntime(file, threads=1, precision="fp32").run(pixels[at : at + 1]) for at in range(2)]
        )

    raw = run(folded)
    with torch.no_grad():
        pooled = torch.cat(made.pooled(torch.from_numpy(pixels)), 1).numpy()
        assert np.abs(pooled - raw).max() < 1e-4 * np.abs(raw).max()
        features = made(torch.from_numpy(pixels)).numpy()
        assert np.abs(features - join_levels(raw, wanted)).max() < 1e-5
        # And what training changed comes back out.
        for number, weight in enumerate(made.parameters()):
            weight.add_(0.01 * (number % 3 - 1))
        changed = made(torch.from_numpy(pixels)).numpy()
    assert np.abs(changed - features).max() > 1e-3
    assert np.abs(join_levels(run(made.folded()), wanted) - changed).max() < 1e-5


def test_stages_before_the_first_one_stay_as_they_are() -> None:
    _, made = drawn("efficientnet-lite0", 64, "same")
    for first, free in ((0, 1.0), (4, 0.9), (7, 0.35)):
        made.freeze(first)
        sizes = [(weight.requires_grad, weight.numel()) for weight in made.parameters()]
        share = sum(size for trained, size in sizes if trained) / sum(size for _, size in sizes)
        assert share == pytest.approx(free, abs=0.1), first
    made.freeze(7)
    made(torch.from_numpy(pictures(1, 64))).sum().backward()
    assert made.maps.stem.direction.grad is None
    assert made.maps.head.direction.grad is not None


def test_arcface_asks_for_a_margin() -> None:
    features = torch.nn.functional.normalize(torch.tensor([[1.0, 0.1], [0.1, 1.0]]))
    centres, targets = torch.eye(2), torch.tensor([0, 1])
    plain = torch.nn.functional.cross_entropy(10 * features @ centres.T, targets)
    assert arcface(features, 5 * centres, targets, margin=0.0, scale=10).item() == pytest.approx(plain.item(), rel=1e-4)
    assert arcface(features, centres, targets, margin=0.5, scale=10) > plain
    own = torch.tensor([[0.6, 0.8]])
    wider = np.cos(np.arccos(0.6) + 0.3)
    expected = -np.log(np.exp(8 * wider) / (np.exp(8 * wider) + np.exp(8 * 0.8)))
    assert arcface(own, centres, torch.tensor([0]), margin=0.3, scale=8).item() == pytest.approx(expected, rel=1e-5)
    # Beyond 180 degrees it falls on: the worst photo still has the largest loss, and a gradient.
    turned = torch.tensor([[-0.99, 0.0199**0.5, 0.0], [-0.9, 0.19**0.5, 0.0]], requires_grad=True)
    worst, better = (arcface(row[None], torch.eye(3)[::2], torch.tensor([0]), margin=0.5, scale=8) for row in turned)
    assert worst > better
    (worst + better).backward()
    assert turned.grad is not None
    assert (turned.grad[:, 0] < 0).all()


def test_triplet_takes_the_hardest_of_each_kind() -> None:
    angles = torch.tensor([0.0, 0.2, 0.5, 1.0, 1.1, 1.2])
    features = torch.stack([angles.cos(), angles.sin()], 1)
    targets = torch.tensor([0, 0, 0, 1, 1, 1])
    near = [1.0, 0.8, 0.5, 0.5, 0.6, 0.7]  # to the other SKU
    far = [0.5, 0.3, 0.5, 0.2, 0.1, 0.2]  # to the own
    expected = np.mean([max(0, 0.3 + np.cos(n) - np.cos(f)) for n, f in zip(near, far, strict=True)])
    assert triplet(features, targets, margin=0.3).item() == pytest.approx(expected, rel=1e-4)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 SKUs of two photos each: coloured noise that a few steps can learn to tell apart."""
    folder = tmp_path_factory.mktemp("catalog")
    rng = np.random.default_rng(0)
    for number in range(20):
        (folder / f"S{number:02}").mkdir()
        coarse = rng.integers(0, 255, (6, 6, 3))
        for shot in range(2):
            pixels = np.kron(coarse, np.ones((16, 16, 1))) + rng.integers(-30, 30, (96, 96, 3))
            picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
            picture.save(folder / f"S{number:02}" / f"{shot}.png")
    return folder


class Cut(Exception):
    pass


def trained(
    folder: Path, catalog: Path, plan: Plan, *, cut: str = "", identity: str = "one"
) -> tuple[list[float], Tunable]:
    folder.mkdir(exist_ok=True)
    photos, products = read_catalog(catalog)
    material = Material.of(photos, products, [])
    _, made = drawn("efficientnet-lite0", 64, "same")
    run = Training(
        made, material, np.arange(40), Recipe(64, 0.9), plan, folder, identity, torch.device("cpu"), 2, save_s=0.0
    )
    centres = (0.025 * np.random.default_rng(0).standard_normal((20, 1600))).astype(np.float32)  # of length 1

    def progress(line: str) -> None:
        if cut and line.startswith(cut):
            raise Cut

    return run.run(centres, progress), made


def test_a_run_that_was_cut_off_ends_as_one_that_was_not(tmp_path: Path, catalog: Path) -> None:
    plan = Plan(steps=6, batch=8, first_stage=7, rate=1e-3)
    losses, made = trained(tmp_path / "whole", catalog, plan)
    with pytest.raises(Cut):
        trained(tmp_path / "cut", catalog, plan, cut="step 4")
    again, resumed = trained(tmp_path / "cut", catalog, plan)
    assert again == losses
    assert len(losses) == 6
    for name, folded in made.folded().items():
        assert np.array_equal(folded.weight, resumed.folded()[name].weight), name
    with pytest.raises(EncoderError, match="belongs to a tuning with other options, weights or photos"):
        trained(tmp_path / "cut", catalog, plan, identity="another")
    (tmp_path / "cut" / CHECKPOINT).write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(EncoderError, match=r"can't be used .*remove it to begin again"):
        trained(tmp_path / "cut", catalog, plan)


def test_the_loss_falls(tmp_path: Path, catalog: Path) -> None:
    losses, _ = trained(tmp_path / "falls", catalog, Plan(steps=12, batch=16, first_stage=7, rate=1e-2))
    assert np.mean(losses[-4:]) < 0.9 * np.mean(losses[:4])


def test_what_triplet_moves_comes_apart() -> None:
    free = torch.nn.Parameter(torch.from_numpy(np.random.default_rng(0).standard_normal((12, 16)).astype(np.float32)))
    targets = torch.arange(4).repeat_interleave(3)
    optimiser = torch.optim.SGD([free], 2.0)
    losses = []
    for _ in range(60):
        loss = triplet(torch.nn.functional.normalize(free), targets, margin=0.2)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[0] > 0.3
    assert losses[-1] < 0.01


def test_a_run_with_triplet_trains_the_network_alone(tmp_path: Path, catalog: Path) -> None:
    losses, made = trained(tmp_path / "triplet", catalog, Plan(loss="triplet", steps=2, batch=8, first_stage=7))
    assert len(losses) == 2
    assert made.maps.head.gain.detach().abs().max() > 0
    assert made.maps.stem.gain.detach().abs().max() == 0


def test_a_loss_that_is_not_finite_ends_the_run(tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "arcface", lambda *_, **__: torch.tensor(float("nan")))
    with pytest.raises(EncoderError, match="lower --rate"):
        trained(tmp_path / "nan", catalog, Plan(steps=2, batch=8))


@pytest.mark.parametrize("wins", [True, False])
def test_the_command_ends_in_a_bundle_where_tuning_wins(
    tmp_path: Path, catalog: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wins: bool
) -> None:
    from edge_search.cli.main import main
    from edge_search.encoder.bundle import Bundle
    from edge_search.encoder.encoder import load_encoder
    from edge_search.modelbuild.tuning import tune as flow
    from edge_search.modelbuild.tuning.judgement import Judgement
    from tests.modelbuild import checkpoint_files as files

    monkeypatch.setattr(
        flow, "judge", lambda before, after: Judgement(wins, "so it was said", before, after)
    )  # coloured noise proves nothing either way
    weights = files.zip_pth(tmp_path / "lite0.pth", files.state("efficientnet-lite0", "lukemelas"))
    (catalog / "S00" / "broken.png").write_bytes(b"no picture")
    home = tmp_path / "home"
    words = [
        "--home",
        str(home),
        "model",
        "tune",
        "efficientnet-lite0",
        "--weights",
        str(weights),
        "--catalog",
        str(catalog),
    ]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--steps", "2", "--batch", "8", "--side", "64", "--precision", "fp32", "--device", "cpu"])
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    report = json.loads((home / "tuning" / "efficientnet-lite0" / "report.json").read_text())
    assert len(report["losses"]) == 2
    assert report["before"]["plain"]["all"]["queries"] == 40  # simulated: two photos a SKU, and 20 SKUs
    assert [Path(file).name for file in report["unreadable"]] == ["broken.png"]
    output = home / "models" / "efficientnet-lite0-tuned-fp32"
    assert report["kept"] is wins is output.exists()
    if not wins:
        assert said.out.startswith("no bundle: so it was said")
        return
    assert f"built {output}" in said.out
    bundle = Bundle.open(output)
    assert bundle.name == "efficientnet-lite0-tuned-fp32"
    assert (
        json.loads((output / "manifest.json").read_text())["source"]["tuned"]
        == "2 steps of arcface, 30 photos of 15 products, seed 0"
    )
    assert "Fine-tuned by who built this bundle" in (output / "NOTICE").read_text()
    feature = load_encoder(bundle).encode([Image.new("RGB", (300, 300), "teal")])
    assert np.isfinite(feature).all()
