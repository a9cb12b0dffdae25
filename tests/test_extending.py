"""Each thing that CONTRIBUTING says can be added is one file and one line in a registry."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from shutil import copytree
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import bioassay_mtl as bm
from bioassay_mtl.chem.fingerprints import fingerprints
from bioassay_mtl.datasets import recipes
from bioassay_mtl.models.companions import companions
from bioassay_mtl.models.model import Model
from bioassay_mtl.nn.architectures.base import networks
from bioassay_mtl.nn.resident import residents
from bioassay_mtl.nn.stacking import stackings
from bioassay_mtl.panels.known_layouts import layouts
from bioassay_mtl.registry import Registry
from bioassay_mtl.screening.annotators import annotators
from bioassay_mtl.screening.options import ScreenOptions
from bioassay_mtl.screening.pipeline import screen
from bioassay_mtl.screening.writers import formats
from bioassay_mtl.tables import read_records
from bioassay_mtl.tables.records import table_formats
from bioassay_mtl.tables.table import read_table
from tests.test_house import PACKAGE, ROOT

EXAMPLE = ROOT / "examples" / "plugin" / "bioassay_plugin"
BY_EXAMPLE = {"fingerprint", "expert", "gate", "balancer", "metric", "split"}
"""Of these there is a file in ``examples/plugin``, used by the tests of plug-ins."""
FILES = {"molecule_or_panel_format": "file_format", "layout_of_panels": "layout"}
REGISTRIES: tuple[Registry[Any], ...] = (
    companions,
    annotators,
    fingerprints,
    networks,
    residents,
    formats,
    layouts,
    stackings,
    table_formats,
)
PANEL = ROOT / "datasets" / "example_panel.csv"


def rows_of_the_table() -> dict[str, tuple[str, str]]:
    """What CONTRIBUTING says: for each thing its folder, and its line."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| ([a-z ]+) \| `([a-z_/]+)` \| (.+?) \| .+ \|$", text, re.MULTILINE)
    return {name: (folder, line) for name, folder, line in found}


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package of its own, known as long as a test takes."""
    copytree(Path(__file__).parent / "toys", tmp_path / "toys")
    monkeypatch.syspath_prepend(tmp_path)
    before = {id(registry): set(registry) for registry in REGISTRIES}
    yield "toys"
    for registry in REGISTRIES:
        for name in set(registry) - before[id(registry)]:
            del registry._entries[name]
    for name in [name for name in sys.modules if name.split(".")[0] == "toys"]:
        del sys.modules[name]


def toy(toys: str, name: str) -> ModuleType:
    return import_module(f"{toys}.{name}")


def trained(network: dict[str, Any] | None = None, **inputs: dict[str, Any]) -> Model:
    """A model of one small expert, or of the network that is asked for."""
    network = network or {"experts": [{"inputs": list(inputs), "n": 1, "width": 4}]}
    settings = {"epochs": 1, "loggers": (), "fingerprints": inputs, "network": network}
    return bm.train(bm.read_panel(PANEL), settings)


def test_the_table_names_folders_and_registries_that_are_there() -> None:
    rows = rows_of_the_table()
    assert len(rows) >= 14
    for name, (folder, line) in rows.items():
        assert (PACKAGE / folder).is_dir(), name
        if registry := re.fullmatch(r"`(\w+)\.register`", line):
            sources = (path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
            found = (re.search(rf"^{registry[1]}: Registry", s, re.MULTILINE) for s in sources)
            assert any(found), registry[1]


def test_each_has_a_toy() -> None:
    named = {name.replace(" ", "_") for name in rows_of_the_table()}
    tests = Path(__file__).parent
    here = {path.stem for path in (tests / "toys").iterdir() if path.is_file()}
    assert {path.stem for path in EXAMPLE.glob("*.py")} >= BY_EXAMPLE
    assert {FILES.get(name, name) for name in named - BY_EXAMPLE - {"task_type"}} <= here
    assert (tests / "tasks" / "toy_kind.py").is_file()


def test_a_descriptor_set(toys: str) -> None:
    toy(toys, "descriptor_set")
    model = trained(sizes={"kind": "toy_sizes"})
    features = model.featurize(["CCO", "c1ccccc1"])
    np.testing.assert_array_equal(features.blocks["sizes"].values, [[3, 2], [6, 6]])
    assert model.predict(["CCO"])["status"].tolist() == ["ok"]


def test_a_feature_container(toys: str, tmp_path: Path) -> None:
    module = toy(toys, "feature_container")
    model = trained(shares={"kind": "toy_shares"})
    block = model.featurize(["CCO", "C"]).blocks["shares"]
    assert isinstance(block, module.ByteShares)
    assert block.shares.tolist() == [[170, 0, 85, 0], [255, 0, 0, 0]]
    panel = bm.Panel.from_arrays({"shares": block.take(np.array([0, 1, 0]))}, [1, 0, 1], ["a"])
    assert panel.groups().tolist() == [0, 1, 0]
    expected = model.predict(["CCO", "C"])
    again = Model.load(model.save(tmp_path / "model")).predict(["CCO", "C"])
    assert again.equals(expected)


def test_an_architecture(toys: str, tmp_path: Path) -> None:
    toy(toys, "architecture")
    model = trained({"kind": "toy_mean", "width": 8}, morgan={"kind": "morgan", "n_bits": 256})
    assert model.n_embedded == 8
    again = Model.load(model.save(tmp_path / "model"))
    assert type(again.network).__name__ == "Mean"
    assert again.predict(["CCO"]).equals(model.predict(["CCO"]))


def test_a_stacking(toys: str, tmp_path: Path) -> None:
    toy(toys, "stacking")
    groups = [{"inputs": ["morgan"], "n": 1, "width": width} for width in (8, 4)]
    gate = {"kind": "stacked", "folds": 2, "method": "toy_first"}
    network = {"experts": groups, "gate": gate}
    model = trained(network, morgan={"kind": "morgan", "n_bits": 256})
    assert model.network.mixing_weights({}).unique().tolist() == [1]
    again = Model.load(model.save(tmp_path / "model"))
    assert again.predict(["CCO"]).equals(model.predict(["CCO"]))


def test_a_companion(toys: str, tmp_path: Path) -> None:
    toy(toys, "companion")
    model = trained(morgan={"kind": "morgan", "n_bits": 256})
    model.beside["toy_remark"] = "for Ada"
    assert Model.load(model.save(tmp_path / "model")).beside["toy_remark"] == "for Ada"


def test_a_format_of_molecules(toys: str, tmp_path: Path) -> None:
    toy(toys, "file_format")
    path = tmp_path / "some.names"
    path.write_text("ethanol = CCO\nbenzene = c1ccccc1\n")
    (batch,) = read_records(path)
    assert (batch.ids, batch.structures) == (["ethanol", "benzene"], ["CCO", "c1ccccc1"])
    assert read_table(path).to_pydict() == {
        "smiles": ["CCO", "c1ccccc1"],
        "id": ["ethanol", "benzene"],
    }


def test_a_layout(toys: str, tmp_path: Path) -> None:
    toy(toys, "layout")
    path = tmp_path / "turned.csv"
    path.write_text("assay \\ molecule,CCO,CCN,C\none,1,0,\ntwo,,1,0\n")
    panel = bm.read_panel(path)
    assert (panel.tasks, panel.structures) == (("one", "two"), ["CCO", "CCN", "C"])
    assert panel.labels.tolist() == [[1, -1], [0, 1], [-1, 0]]


def test_an_output_format(toys: str, tmp_path: Path) -> None:
    toy(toys, "output_format")
    path = tmp_path / "two.smi"
    path.write_text("CCO ethanol\nc1ccccc1 benzene\n")
    model = trained(morgan={"kind": "morgan", "n_bits": 256})
    screen([path], model, tmp_path / "hits.md", ScreenOptions(workers=1))
    header, rule, *lines = (tmp_path / "hits.md").read_text().splitlines()
    assert header == f"| id | {' | '.join(model.columns)} |"
    assert set(rule) == set("| -")
    assert [line.split(" | ")[0] for line in lines] == ["| ethanol", "| benzene"]
    screen([path], model, tmp_path / "top.md", ScreenOptions(workers=1, top=1))
    assert len((tmp_path / "top.md").read_text().splitlines()) == 2 + len(model.columns)


def test_an_annotator(toys: str, tmp_path: Path) -> None:
    toy(toys, "annotator")
    (tmp_path / "in.smi").write_text("CCO a\nnonsense b\nCCCCO c\n")
    out = tmp_path / "out.csv"
    options = ScreenOptions(annotate=("toy_letters",), assays=("PCBA-1030",))
    screen([tmp_path / "in.smi"], bm.load("pcba128"), out, options)
    rows = [line.split(",") for line in out.read_text().splitlines()]
    assert rows[0][5:] == ["letters", "PCBA-1030"]
    assert [row[5] for row in rows[1:]] == ["3", "", "5"]


def test_an_adapter(toys: str) -> None:
    model = trained(morgan={"kind": "morgan", "n_bits": 256})
    found = toy(toys, "adapter").as_dictionaries(model, ["CCO"])
    assert found["CCO"].keys() == set(model.columns)


def test_a_data_set(toys: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "dataset_files", lambda: tmp_path / toys)
    recipes.recipes.cache_clear()
    try:
        found = recipes.recipe("toy_set")
    finally:
        monkeypatch.undo()
        recipes.recipes.cache_clear()
    path = tmp_path / found.file_name
    path.write_text("smiles,name,active\nCCO,a,1\nCCN,b,0\nC,c,\n")
    panel = found.read(path)
    assert (panel.tasks, panel.ids, panel.mask.sum()) == (("active",), ["a", "b", "c"], 2)
