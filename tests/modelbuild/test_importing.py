"""Foreign encoders become bundles: CLIP's and DINOv2's exports in small, other shapes, and what is refused."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from edge_search.encoder.bundle import Bundle
from edge_search.encoder.encoder import load_encoder
from edge_search.encoder.onnx_runtime import OnnxRuntime
from edge_search.encoder.openvino_runtime import OpenVinoRuntime
from edge_search.errors import BundleError, EncoderError, InvalidValue, NoSpace, RuntimeUnavailable
from edge_search.modelbuild.import_options import PRESETS, ImportOptions

onnx = pytest.importorskip("onnx", reason="needs the build extra")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from edge_search.modelbuild import onnx_file  # noqa: E402
from edge_search.modelbuild.importing import ImportRequest, import_model  # noqa: E402
from edge_search.modelbuild.onnx_file import precision, read_graph, write_graph  # noqa: E402
from edge_search.modelbuild.onnx_tower import find_tower  # noqa: E402
from edge_search.modelbuild.onnx_wrap import choose_pooling, pool, put_pixels_in  # noqa: E402
from edge_search.modelbuild.probe import probe  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "packaging"))

from vit_imports.vit import Vit, save_vit  # noqa: E402

CLIP = Vit("clip", 32, 2, 4, side=64, projection=24)
DINO = Vit("dinov2", 32, 2, 4, side=64)
SIDE = ImportOptions(side=64)


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write a network as exporters do; a model or a `Vit`."""

    def _export(what: Any, *, outside: bool = False, name: str = "export") -> Path:
        if isinstance(what, Vit):
            return save_vit(what, tmp_path / name, outside=outside)
        folder = tmp_path / name
        folder.mkdir()
        onnx.save_model(what, str(folder / "model.onnx"))
        return folder / "model.onnx"

    return _export


def pictures(side: int = 64, count: int = 3) -> NDArray[np.uint8]:
    return np.random.default_rng(4).integers(0, 256, (count, side, side, 3), np.uint8)


