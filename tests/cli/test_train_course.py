"""``train`` with ``--from``, ``--ensemble`` and ``--tune``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Run

SETTINGS = """
fingerprints: {ecfp: {kind: morgan, n_bits: 128}}
network: {experts: [{inputs: [ecfp], n: 2, width: 8}]}
epochs: 1
device: cpu
"""


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory, nci_smiles: list[str]) -> Path:
    path = tmp_path_factory.mktemp("panel") / "panel.csv"
    rows = [f"{smiles},{int('N' in smiles)}" for smiles in nci_smiles[:100]]
    path.write_text("\n".join(["smiles,has_N", *rows]) + "\n")
    return path


def test_a_tuned_ensemble_from_another_model(cli: Run, panel: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS)
    source, out = tmp_path / "source", tmp_path / "model"
    done = cli("train", panel, "--out", source, "--config", settings, "--workers", 1)
    assert done.code == 0, done.err
    command = ["train", panel, "--out", out, "--from", source, "--ensemble", 2, "--tune", 2]
    changes = ["--set", "epochs=1", "--set", "network.experts.0.dropout=0.2"]
    done = cli(*command, *changes, "--workers", 1)
    assert done.code == 0, done.err
    lines = [line.split(", loss")[0] for line in done.err.splitlines() if "epoch" in line]
    assert lines == [
        "trial 1, epoch 1",
        "trial 2, epoch 1",
        "member 1, epoch 1",
        "member 2, epoch 1",
    ]
    training = json.loads((out / "config.json").read_text())["training"]
    assert len(training["members"]) == 2
    assert training["tuning"]["trials"][0]["settings"]["dropout"] == 0.2
    assert training["start_from"]["name"] == "source"
    assert training["config"]["network"]["experts"][0]["learning_rate_factor"] < 1
    assert (out / "report.html").exists()


def test_printed_settings_are_those_taken_over(cli: Run) -> None:
    done = cli("train", "--from", "pcba128", "--print-config")
    shown = yaml.safe_load(done.out)
    assert shown["start_from"] == "pcba128"
    assert {g["learning_rate_factor"] < 1 for g in shown["network"]["experts"]} == {True}


def test_an_unknown_model_is_one_line(cli: Run, panel: Path, tmp_path: Path) -> None:
    done = cli("train", panel, "--out", tmp_path / "model", "--from", "pcba")
    assert done.code == 2
    assert "'pcba' is no model and no folder" in done.err
    assert len(done.err.strip().splitlines()) == 1
