"""The quick baseline."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bioassay_mtl.errors import InputError
from bioassay_mtl.panels.panel import Panel
from bioassay_mtl.training.baseline import QuickBaseline


@pytest.fixture(scope="module")
def panel(nci_smiles: list[str]) -> Panel:
    """200 molecules, one of which is none; how many carbons, and is there an oxo group?"""
    smiles = [*nci_smiles[:199], "no molecule"]
    labels = [[float("=O" in text), float(text.upper().count("C"))] for text in smiles]
    labels[0][0] = np.nan
    return Panel.from_arrays(smiles, labels, ["n", "c"], kinds=["binary", "regression"])


def test_it_learns_from_some_rows_and_is_asked_of_others(panel: Panel) -> None:
    baseline = QuickBaseline(panel)
    train, asked = np.r_[np.arange(150), 199], np.arange(150, 199)
    said = baseline.predictions(train, asked)
    cells = panel.cells.take(asked)
    assert said.shape == (cells.n_cells,)
    n, c = (said[cells.task == task] for task in (0, 1))
    assert roc_auc_score(cells.of_task(0).values, n) > 0.9
    assert np.corrcoef(cells.of_task(1).values, c)[0, 1] > 0.8
    np.testing.assert_array_equal(said, QuickBaseline(panel).predictions(train, asked))


def test_it_says_where_nothing_can_be_fitted(panel: Panel) -> None:
    with pytest.raises(InputError, match="no row is left to fit to"):
        QuickBaseline(panel).predictions(np.array([199]), np.arange(3))