def original(file: Path, output: str, preset: str, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the export itself gives, pixels normalised here."""
    onnxruntime = pytest.importorskip("onnxruntime")
    options = PRESETS[preset]
    assert options.mean is not None
    assert options.std is not None
    real = ((pixels / 255 - np.array(options.mean)) / np.array(options.std)).transpose(0, 3, 1, 2)
    session = onnxruntime.InferenceSession(str(file))
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    feed = {}
    for value in session.get_inputs():
        feed[value.name] = (
            real.astype(kinds[value.type]) if value.name == "pixel_values" else np.ones((len(pixels), 5), np.int64)
        )
    return np.asarray(session.run([output], feed)[0], np.float32)


def wrapped(
    file: Path, folder: Path, options: ImportOptions, preset: str = "clip"
) -> tuple[Path, tuple[int, ...], str]:
    """The importer's surgery alone; returns the network, the output's shape and the precision."""
    options = options.over(replace(PRESETS[preset], side=None))
    model = read_graph(file)
    tower = find_tower(model, options.input, options.output, options.layout)
    recipe = options.recipe(tower.side)
    prefix = put_pixels_in(model, tower, recipe.side, *options.normalisation())
    kind = precision(model.graph)
    folder.mkdir()
    write_graph(model, file.parent, folder, "network.onnx")
    shape = OnnxRuntime(folder / "network.onnx", "", 1).run(pictures(recipe.side, 1)).shape
    pooling, tokens = choose_pooling(shape, options.pooling, options.prefix_tokens)
    pool(model, tower, prefix, pooling, tokens, shape)
    (folder / "network.onnx").write_bytes(model.SerializeToString())
    onnx.checker.check_model(str(folder / "network.onnx"))
    return folder / "network.onnx", shape, kind


def same(found: NDArray[np.float32], expected: NDArray[np.float32], tolerance: float = 1e-5) -> None:
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize("runtime", [OnnxRuntime, OpenVinoRuntime])
@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize("fixed", [False, True])
def test_clips_projection_is_what_the_export_itself_gives(
    export: Callable[..., Path], tmp_path: Path, runtime: Any, outside: bool, fixed: bool
) -> None:
    file = export(replace(CLIP, dynamic=not fixed), outside=outside)
    assert (file.parent / "model.onnx_data").exists() == outside
    network, shape, kind = wrapped(file, tmp_path / "out", ImportOptions() if fixed else SIDE)
    assert (shape, kind) == ((1, 24), "fp32")
    pixels = pictures(count=1 if fixed else 3)
    same(runtime(network, "fp32", 1).run(pixels), original(file, "image_embeds", "clip", pixels))


@pytest.mark.parametrize(
    ("vit", "options", "expected"),
    [
        (DINO, ImportOptions(), lambda tokens: tokens[:, 0]),
        (DINO, ImportOptions(output="last_hidden_state"), lambda tokens: tokens[:, 0]),
        (DINO, ImportOptions(output="last_hidden_state", pooling="mean"), lambda tokens: tokens[:, 1:].mean(axis=1)),
        (
            replace(DINO, registers=4, opset=18, patch=8),
            ImportOptions(output="last_hidden_state", pooling="mean"),
            lambda tokens: tokens[:, 5:].mean(axis=1),
        ),
        (
            replace(DINO, opset=17),
            ImportOptions(output="last_hidden_state", pooling="mean", prefix_tokens=0),
            lambda tokens: tokens.mean(axis=1),
        ),
    ],
)
@pytest.mark.parametrize("runtime", [OnnxRuntime, OpenVinoRuntime])
def test_dinov2s_tokens_are_pooled(
    export: Callable[..., Path], tmp_path: Path, runtime: Any, vit: Any, options: ImportOptions, expected: Any
) -> None:
    file = export(vit)
    network, _, _ = wrapped(file, tmp_path / "out", options.over(SIDE), "dinov2")
    pixels = pictures()
    same(runtime(network, "fp32", 1).run(pixels), expected(original(file, "last_hidden_state", "dinov2", pixels)))


def test_weights_of_sixteen_bits_stay_so(export: Callable[..., Path], tmp_path: Path) -> None:
    file = export(replace(CLIP, half=True))
    network, _, kind = wrapped(file, tmp_path / "out", SIDE)
    assert kind == "fp16"
    assert network.stat().st_size < 1.1 * file.stat().st_size
    pixels = pictures()
    for runtime in (OnnxRuntime, OpenVinoRuntime):
        same(runtime(network, kind, 1).run(pixels), original(file, "image_embeds", "clip", pixels), 0.02)


def test_a_whole_clip_loses_its_text_tower(export: Callable[..., Path], tmp_path: Path) -> None:
    file = export(replace(CLIP, text_width=512))
    network, _, _ = wrapped(file, tmp_path / "out", SIDE)
    assert network.stat().st_size < 0.2 * file.stat().st_size
    kept = {tensor.name for tensor in onnx.load(str(network)).graph.initializer}
    assert "visual_projection.weight" in kept
    assert not any(name.startswith("text") for name in kept)
    pixels = pictures()
    same(OpenVinoRuntime(network, "fp32", 1).run(pixels), original(file, "image_embeds", "clip", pixels))


@pytest.mark.parametrize("outside", [False, True])
def test_large_weights_are_written_beside_the_graph(
    export: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outside: bool
) -> None:
    file = export(CLIP, outside=outside)
    monkeypatch.setattr(onnx_file, "INLINE_BYTES", 1000)
    network, _, _ = wrapped(file, tmp_path / "out", SIDE)
    assert network.stat().st_size < 100_000
    data = network.with_name(onnx_file.DATA)
    assert data.stat().st_size > 100_000
    shutil.rmtree(file.parent) if not outside else (file.parent / "model.onnx_data").rename(tmp_path / "gone")
    again = save_vit(CLIP, tmp_path / "again", outside=False)
    pixels = pictures()
    for runtime in (OnnxRuntime, OpenVinoRuntime):
        same(runtime(network, "fp32", 1).run(pixels), original(again, "image_embeds", "clip", pixels))


def net(
    nodes: list[Any],
    inputs: list[tuple[str, int, list[Any]]],
    outputs: list[tuple[str, list[Any]]],
    weights: dict[str, NDArray[Any]] | None = None,
    *,
    opset: int = 17,
    domains: tuple[str, ...] = (),
) -> Any:
    body = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(body, opset_imports=opsets, ir_version=8)


NCHW = ("x", TensorProto.FLOAT, ["n", 3, 32, 32])
NHWC = ("x", TensorProto.FLOAT, [None, 32, 32, 3])
RNG = np.random.default_rng(2)
KERNEL = RNG.standard_normal((16, 3, 4, 4)).astype(np.float32)
SQUARE = RNG.standard_normal((3, 16)).astype(np.float32)
CONV = helper.make_node("Conv", ["x", "w"], ["map"], kernel_shape=[4, 4], strides=[4, 4])
MAP = net([CONV], [NCHW], [("map", ["n", 16, 8, 8])], {"w": KERNEL})


@pytest.mark.parametrize("runtime", [OnnxRuntime, OpenVinoRuntime])
@pytest.mark.parametrize("pooling", ["avg", "gem"])
def test_a_map_is_pooled(export: Callable[..., Path], tmp_path: Path, runtime: Any, pooling: Any) -> None:
    file = export(MAP)
    network, _, _ = wrapped(file, tmp_path / "out", ImportOptions(side=32, pooling=pooling), "imagenet")
    pixels = pictures(32)
    options = PRESETS["imagenet"]
    real = ((pixels / 255 - np.array(options.mean)) / np.array(options.std)).transpose(0, 3, 1, 2)
    maps = np.einsum("nchiwj,kcij->nkhw", real.reshape(3, 3, 8, 4, 8, 4), KERNEL.astype(float))
    expected = maps.mean(axis=(2, 3)) if pooling == "avg" else np.cbrt((np.maximum(maps, 1e-6) ** 3).mean(axis=(2, 3)))
    same(runtime(network, "fp32", 1).run(pixels), expected.astype(np.float32), 1e-4)


@pytest.mark.parametrize("opset", [13, 18])
def test_channels_last_and_bytes_as_they_are(export: Callable[..., Path], tmp_path: Path, opset: int) -> None:
    file = export(
        net(
            [helper.make_node("MatMul", ["x", "w"], ["map"])],
            [NHWC],
            [("map", [None, 32, 32, 16])],
            {"w": SQUARE},
            opset=opset,
        )
    )
    options = ImportOptions(normalise=False)
    model = read_graph(file)
    tower = find_tower(model, None, None, None)
    assert (tower.layout, tower.side) == ("nhwc", 32)
    assert options.normalisation() == ((0, 0, 0), (1, 1, 1))
    prefix = put_pixels_in(model, tower, 32, *options.normalisation())
    assert choose_pooling((1, 32, 32, 16), None, None) == ("avg", 0)
    assert pool(model, tower, prefix, "avg", 0, (1, 32, 32, 16)) == 16
    onnx.save(model, str(tmp_path / "network.onnx"))
    pixels = pictures(32)
    for runtime in (OnnxRuntime, OpenVinoRuntime):
        same(
            runtime(tmp_path / "network.onnx", "", 1).run(pixels), pixels.mean(axis=(1, 2)).astype(np.float32) @ SQUARE
        )


def request(file: Path, name: str = "vit", preset: str | None = "clip", **options: Any) -> ImportRequest:
    return ImportRequest(file, name, ImportOptions(**{"side": 64, **options}), preset)


def test_an_imported_bundle_is_whole_and_answers_like_the_export(export: Callable[..., Path], tmp_path: Path) -> None:
    file = export(replace(DINO, registers=4), outside=True)
    output = tmp_path / "home" / "models" / "vit"
    wanted = replace(
        request(file, preset="dinov2", output="last_hidden_state", pooling="mean"), licence="MIT", source="me"
    )
    said: list[str] = []
    bundle = import_model(wanted, output, said.append)
    bundle.verify()
    assert sorted(os.listdir(output.parent)) == [".importing-lock", "vit"]
    assert (bundle.name, bundle.dimension, bundle.manifest.precision) == ("vit", 32, "fp32")
    assert bundle.recipe.to_dict() == {"side": 64, "crop": 0.875, "interpolation": "bicubic"}
    assert [level.pooling for level in bundle.levels] == ["mean"]
    report = bundle.manifest.document["agreement"]
    assert report["cosine_worst"] >= 0.999
    assert 0 < bundle.verdict["maybe"] < bundle.verdict["match"] < 1
    expected = original(file, "last_hidden_state", "dinov2", pictures())[:, 5:].mean(axis=1)
    for runtime in ("openvino", "onnxruntime"):
        assert report[runtime]["p50_ms"] > 0
        assert report[runtime]["peak_mb"] >= report[runtime]["resident_mb"] > 20
        features = load_encoder(bundle, runtime, threads=1).encode_array(pictures())
        same(features, expected / np.linalg.norm(expected, axis=1, keepdims=True))
    card = (output / "MODEL_CARD.md").read_text()
    assert "`last_hidden_state`, mean of its tokens but the first 5: 32 numbers" in card
    assert "Licence: MIT" in card
    assert (output / "LICENSE").read_text() == "MIT\n"
    assert "output last_hidden_state (1, 21, 32), pooling mean: 32 numbers" in said

    # again the same: replaced; another one: refused, and the first stays
    assert import_model(wanted, output).fingerprint == bundle.fingerprint
    with pytest.raises(BundleError, match=r"holds another encoder .*give this one another --name"):
        import_model(request(file, preset="dinov2"), output)
    assert Bundle.open(output).fingerprint == bundle.fingerprint
    assert sorted(os.listdir(output.parent)) == [".importing-lock", "vit"]


def test_a_runtime_that_can_not_is_left_out(export: Callable[..., Path], tmp_path: Path) -> None:
    own = helper.make_node("Inverse", ["flat"], ["inverse"], domain="com.microsoft")
    nodes = [
        CONV,
        helper.make_node("ReduceMean", ["map"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", "v"], ["wide"]),
        helper.make_node("Reshape", ["wide", "shape"], ["raw"]),
        helper.make_node("Add", ["raw", "eye"], ["flat"]),
        own,
        helper.make_node("Reshape", ["inverse", "back"], ["feature"]),
    ]
    weights = {
        "w": KERNEL,
        "v": (0.05 * RNG.standard_normal((16, 16))).astype(np.float32),
        "eye": np.eye(4, dtype=np.float32)[None],
        "shape": np.array([1, 4, 4]),
        "back": np.array([1, 16]),
    }
    file = export(net(nodes, [NCHW], [("feature", [1, 16])], weights, domains=("com.microsoft",)))
    said: list[str] = []
    bundle = import_model(request(file, preset="imagenet", side=None), tmp_path / "out", said.append)
    assert [network.runtime for network in bundle.manifest.networks] == ["onnxruntime"]
    assert any(line.startswith("openvino is left out: openvino can't compile") for line in said)
    assert "not openvino: openvino can't compile" in (tmp_path / "out" / "MODEL_CARD.md").read_text()
    assert load_encoder(bundle, "auto", threads=1).runtime.name == "onnxruntime"


def two_inputs() -> Any:
    nodes = [CONV, helper.make_node("Add", ["map", "y"], ["sum"])]
    return net(nodes, [NCHW, ("y", TensorProto.FLOAT, [1, 16, 8, 8])], [("sum", [1, 16, 8, 8])], {"w": KERNEL})


def shaped(*sizes: Any, kind: int = TensorProto.FLOAT) -> Any:
    return net([helper.make_node("Identity", ["x"], ["y"])], [("x", kind, list(sizes))], [("y", list(sizes))])


def split() -> Any:
    return net(
        [helper.make_node("Split", ["x"], ["a", "b"], axis=2)], [NCHW], [("a", [1, 3, 16, 32]), ("b", [1, 3, 16, 32])]
    )


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (two_inputs(), {"input": "x"}, "output sum needs y beside the picture"),
        (two_inputs(), {}, r"several inputs for pictures \(x, y\); say which with --input"),
        (MAP, {"input": "z"}, "no input 'z'; it has: x"),
        (MAP, {"output": "z"}, "no output 'z'; it has: map"),
        (MAP, {"side": 48}, "takes 32 x 32 pixels only, not --size 48"),
        (split(), {}, r"several outputs \(a, b\); say which with --output"),
        (shaped("n", 3), {}, r"no input of the network is a picture \(rank 4\); its inputs: x \(n, 3\)"),
        (shaped(8, 3, 32, 32), {}, "takes 8 pictures at a time; export it with a batch of 1 or any"),
        (shaped(1, 1, 32, 32), {}, "takes 1 channels as nchw, not 3; see --layout"),
        (shaped(1, 3, 32, 48), {}, "takes 48 x 32 pixels; only square ones"),
        (shaped(1, 3, 32, 32, kind=TensorProto.INT64), {}, "takes INT64; a picture goes in as float"),
        (shaped(1, 3, 32, 32, kind=TensorProto.UINT8), {}, "it normalises them itself; import it with --no-normalise"),
        (shaped("n", 3, "h", "w"), {"side": None, "crop": 1.0}, "takes any size; say which with --size"),
        (net([CONV], [NCHW], [("map", [])], {"w": KERNEL}, opset=9), {}, "uses opset 9, known are 11 to"),
        (net([CONV], [NCHW], [("map", [])], {"w": KERNEL}, opset=99), {}, "uses opset 99, known are 11 to"),
    ],
)  # fmt: skip
def test_a_network_that_can_not_be_fed_is_refused_in_one_line(
    export: Callable[..., Path], tmp_path: Path, model: Any, options: dict[str, Any], message: str
) -> None:
    given = ImportOptions(mean=(0, 0, 0), std=(1, 1, 1), **options)
    with pytest.raises((BundleError, InvalidValue), match=message) as raised:
        import_model(ImportRequest(export(model), "x", given), tmp_path / "out")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_a_text_tower_alone_is_no_image_encoder(export: Callable[..., Path], tmp_path: Path) -> None:
    file = export(replace(CLIP, text_width=16))
    with pytest.raises(BundleError, match="output text_embeds needs input_ids and attention_mask beside the picture"):
        import_model(request(file, output="text_embeds"), tmp_path / "out")
    with pytest.raises(BundleError, match="output logits_per_image needs input_ids and attention_mask"):
        import_model(request(file, output="logits_per_image"), tmp_path / "out")


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def other_bytes(file: Path) -> None:
    file.write_bytes(np.random.default_rng(0).bytes(5000))


def short_data(file: Path) -> None:
    data = file.with_name("model.onnx_data")
    data.write_bytes(data.read_bytes()[:-100])


def away(location: str) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        model = onnx.load(str(file), load_external_data=False)
        for entry in model.graph.initializer[0].external_data:
            if entry.key == "location":
                entry.value = location
        file.write_bytes(model.SerializeToString())

    return damage


@pytest.mark.parametrize(
    ("outside", "damage", "message"),
    [
        (False, truncated, "is damaged or no ONNX file; export or copy it again"),
        (False, other_bytes, "is damaged or no ONNX file"),
        (False, lambda file: file.write_bytes(b""), "holds no network"),
        (False, lambda file: file.unlink(), "is no file|can't read"),
        (True, lambda file: file.with_name("model.onnx_data").unlink(), "model.onnx_data are missing; copy them"),
        (True, short_data, r"model\.onnx_data is cut short or not this model's: tensor .* isn't in it"),
        (True, away("../secret"), "outside of the model's folder; it is refused"),
        (True, away("/etc/passwd"), "outside of the model's folder; it is refused"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(
    export: Callable[..., Path], tmp_path: Path, outside: bool, damage: Callable[[Path], Any], message: str
) -> None:
    file = export(CLIP, outside=outside)
    damage(file)
    with pytest.raises(BundleError, match=message) as raised:
        import_model(request(file), tmp_path / "out")
    assert "\n" not in str(raised.value)


def constant() -> Any:
    zero = helper.make_node("Mul", ["map", "zero"], ["nothing"])
    one = helper.make_node("Add", ["nothing", "one"], ["out"])
    weights = {"w": KERNEL, "zero": np.zeros(1, np.float32), "one": np.ones(1, np.float32)}
    return net([CONV, zero, one], [NCHW], [("out", [1, 16, 8, 8])], weights)


def infinite() -> Any:
    return net(
        [CONV, helper.make_node("Div", ["map", "zero"], ["out"])],
        [NCHW],
        [("out", [1, 16, 8, 8])],
        {"w": KERNEL, "zero": np.zeros(1, np.float32)},
    )


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (constant(), "gives the same feature for different pictures"),
        (infinite(), "puts out numbers that are not finite"),
    ],
)
def test_what_is_no_encoder_is_refused(export: Callable[..., Path], tmp_path: Path, model: Any, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        import_model(request(export(model), preset="imagenet", side=None), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_network_no_runtime_knows_is_refused_with_both_reasons(export: Callable[..., Path], tmp_path: Path) -> None:
    odd = helper.make_node("Dream", ["map"], ["out"], domain="somebody.else")
    model = net([CONV, odd], [NCHW], [("out", [1, 16, 8, 8])], {"w": KERNEL}, domains=("somebody.else",))
    with pytest.raises(
        RuntimeUnavailable, match=r"no runtime can execute the network: onnxruntime .*Dream.*; openvino "
    ) as raised:
        import_model(request(export(model), preset="imagenet", side=None), tmp_path / "out")
    assert "\n" not in str(raised.value)


def test_a_runtime_that_dies_is_a_sentence(
    export: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, _, _ = wrapped(export(CLIP), tmp_path / "out", SIDE)
    (tmp_path / "sitecustomize.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(RuntimeUnavailable, match="onnxruntime died of this network by SIGKILL: the memory"):
        probe(network, "onnxruntime", pictures(), 1)


def test_nothing_but_itself_is_replaced(export: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "mine.jpg").write_bytes(b"x")
    with pytest.raises(BundleError, match="exists and is no bundle"):
        import_model(request(export(CLIP)), tmp_path / "photos")
    assert (tmp_path / "photos" / "mine.jpg").exists()


def test_imports_do_not_meet_and_clear_up_after_a_killed_one(export: Callable[..., Path], tmp_path: Path) -> None:
    file, models = export(CLIP), tmp_path / "models"
    (models / ".importing-dead" / "bundle").mkdir(parents=True)
    with FileLock(models / ".importing-lock"), pytest.raises(EncoderError, match=r"another import into .* is running"):
        import_model(request(file), models / "vit")
    assert (models / ".importing-dead").exists()
    with pytest.raises(BundleError, match=r"--pooling gem doesn't fit it, none does"):
        import_model(request(file, pooling="gem"), models / "vit")
    assert [path.name for path in models.iterdir()] == [".importing-lock"]


def test_a_disk_that_is_too_small_is_said_before(
    export: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10_000_000))
    with pytest.raises(NoSpace, match=r"has 10 MB free, 17 MB are needed; make room, or name a folder .* --to"):
        import_model(request(export(CLIP)), tmp_path / "out")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(onnx_file, "_take_in", full_disk)
    with pytest.raises(NoSpace, match="is full; make room, then import again"):
        import_model(request(export(CLIP, outside=True, name="second")), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def full_disk(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_name_that_is_none_and_a_missing_extra(
    export: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = export(CLIP)
    with pytest.raises(InvalidValue, match=r"--name '\.\./x' is not a plain name"):
        import_model(request(file, "../x"), tmp_path / "out")
    with pytest.raises(InvalidValue, match="--preset 'siglip' is unknown; use clip, dinov2, imagenet"):
        import_model(request(file, preset="siglip"), tmp_path / "out")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(EncoderError, match=r"pip install 'edge-search\[build\]'"):
        import_model(request(file), tmp_path / "out")


def command(home: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge_search", "--home", str(home), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_sample_catalog_is_indexed_and_searched_with_an_imported_vit(
    export: Callable[..., Path], tmp_path: Path
) -> None:
    file, home = export(replace(CLIP, width=64, projection=48), outside=True), tmp_path / "home"
    done = command(home, "model", "import", file, "--name", "small-clip", "--preset", "clip", "--size", 64, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["name"], made["dimension"], made["left_out"]) == ("small-clip", 48, {})
    use = {"EDGE_SEARCH_MODEL": "small-clip"}
    listed = json.loads(command(home, "model", "list", "--json", **use).stdout)
    assert {entry["name"]: entry["active"] for entry in listed}["small-clip"]
    indexed = command(home, "index", REPOSITORY / "catalog", "--json", **use)
    assert json.loads(indexed.stdout)["products"] == 43, indexed.stderr
    photo = next((REPOSITORY / "catalog" / "MPD-MUG-FOX").glob("*.jpg"))
    answer = json.loads(command(home, "search", photo, "--json", **use).stdout)
    assert answer["hits"][0]["sku"] == "MPD-MUG-FOX"
    assert answer["encoder"] == f"small-clip@{made['fingerprint']}"
    status = json.loads(command(home, "status", "--json").stdout)
    assert "small-clip" in json.dumps(status["encoder"])
    card = command(home, "model", "card", "small-clip", **use)
    assert "# small-clip" in card.stdout
    assert "canary right on openvino, onnxruntime" in command(home, "model", "verify", "small-clip", **use).stdout


def test_the_command_says_what_is_missing_in_one_line(export: Callable[..., Path], tmp_path: Path) -> None:
    file = export(CLIP)
    failed = command(tmp_path / "home", "model", "import", file, "--name", "x")
    assert failed.returncode == 2
    assert failed.stderr.splitlines()[-1].startswith(
        "edge-search: nothing says how pixels are normalised: give --preset"
    )
    taken = command(tmp_path / "home", "model", "import", file, "--name", "efficientnet-lite2-int8", "--preset", "clip")
    assert taken.returncode == 2
    assert "is taken by the bundle" in taken.stderr
    bad = command(tmp_path / "home", "model", "import", file, "--name", "x", "--mean", "0.5,0.5")
    assert bad.returncode == 2
    assert "has 2 numbers, not one or three" in bad.stderr
