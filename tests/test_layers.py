"""The house's plan, walked with `ast`: who may import whom."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "edge_search"

# Each layer may import itself and those above it.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"errors"}),
    frozenset({"types", "config"}),
    frozenset({"imaging"}),
    frozenset({"catalog"}),
    frozenset({"encoder"}),
    frozenset({"local"}),
    frozenset({"store"}),
    frozenset({"fitting"}),
    frozenset({"index"}),
    frozenset({"search"}),
    frozenset({"ingest"}),
    frozenset({"sync"}),
    frozenset({"watch"}),
    frozenset({"evaluation"}),
    frozenset({"maintenance"}),
    frozenset({"appliance"}),
    frozenset({"bench"}),
    frozenset({"web"}),
    frozenset({"cli"}),
    frozenset({"__main__"}),
)
# The running appliance never imports the workshop; only the command that builds a bundle and the one that
# measures networks do, when they are run.
WORKSHOP = "modelbuild"
WORKSHOP_USERS = {"edge_search.cli.model"} | {
    f"edge_search.bench.{name}" for name in ("encoder", "networks", "torch_network")
}
WORKSHOP_MAY = {"errors", "types", "imaging", "catalog", "encoder", "fitting"}
# Heavy libraries: each in the modules that need it, so that the rest starts fast and can be tested without.
ONLY_IN = {
    "cv2": {"edge_search.local.extractor"},
    "openvino": {"edge_search.encoder.openvino_runtime"},
    "onnxruntime": {"edge_search.encoder.onnx_runtime"},
    "usearch": {"edge_search.index.hnsw"},
    "watchdog": {"edge_search.watch.observer"},
}


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append((name, path))
    return found


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports from the root"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def rank(layer: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if layer in names)


@pytest.mark.parametrize(("name", "path"), modules(), ids=[name for name, _ in modules()])
def test_a_module_imports_only_its_own_layer_and_those_above(name: str, path: Path) -> None:
    mine = room(name)
    others = {room(other) for other in imported(path) if other.split(".")[0] == "edge_search"} - {
        mine,
        "",
        "__version__",
    }
    if mine == WORKSHOP:
        assert others <= WORKSHOP_MAY
    elif mine == "":
        assert others <= {"appliance", "config", "errors"}, "the package's face opens the appliance, nothing else"
    else:
        allowed = {layer for names in LAYERS[: rank(mine)] for layer in names}
        if name in WORKSHOP_USERS or name.startswith("edge_search.cli.model"):
            allowed |= {WORKSHOP}
        assert others <= allowed, f"{name} imports {sorted(others - allowed)}"


@pytest.mark.parametrize("pair", [("store", "encoder"), ("encoder", "store")])
def test_store_and_encoder_never_meet(pair: tuple[str, str]) -> None:
    one, other = pair
    meeting = [n for n, path in modules() if room(n) == one and any(room(i) == other for i in imported(path))]
    assert meeting == []


@pytest.mark.parametrize("library", sorted(ONLY_IN))
def test_a_heavy_library_is_imported_in_one_module(library: str) -> None:
    users = {name for name, path in modules() if any(i.split(".")[0] == library for i in imported(path))}
    assert users - {n for n in users if room(n) == WORKSHOP} == ONLY_IN[library]


def test_every_layer_of_the_plan_exists_and_every_package_is_in_it() -> None:
    rooms = {room(name) for name, _ in modules()} - {""}
    assert rooms == {layer for names in LAYERS for layer in names} | {WORKSHOP}
