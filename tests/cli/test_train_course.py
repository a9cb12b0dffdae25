"""``train`` with ``--from``, ``--ensemble``, ``--tune`` and ``--folds``; and Ctrl-C."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Run
from tests.needs import installed

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
    path.write_text("\n".join(["smiles,nitrogen", *rows]) + "\n")
    return path


@pytest.mark.soak
def test_a_tuned_ensemble_from_another_model(cli: Run, panel: Path, tmp_path: Path) -> None:
    installed("optuna", "tune")
    settings = tmp_path / "settings.yaml"
    settings.write_text(SETTINGS)
    source, out = tmp_path / "source", tmp_path / "model"
    done = cli("train", panel, "--out", source, "--config", settings, "--workers", 1)
    assert done.code == 0, done.err
    command = ["train", panel, "--out", out, "--from", source, "--ensemble", 2, "--tune", 2]
    changes = ["--set", "epochs=1", "--set", "network.experts.0.dropout=0.2"]
    done = cli(*command, *changes, "--workers", 1)
    assert done.code == 0, done.err
    lines = [line.split(", loss")[0] for line in done.err.splitlines() if ", loss" in line]
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


@pytest.mark.soak
def test_folds_make_a_model_and_judge_every_row(cli: Run, panel: Path, tmp_path: Path) -> None:
    settings, out = tmp_path / "settings.yaml", tmp_path / "model"
    settings.write_text(SETTINGS)
    command = ["train", panel, "--out", out, "--config", settings, "--workers", 1]
    done = cli(*command, "--folds", 3, "--repeats", 2)
    assert done.code == 0, done.err
    lines = [line.split(", epoch")[0] for line in done.err.splitlines() if "epoch 1," in line]
    assert lines == [f"fold {number}" for number in range(1, 7)]
    rows = (out / "predictions.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 * 100
    metrics = json.loads((out / "metrics.json").read_text())["out_of_fold"]
    assert metrics["n_folds"] == 6
    assert metrics["tasks"][0]["roc_auc_sd"] > 0
    page = (out / "report.html").read_text()
    assert "3 folds, 2 times" in page
    assert "Cross-validation" in page
    assert cli("evaluate", out, panel, "--bootstrap", 0, "--workers", 1).code == 0
    told = cli("info", out)
    assert "roc_auc_sd" in told.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--repeats", 2], "--repeats needs --folds"),
        (["--jobs", 2, "--effort", "quick"], "--jobs needs several trainings"),
        (["--folds", 3, "--ensemble", 2], "leave out --ensemble"),
        (["--folds", 3, "--tune", 2], "search first"),
        (["--folds", 3, "--set", "split.kind=column"], "'column' has no folds"),
        (["--folds", 101], "too few for 101 folds"),
    ],
)
@pytest.mark.cases(2)
def test_what_does_not_go_with_folds(
    cli: Run, panel: Path, tmp_path: Path, options: list[object], message: str
) -> None:
    done = cli("train", panel, "--out", tmp_path / "model", *options)
    assert done.code == 2
    assert message in done.err
    assert not [*tmp_path.iterdir()]


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


@pytest.mark.parametrize("option", [[], ["--ensemble", "2"], ["--tune", "2"], ["--folds", "2"]])
@pytest.mark.cases(2)
def test_interrupted_says_how_to_go_on(
    cli: Run, panel: Path, tmp_path: Path, option: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "--tune" in option:
        installed("optuna", "tune")
    settings, out = tmp_path / "settings.yaml", tmp_path / "model"
    settings.write_text(SETTINGS)
    monkeypatch.setattr(
        "bioassay_mtl.cli.train.shown_epochs", lambda *_, **__: nullcontext(interrupt)
    )
    command = ["train", panel, "--out", out, "--config", settings, "--workers", 1, *option]
    done = cli(*command, "--set", "epochs=3")
    place = f"{out}.training keeps what is done"
    last = f"interrupted: {place}; the same command with --resume goes on from there"
    assert (done.code, done.err.splitlines()[-1]) == (130, last)
    assert "holds an unfinished run: resume it" in cli(*command).err, "which would be refused"


@pytest.mark.parametrize("option", [[], ["--ensemble", "2"], ["--tune", "2"], ["--folds", "2"]])
@pytest.mark.cases(2)
def test_a_run_that_has_ended_is_complete(
    cli: Run, panel: Path, tmp_path: Path, option: list[str]
) -> None:
    if "--tune" in option:
        installed("optuna", "tune")
    settings, out = tmp_path / "settings.yaml", tmp_path / "model"
    settings.write_text(SETTINGS)
    command = ["train", panel, "--out", out, "--config", settings, "--workers", 1, *option]
    assert cli(*command).code == 0
    names = {"report.html", "trials.csv", "predictions.csv"} & {p.name for p in out.iterdir()}
    assert names == {"report.html", *EXTRA.get(option[0] if option else "", ())}
    report = (out / "report.html").read_bytes()
    done = cli(*command, "--resume")
    assert done.code == 0
    assert done.err.splitlines()[-1] == f"{out} is complete: nothing is left to do"
    assert (out / "report.html").read_bytes() == report
    done = cli(*command, "--resume", "--seed", 5)
    assert done.code == 2
    assert "is complete, and of a run with other settings or other data" in done.err


EXTRA = {"--tune": ["trials.csv"], "--folds": ["predictions.csv"]}


def interrupt(record: Mapping[str, float]) -> None:
    """Ctrl-C in the second epoch, for the first one is kept."""
    if record["epoch"] == 2:
        raise KeyboardInterrupt


def test_interrupted_before_anything_is_kept(
    cli: Run, panel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bioassay_mtl.training.fit.fit", lambda *_: interrupt({"epoch": 2}))
    done = cli("train", panel, "--out", tmp_path / "model", "--workers", 1)
    assert (done.code, done.err.splitlines()[-1]) == (130, "interrupted")
