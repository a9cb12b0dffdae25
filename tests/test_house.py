"""The house keeps its rules: layers import only downwards, and the metadata agree."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
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
    "compiled",
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


def modules_of(root: Path) -> dict[str, Path]:
    """Files of a package by the names of their modules."""
    return {
        ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in root.rglob("*.py")
    }


def needed(path: Path, modules: Iterable[str]) -> set[str]:
    """Modules that a file imports, anywhere in it, for types alone too.

    A package that a name is taken from is needed; one above a module that is named is not.
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            named = (f"{node.module}.{alias.name}" for alias in node.names)
            found |= {name if name in modules else node.module for name in named}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found.intersection(modules)


def circle_in(root: Path) -> list[str]:
    """Modules of a package that import each other in a circle; none where there is none."""
    modules = modules_of(root)
    graph = {name: needed(path, modules) - {name} for name, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


@pytest.mark.parametrize(
    ("high", "low"),
    [
        ("from some.low import x", "def f(): from some.high import y"),
        ("import some.low", "if TYPE_CHECKING:\n    from some import high"),
        ("from some import low", "import some"),
    ],
)
def test_circles_of_every_sort_are_seen(high: str, low: str, tmp_path: Path) -> None:
    root = tmp_path / "some"
    root.mkdir()
    (root / "__init__.py").write_text("from some.high import y")
    (root / "high.py").write_text(high)
    (root / "low.py").write_text("from other import high")
    assert circle_in(root) == []
    (root / "low.py").write_text(low)
    assert {"some.high", "some.low"} <= {*circle_in(root)}


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle_in(PACKAGE) == []


def test_base_modules_import_no_layer() -> None:
    for name in (
        "errors",
        "config",
        "files",
        "moved",
        "plugins",
        "registry",
        "remote",
        "renamed",
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
