"""``train`` with no options: what is chosen for the panel, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import bioassay_mtl as bm
from bioassay_mtl.config import TODAY
from bioassay_mtl.training.defaults import settled
from tests.cli.conftest import Run
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory, nci_smiles: list[str]) -> Path:
    """Does a molecule have a ring?"""
    path = tmp_path_factory.mktemp("panel") / "rings.csv"
    rows = [f"{smiles},{int('1' in smiles)}\n" for smiles in dict.fromkeys(nci_smiles[:80])]
    path.write_text("smiles,ring\n" + "".join(rows))
    return path


def shown(cli: Run, *arguments: Any) -> dict[str, Any]:
    done = cli("train", "--print-config", *arguments)
    assert done.code == 0, done.err
    values: dict[str, Any] = yaml.safe_load(done.out)
    return values


def test_print_config_shows_what_is_in_effect_for_a_panel(cli: Run, panel: Path) -> None:
    in_effect = shown(cli, panel)
    found, _ = settled(None, bm.Panel.read(panel), stacks=True)
    assert in_effect == found.model_dump(mode="json", context=TODAY)
    assert "descriptors" in in_effect["fingerprints"]
    assert "descriptors" not in shown(cli)["fingerprints"]


def test_what_is_set_wins(cli: Run, panel: Path, tmp_path: Path) -> None:
    rule = shown(cli, panel, "--effort", "quick")
    file = tmp_path / "settings.yaml"
    file.write_text("epochs: 4\nsplit: {kind: scaffold}\n")
    places = ("--set", "network.experts.1.n=5", "--set", "fingerprints.morgan.n_bits=512")
    found = shown(cli, panel, "--config", file, *places, "--seed", 3)
    assert (found["epochs"], found["split"]["kind"], found["split"]["seed"]) == (4, "scaffold", 3)
    assert found["split"]["fractions"] == rule["split"]["fractions"]
    assert found["fingerprints"]["morgan"]["n_bits"] == 512
    assert found["fingerprints"].keys() == rule["fingerprints"].keys()
    changed = [group["n"] for group in found["network"]["experts"]]
    assert changed == [*[group["n"] for group in rule["network"]["experts"]][:1], 5]


def test_a_change_within_experts_asks_for_the_network_alone(cli: Run) -> None:
    many = REPOSITORY / "datasets" / "example_panel.csv"
    assert shown(cli, many)["network"]["kind"] == "stacked"
    found = shown(cli, many, "--set", "network.experts.0.width=64")["network"]
    assert (found["kind"], found["experts"][0]["width"]) == ("mmoeex", 64)
    found = shown(cli, many, "--set", "network.members.0.n_trees=7")["network"]
    assert (found["kind"], found["members"][0]["n_trees"]) == ("stacked", 7)
    found = shown(cli, many, "--set", "network.gate.method=mean", "--set", "network.gate.folds=3")
    assert found["network"]["gate"] == {"kind": "stacked", "folds": 3, "method": {"kind": "mean"}}
    assert shown(cli, many, "--effort", "quick")["network"]["kind"] == "mmoeex"
    assert shown(cli, many, "--ensemble", 2)["network"]["kind"] == "mmoeex"


@pytest.mark.parametrize(
    "change",
    [(), ("--set", "network.experts.0.dropout=0.3"), ("--set", "inputs.descriptors.names=[MolWt]")],
)
def test_a_warm_start_keeps_its_inputs(cli: Run, panel: Path, change: tuple[str, ...]) -> None:
    found = shown(cli, panel, "--from", "pcba128", *change)
    assert set(found["fingerprints"]) == {"morgan", "torsion", "atom_pair", "descriptors"}
    factors = [group["learning_rate_factor"] for group in found["network"]["experts"]]
    assert factors == [0.1, 0.1, 0.1, 1.0]


@pytest.mark.soak
def test_an_own_input_is_named_beside_the_chosen_ones(
    cli: Run, panel: Path, tmp_path: Path
) -> None:
    own = "--set", "inputs.mine.kind=maccs", "--set", "epochs=1"
    done = cli("train", panel, "--out", tmp_path / "mine", "--workers", 1, *own)
    assert "6 experts of 200 units on morgan, descriptors, mine" in done.err


@pytest.mark.soak
def test_python_does_the_same(cli: Run, panel: Path, tmp_path: Path) -> None:
    done = cli("train", panel, "--out", tmp_path / "mine", "--workers", 1, "--set", "epochs=3")
    assert done.code == 0, done.err
    (line,) = [line for line in done.err.splitlines() if " rows: " in line]
    mine, same = bm.load(tmp_path / "mine"), bm.train(bm.Panel.read(panel), {"epochs": 3})
    assert mine.training["chosen"] == same.training["chosen"] == line
    assert mine.training["config"] == same.training["config"]
    assert mine.predict(["c1ccccc1N", "CCO"]).equals(same.predict(["c1ccccc1N", "CCO"]))
