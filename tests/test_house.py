"""The house keeps its rules: layers import only downwards, and the metadata agree."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "bioassay_mtl"
READING = ("tables", "panels", "splits", "metrics", "datasets")
LAYERS = (
    "chem",
    "tasks",
    "domain",
    *READING,
    "confidence",
    "guarantees",
    "nn",
    "explain",
    "models",
    "balance",
    "training",
    "screening",
    "report",
    "choosing",
    "serving",
    "adapters",
    "cli",
)
TESTED = [
    "compress",
    "deepchem",
    "excel",
    "graphs",
    "onnx",
    "plots",
    "ray",
    "serve",
    "tensorboard",
    "test",
    "torchjd",
    "trees",
    "tune",
]
CONDA_NAMES = {
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "pytorch_geometric": "torch-geometric",
    "py-xgboost-cpu": "xgboost-cpu",
}


def imports(path: Path) -> Iterator[str]:
    """Modules of this package that a file imports, anywhere in it."""
    package = ["bioassay_mtl", *path.parent.relative_to(PACKAGE).parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.startswith("bioassay_mtl."))


def test_every_way_to_import_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    path = tmp_path / "chem" / "some.py"
    path.parent.mkdir()
    path.write_text(
        "import bioassay_mtl.cli.app, os\nfrom bioassay_mtl import nn\nfrom . import blocks\n"
        "from .. import cli\nfrom ..data.panel import Panel\nfrom bioassay_mtl.data import x\n"
    )
    found = {name.split(".")[1] for name in imports(path)}
    assert found == {"cli", "nn", "chem", "data"}


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_down(layer: str) -> None:
    above = LAYERS[LAYERS.index(layer) + 1 :]
    if layer == "adapters":
        above = ("cli",)
    for path in (PACKAGE / layer).rglob("*.py"):
        for name in imports(path):
            target = name.split(".")[1]
            assert target not in above, f"{path.relative_to(ROOT)} imports {name}"


def needed(path: Path) -> set[str]:
    """Modules of this package that a file imports when it runs, anywhere in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    skipped = {id(inner) for node in for_types for inner in ast.walk(node)}
    found = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }
    # A package that a name is taken from is needed; one above a module that is named is not.
    graph = {}
    for name, path in modules.items():
        found = needed(path) & modules.keys() - {name}
        above = {other for other in found if any(more.startswith(f"{other}.") for more in found)}
        graph[name] = found - above
    with pytest.raises(CycleError):  # the test can fail
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()
    TopologicalSorter(graph).prepare()


def test_base_modules_import_no_layer() -> None:
    for name in (
        "errors",
        "config",
        "files",
        "moved",
        "plugins",
        "registry",
        "remote",
        "visible",
        "wording",
    ):
        assert not {n.split(".")[1] for n in imports(PACKAGE / f"{name}.py")} & set(LAYERS)


def requirements() -> dict[str, str]:
    """Ranges of setup.cfg, of the package itself and of the extras that the set-up installs."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options"]["install_requires"].splitlines()
    for extra in TESTED:
        lines += setup["options.extras_require"][extra].splitlines()
    return dict(_requirement(line) for line in lines if line.strip())


def _requirement(line: str) -> tuple[str, str]:
    match = re.match(r"([\w.-]+)\s*([^;#]*)", line.split(";")[0])
    assert match
    return match[1].lower(), match[2].strip()


def test_conda_environment_is_in_step_with_setup_cfg() -> None:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    flat = [item for item in listed if isinstance(item, str)]
    flat += next(item["pip"] for item in listed if isinstance(item, dict))
    found = dict(_requirement(line) for line in flat)
    found = {CONDA_NAMES.get(name, name): value for name, value in found.items()}
    for name in ("python", "pip"):
        found.pop(name)
    assert found == requirements()


def test_every_requirement_has_a_tested_version() -> None:
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
    }
    assert set(requirements()) <= pinned


@pytest.mark.parametrize("layer", ["nn", "balance"])
def test_what_learns_knows_no_tables(layer: str) -> None:
    for path in (PACKAGE / layer).rglob("*.py"):
        for name in imports(path):
            assert name.split(".")[1] not in READING, f"{path.relative_to(ROOT)} imports {name}"


def test_importing_the_package_is_light() -> None:
    program = "import sys, bioassay_mtl; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_all_public_names_are_listed_and_there() -> None:
    import bioassay_mtl

    assert {*bioassay_mtl.__all__} <= {*dir(bioassay_mtl)}
    assert all(getattr(bioassay_mtl, name) is not None for name in bioassay_mtl.__all__)
