"""The last lines of a training: what it learned from, how good it is, where to read more."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from bioassay_mtl.cli.outcome import scores
from bioassay_mtl.metrics import evaluate
from tests.cli.conftest import Run
from tests.needs import installed

SETTINGS = """
fingerprints: {ecfp: {kind: morgan, n_bits: 256}}
network: {kind: shared_bottom, bottom: {inputs: [ecfp], width: 16}}
split: {kind: random, fractions: [0.6, 0.2, 0.2]}
epochs: 3
"""
NUMBER = r"\d\.\d{3}"


@pytest.fixture
def panel(tmp_path: Path, nci_smiles: list[str]) -> Path:
    """100 molecules, one of which is none; do their atoms include nitrogen?"""
    path = tmp_path / "panel.csv"
    smiles = [*dict.fromkeys(nci_smiles[:120])][:99]
    rows = [[text, int("N" in text), int("S" in text)] for text in smiles]
    with path.open("w", newline="") as file:
        header = ["smiles", "nitrogen", "sulfur"]
        csv.writer(file).writerows([header, *rows, ["no molecule", 1, 0]])
    (tmp_path / "settings.yaml").write_text(SETTINGS)
    return path


def test_train_tells_scores_rows_time_and_report(cli: Run, panel: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    done = cli("train", panel, "--out", out, "--config", tmp_path / "settings.yaml")
    assert done.code == 0, done.err
    assert re.search(
        r"^about [\d.]+ s at most: 3 epochs [\d.]+ s, features of molecules [\d.]+ s$",
        done.err,
        re.M,
    )
    first, second, grades, third = done.err.splitlines()[-4:]
    assert re.fullmatch(
        re.escape(f"{out}: a model of 2 assays, learned from ")
        + r"\d+ of 100 rows, \d+ chose the best epoch, 1 could not be used; took [\d.]+ (s|min)",
        first,
    )
    assert re.match(
        rf"held-out test molecules \(\d+\): ROC-AUC {NUMBER} \({NUMBER} to {NUMBER}, 0.5 by chance"
        rf"\), average precision {NUMBER} \({NUMBER} to {NUMBER}, [\d.]+ by chance\), mean of 2 of "
        "2 binary assays",
        second,
    )
    assert re.fullmatch(
        r"Verdict on 2 assays: (\d (usable|weak|do not use)(, )?)+\. Against a linear model of "
        r"Morgan counts, fitted to the same rows: (?:(better|level|worse) in \d(, )?)+\.",
        grades,
    )
    assert third == f"read {out / 'report.html'}"
    assert (out / "report.html").is_file()


def test_a_search_tells_what_won_and_writes_its_trials(
    cli: Run, panel: Path, tmp_path: Path
) -> None:
    installed("optuna", "tune")
    out = tmp_path / "model"
    settings = tmp_path / "settings.yaml"
    done = cli("train", panel, "--out", out, "--config", settings, "--tune", 3)
    assert done.code == 0, done.err
    won = re.search(r"^trial (\d) of 3 won with ([\d.]+) .*: (learning_rate=.*)$", done.err, re.M)
    assert won
    with (out / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == ["1", "2", "3"]
    (best,) = (row for row in rows if row["best"] == "1")
    assert best["trial"] == won[1]
    assert float(best["score"]) == pytest.approx(float(won[2]), rel=1e-3)
    assert float(best["score"]) == max(float(row["score"]) for row in rows)
    assert float(best["learning_rate"]) == pytest.approx(
        float(won[3].partition("=")[2].partition(",")[0]), rel=1e-3
    )


def test_noise_is_called_noise() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random((200, 2)) < 0.3).astype(np.int8)
    noise = rng.random((200, 2)).astype(np.float32)
    said = scores(evaluate(labels, noise, ["a", "b"], n_bootstrap=50), "binary")
    assert said.endswith(", mean of 2 of 2 binary assays: not to be told from chance")
    said = scores(evaluate(labels, labels.astype(np.float32), ["a", "b"], n_bootstrap=50), "binary")
    assert "chance" in said
    assert "not to be told" not in said


def test_one_outcome_has_no_score() -> None:
    labels = np.ones((5, 1), dtype=np.int8)
    found = evaluate(labels, np.full((5, 1), 0.5, np.float32), ["a"], n_bootstrap=5)
    assert "nothing can be scored" in scores(found, "binary")
