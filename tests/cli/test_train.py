"""``train`` and ``evaluate``: from a panel to a model folder that screens."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import COMMAND, Run
from tests.needs import installed
from tests.terminal import on_terminal

SETTINGS = """
fingerprints: {ecfp: {kind: morgan, n_bits: 256}}
network: {kind: shared_bottom, bottom: {inputs: [ecfp], width: 16}}
split: {kind: column, column: part}
epochs: 2
"""


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory, nci_smiles: list[str]) -> Path:
    """Do a molecule's atoms include nitrogen, or sulfur? The latter is often not measured."""
    path = tmp_path_factory.mktemp("panel") / "panel.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["smiles", "part", "nitrogen", "sulfur"])
        for row, smiles in enumerate(dict.fromkeys(nci_smiles[:400])):
            part = ("train", "train", "train", "valid", "test")[row % 5]
            sulfur = "" if row % 3 else int("S" in smiles)
            table.writerow([smiles, part, int("N" in smiles), sulfur])
    return path


@pytest.fixture(scope="module")
def trained(panel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder made by the real command."""
    folder = tmp_path_factory.mktemp("trained")
    settings = folder / "settings.yaml"
    settings.write_text(SETTINGS)
    out = folder / "model"
    command = [*COMMAND, "train", panel, "--out", out, "--config", settings, "--set", "epochs=3"]
    done = subprocess.run(
        [*map(str, command), "--seed", "7"], capture_output=True, text=True, check=False, timeout=90
    )
    assert done.returncode == 0, done.stderr
    assert [line[:8] for line in done.stderr.splitlines() if ", loss" in line] == [
        "epoch 1,",
        "epoch 2,",
        "epoch 3,",
    ]
    return out


def test_trained_folder_remembers_its_settings(trained: Path) -> None:
    config = json.loads((trained / "config.json").read_text())
    assert config["tasks"] == ["nitrogen", "sulfur"]
    used = config["training"]["config"]
    assert (used["epochs"], used["seed"], used["split"]["column"]) == (3, 7, "part")


def test_trained_model_screens(cli: Run, trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.smi"
    path.write_text("CCN\nCCO\n")
    done = cli("screen", path, "--model", trained, "--workers", 1)
    rows = list(csv.DictReader(done.out.splitlines()))
    assert [row["status"] for row in rows] == ["ok", "ok"]


def test_a_run_that_diverges_is_the_settings_fault(cli: Run, panel: Path, tmp_path: Path) -> None:
    settings, out = tmp_path / "settings.yaml", tmp_path / "model"
    settings.write_text(SETTINGS)
    done = cli("train", panel, "--out", out, "--config", settings, "--set", "learning_rate=1e30")
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("error: training diverged in epoch 1")
    assert "lower learning_rate" in done.err
    assert not out.exists()


def test_existing_folder_is_refused(cli: Run, panel: Path, trained: Path) -> None:
    done = cli("train", panel, "--out", trained)
    assert done.code == 2
    assert "exists" in done.err


def test_a_folder_without_permission_is_said_before_the_panel_is_read(
    cli: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    done = cli("train", "no.csv", "--out", tmp_path / "model")
    assert done.code == 2
    assert done.err.startswith(f"error: {tmp_path / 'model'}: no permission to write in")


@pytest.mark.parametrize(
    "words", ["train x.csv", "adapt x x.csv", "compress x", "dimension x.csv", "datasets fetch hiv"]
)
def test_no_folder_is_called_as_standard_output_is(cli: Run, words: str) -> None:
    done = cli(*words.split(), "--out", "-")
    assert done.code == 2
    assert "--out -: a folder is written, and - is standard output (choose another" in done.err


@pytest.mark.parametrize("joined", [[], ["--ensemble", 2], ["--folds", 2], ["--tune", 1]])
def test_settings_that_make_no_network_leave_no_folder(
    cli: Run, panel: Path, tmp_path: Path, joined: list[object]
) -> None:
    if "--tune" in joined:
        installed("optuna", "tune")
    out = tmp_path / "model"
    experts = (
        "network.experts=[{kind: mlp, inputs: [other], n: 1, width: 8}]",
        "fingerprints={ecfp: {kind: morgan, n_bits: 256}}",
    )
    sets = [word for setting in experts for word in ("--set", setting)]
    done = cli("train", panel, "--out", out, *sets, "--workers", 1, *joined)
    assert done.code == 2
    assert "unknown input 'other'" in done.err
    assert not [*tmp_path.iterdir()]


def test_evaluate_a_part(cli: Run, panel: Path, trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "metrics.json"
    done = cli(
        *("evaluate", trained, panel, "--split-column", "part", "--part", "test"),
        *("--bootstrap", 20, "--out", out, "--workers", 1),
    )
    assert done.code == 0, done.err
    assert "roc_auc" in done.out
    found = json.loads(out.read_text())
    kept = json.loads((trained / "metrics.json").read_text())["test"]
    assert found["n_molecules"] == kept["n_molecules"]
    assert found["macro"]["roc_auc"] == pytest.approx(kept["macro"]["roc_auc"])
    assert found["macro"]["roc_auc_low"] <= found["macro"]["roc_auc_high"]


def test_evaluate_knows_the_molecules_that_it_learned_from(
    cli: Run, panel: Path, trained: Path, tmp_path: Path
) -> None:
    done = cli("evaluate", trained, panel, "--bootstrap", 0, "--workers", 1)
    said = re.search(r"([\d,]+) of 400 rows are molecules that the model was trained on", done.err)
    assert said
    assert 320 <= int(said[1]) < 400  # the test part's own molecules are new to it
    new = tmp_path / "new.csv"
    new.write_text("smiles,nitrogen\nCC(=O)NCCCCCCCCCCCCBr,1\nCC(=O)CCCCCCCCCCCCCBr,0\n")
    assert "was trained on" not in cli("evaluate", trained, new, "--workers", 1).err


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.soak
def test_evaluate_shows_what_it_does_on_a_terminal(panel: Path, trained: Path) -> None:
    command = [*COMMAND, "evaluate", trained, panel, "--bootstrap", "20", "--workers", "1"]
    shown = on_terminal(command, COLUMNS="200").terminal.decode()
    for doing in ("reading ", "predicting 400 molecules", "scoring, with 20 resamples"):
        assert doing in shown


def test_info_lists_assays(cli: Run, trained: Path) -> None:
    lines = cli("info", trained).out.splitlines()
    row = next(line for line in lines if line.split()[:1] == ["nitrogen"])
    counts = json.loads((trained / "config.json").read_text())["label_counts"]
    assert row.split()[1:3] == [str(counts[name][0]) for name in ("active", "inactive")]
    found = json.loads((trained / "metrics.json").read_text())["test"]["tasks"][0]
    assert row.split()[3:5] == [f"{found[name]:.3f}" for name in ("roc_auc", "average_precision")]
    assert row.split()[-1] in ("usable", "weak", "use")


def test_info_lists_many_assays_where_asked(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert "PCBA-1471" not in cli("info", "pcba128").out
    lines = cli("info", "pcba128", "--assays").out.splitlines()
    (row,) = (line for line in lines if "PCBA-1471" in line)
    assert row.split()[1:3] == ["39", "30,658"]
    assert "Huntington" in row


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--split-column", "prt", "--part", "test"], "did you mean 'part'"),
        (["--split-column", "part", "--part", "tst"], "did you mean 'test'"),
        (["--part", "test"], "belong together"),
    ],
)
def test_faults_of_evaluate(
    cli: Run, panel: Path, trained: Path, arguments: list[str], message: str
) -> None:
    done = cli("evaluate", trained, panel, *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_panel_without_the_assays_of_the_model(cli: Run, panel: Path, model_folder: Path) -> None:
    done = cli("evaluate", model_folder, panel)
    assert done.code == 2
    assert "none of the model's 5 assays, such as 'PCBA-1'" in done.err


def test_print_config_is_itself_a_config(cli: Run, tmp_path: Path) -> None:
    first = cli("train", "--print-config", "--set", "epochs=7", "--set", "split.kind=scaffold")
    path = tmp_path / "again.yaml"
    path.write_text(first.out)
    values = yaml.safe_load(first.out)
    assert (values["epochs"], values["split"]["kind"]) == (7, "scaffold")
    assert cli("train", "--print-config", "--config", path).out == first.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "epoch=3"], "unknown key 'epoch' (did you mean 'epochs'?)"),
        (["--set", "epochs"], "--set needs KEY=VALUE, found 'epochs'"),
        (["--set", "epochs=many"], "epochs"),
        (["--set", "network.gate.kind=linea"], "unknown gate 'linea' (did you mean 'linear'?)"),
        (["--balance", "summ"], "unknown balancer 'summ' (did you mean 'sum'?)"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
        ([], "training needs a PANEL and an --out FOLDER"),
    ],
)
def test_faults_of_train(cli: Run, arguments: list[str], message: str) -> None:
    done = cli("train", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
