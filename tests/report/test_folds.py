"""The report of a model trained by folds."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bioassay_mtl.panels import Panel
from bioassay_mtl.report import model_report, out_of_fold
from bioassay_mtl.training.cross_validation import CrossValidation, cross_validate

SETTINGS = {
    "fingerprints": {"morgan": {"kind": "morgan", "n_bits": 64}},
    "network": {"experts": [{"inputs": ["morgan"], "n": 1, "width": 8}]},
    "split": {"kind": "random", "fractions": [0.8, 0.1, 0.1]},
    "epochs": 1,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def found(nci_smiles: list[str]) -> CrossValidation:
    smiles = [*nci_smiles[:79], "not a molecule"]
    amine, length = [float("N" in s) for s in smiles], [float(len(s)) for s in smiles]
    never = [np.nan] * 79 + [1.0]
    labels = np.array([amine, length, never]).T
    tasks, kinds = ["amine", "length", "never"], ["binary", "regression", "binary"]
    return cross_validate(Panel.from_arrays(smiles, labels, tasks, kinds=kinds), SETTINGS, 3, 2)


def test_the_page_tells_mean_and_spread_of_the_folds(found: CrossValidation) -> None:
    html = model_report(out_of_fold(found))
    section = html[html.index('<section id="folds"') : html.index('<section id="experts"')]
    assert "3 folds, 2 times" in section
    amine, length, never = found.model.metrics["out_of_fold"]["tasks"]
    for row, metric in ((amine, "roc_auc"), (length, "rmse")):
        shown = f"{row[metric]:.3f} ± {row[metric + '_sd']:.3f}"
        assert re.search(rf"{row['task']}<td>6.*<td>{re.escape(shown)}", section)
    assert never["n_folds"] == 0
    assert re.search(r"never<td>0<td>–", section)
    assert "Subsets are folds here" in html
    assert "none was held out" not in html


def test_the_evidence_is_the_mean_of_the_repeats(found: CrossValidation) -> None:
    evidence = out_of_fold(found)
    assert (len(evidence.panel), evidence.left_out) == (79, 1)
    np.testing.assert_allclose(evidence.predictions, found.predictions[:, :79].mean(axis=0))


def test_other_pages_have_no_such_section(found: CrossValidation) -> None:
    found.model.metrics, kept = {}, found.model.metrics
    try:
        assert 'id="folds"' not in model_report(out_of_fold(found))
    finally:
        found.model.metrics = kept
