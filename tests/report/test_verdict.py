"""The verdict atop a model's report: by its grades, beside a quick baseline on the same rows."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bioassay_mtl.metrics.grading import grade, scores_of
from bioassay_mtl.models.model import Model
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.report import (
    Evidence,
    beside_baseline,
    beside_baselines,
    held_out,
    model_report,
    out_of_fold,
    verdict_words,
)
from bioassay_mtl.report.verdict import grades_of
from bioassay_mtl.splits import Split, split
from bioassay_mtl.training import baseline as quick
from bioassay_mtl.training.cross_validation import cross_validate
from bioassay_mtl.training.fit import train

SETTINGS = {
    "fingerprints": {"ecfp": {"kind": "morgan", "n_bits": 256}},
    "network": {"kind": "linear", "inputs": ["ecfp"]},
    "split": {"kind": "random", "fractions": [0.7, 0.0, 0.3]},
}


@pytest.fixture(scope="module")
def panel(nci_smiles: list[str]) -> Panel:
    """300 molecules: an assay that can be learned, one of noise, one of values."""
    smiles = nci_smiles[:300]
    rng = np.random.default_rng(0)
    labels = [[float("=O" in s), float(rng.random() < 0.3), float(len(s))] for s in smiles]
    kinds = ["binary", "binary", "regression"]
    return Panel.from_arrays(smiles, labels, ["oxo", "noise", "length"], kinds=kinds)


@pytest.fixture(scope="module")
def trained(panel: Panel) -> tuple[Model, Split]:
    parts = split(panel, kind="random", fractions=(0.7, 0.0, 0.3))
    return train(panel, SETTINGS, parts=parts), parts


@pytest.fixture(scope="module")
def compared(panel: Panel, trained: tuple[Model, Split]) -> Evidence:
    model, parts = trained
    return beside_baseline(held_out(model, panel, parts), panel, parts)


def test_grades_are_those_of_the_sheet(compared: Evidence) -> None:
    assert grades_of(compared) == [assay.grade for assay in compared.model.sheet.assays]
    assert grades_of(compared)[:2] == ["usable", "do not use"]
    words = verdict_words(compared)
    assert words.startswith("Verdict on 3 assays: ")
    assert "1 do not use" in words
    page = model_report(compared)
    lead, section = page.split('<section id="verdict"')[:2]
    assert words in lead
    assert re.search(r'oxo<td class="text word">usable<td>0\.9\d\d<small>', section)
    assert re.search(r'noise<td class="text word">do not use<td>', section)


def test_the_baseline_is_judged_on_the_same_cells(
    compared: Evidence, panel: Panel, trained: tuple[Model, Split]
) -> None:
    assert compared.baseline is not None
    assert compared.at is not None
    parts = trained[1]
    said = quick.QuickBaseline(panel).predictions(parts.train, compared.at)
    cells = compared.panel.cells
    np.testing.assert_array_equal(cells.value, panel.cells.take(compared.at).value)
    own = roc_auc_score(cells.of_task(0).values, said[cells.task == 0])
    found = compared.baseline.found
    assert found.values["roc_auc"][0] == pytest.approx(own)
    apart = compared.found.values["roc_auc"][:2] - found.values["roc_auc"][:2]
    assert compared.baseline.apart.values[:2] == pytest.approx(apart)
    assert "fitted to the same rows: " in verdict_words(compared)


def test_the_other_split_is_told_of_the_baseline_alone(compared: Evidence) -> None:
    assert compared.baseline is not None
    there = compared.baseline.elsewhere
    assert there is not None
    assert (there.own, there.other) == ("random", "scaffold")
    page = model_report(compared)
    assert "<h3>Random and scaffold split</h3>" in page
    assert "Scores of the baseline alone" in page
    assert "The model itself was not trained on that split" in page


@pytest.mark.soak
def test_folds_have_a_baseline_each(panel: Panel) -> None:
    found = cross_validate(panel, SETTINGS, 3)
    evidence = beside_baselines(out_of_fold(found), found)
    assert evidence.baseline is not None
    cells, fold = panel.cells, found.fold[0]
    said = [np.flatnonzero(fold == n) for n in (1, 2, 3)]
    own = np.full(len(panel), np.nan)
    for rows in said:
        rest = np.setdiff1d(np.arange(len(panel)), rows)
        predicted = quick.QuickBaseline(panel).predictions(rest, rows)
        own[rows] = predicted[panel.cells.take(rows).task == 0]
    auc = roc_auc_score(cells.of_task(0).values, own)
    assert evidence.baseline.found.values["roc_auc"][0] == pytest.approx(auc)
    assert 'id="verdict"' in model_report(evidence)


def test_rows_that_a_model_knows_give_no_verdict(
    compared: Evidence, panel: Panel, trained: tuple[Model, Split]
) -> None:
    model, parts = trained
    none = np.zeros(0, np.int64)
    learned = held_out(model, panel, Split(parts.train, none, none, len(panel)))
    assert beside_baseline(learned, panel, parts) is learned
    assert verdict_words(learned).startswith("No verdict: the model was trained on these")
    assert 'id="verdict"' not in model_report(learned)
    chose = held_out(model, panel, Split(none, parts.test, none, len(panel)))
    assert "chose the epoch" in verdict_words(chose)
    new = replace(compared, role="new", baseline=None)
    rows = compared.found.to_json()["tasks"]
    assert grades_of(new) == [grade(scores_of(row)) for row in rows]
    many = replace(new, n_known=40)
    assert verdict_words(many).startswith("No verdict: 40 of 90 molecules are among those")
    few = replace(new, n_known=4)
    assert "the verdict is a little too good" in model_report(few)


def test_a_large_panel_has_no_baseline_and_says_so(
    panel: Panel, trained: tuple[Model, Split], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, parts = trained
    monkeypatch.setattr("bioassay_mtl.report.baseline.MOST_CELLS", 629)
    found = beside_baseline(held_out(model, panel, parts), panel, parts)
    assert found.baseline is None
    assert "it is fitted to 629 measured outcomes at most, and here are 630" in model_report(found)


def test_metrics_that_are_not_defined_leave_a_dash(compared: Evidence) -> None:
    assert compared.baseline is not None
    there = compared.baseline.elsewhere
    assert there is not None
    values = {**there.found.values, "spearman": np.full(3, np.nan)}
    gone = replace(there, found=replace(there.found, values=values))
    page = model_report(replace(compared, baseline=replace(compared.baseline, elsewhere=gone)))
    assert re.search(r"Rank correlation of regression assays<td>[\d.]+<td>–", page)


def test_a_baseline_that_fails_does_not_take_the_training_with_it(
    panel: Panel,
    trained: tuple[Model, Split],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*given: object) -> None:
        raise ValueError("no numbers")

    model, parts = trained
    monkeypatch.setattr(quick.QuickBaseline, "predictions", broken)
    found = beside_baseline(held_out(model, panel, parts), panel, parts)
    assert found.baseline is None
    assert "no quick baseline: ValueError: no numbers" in caplog.text
    assert "There is no quick baseline beside it: it failed (ValueError)." in model_report(found)
