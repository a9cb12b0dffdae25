"""The table of an evaluation puts scores beside what chance gives."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from bioassay_mtl.cli.evaluate_report import evaluation_table
from bioassay_mtl.metrics import evaluate
from bioassay_mtl.models.assay_sheet import Assay, AssaySheet

SHEET = AssaySheet(assays=(Assay(id="a", name="Kinase A"),))


@pytest.mark.parametrize(("skill", "is_noise"), [(0.0, True), (3.0, False)])
def test_scores_stand_beside_chance(skill: float, is_noise: bool) -> None:
    rng = np.random.default_rng(2)
    labels = (rng.random((200, 1)) < 0.25).astype(np.int8)
    p = 1 / (1 + np.exp(-(skill * labels + rng.normal(size=labels.shape))))
    found = evaluate(labels, p, ["a"], n_bootstrap=100)
    sink = io.StringIO()
    Console(file=sink, width=100).print(
        evaluation_table(found, n_model_assays=1, left_out=0, sheet=SHEET)
    )
    lines = {line.split()[0]: line.split() for line in sink.getvalue().splitlines() if line.strip()}
    assert lines["roc_auc"][-1] == "0.5"
    assert float(lines["average_precision"][-1]) == pytest.approx(labels.mean(), abs=1e-4)
    assert lines["brier"][-2] == "to"  # nothing is known of chance
    assert ("not to be told from chance" in sink.getvalue()) == is_noise
    assert "enrichment_factor says little: in 1 of 1 assay" in sink.getvalue()


def test_the_best_percent_of_many_molecules_needs_no_remark() -> None:
    rng = np.random.default_rng(2)
    labels = (rng.random((1000, 1)) < 0.25).astype(np.int8)
    found = evaluate(labels, rng.random((1000, 1)), ["a"])
    table = evaluation_table(found, n_model_assays=1, left_out=0, sheet=SHEET)
    assert "says little" not in str(table.caption)


def test_assays_without_two_outcomes_are_called_by_name() -> None:
    found = evaluate(np.zeros((9, 1), np.int8), np.zeros((9, 1)), ["a"])
    table = evaluation_table(found, n_model_assays=1, left_out=0, sheet=SHEET)
    assert "without an active or an inactive: a (Kinase A)" in str(table.caption)
