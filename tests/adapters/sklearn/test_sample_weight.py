"""Weights of samples and of cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, r2_score, roc_auc_score
from sklearn.model_selection import KFold, cross_validate

from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.adapters.sklearn import BioassayClassifier, BioassayRegressor, MacroScorer
from tests.adapters.sklearn.conftest import MORGAN

QUICK = MORGAN | {"epochs": 3}


def test_weight_zero_is_not_there(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    smiles, kept = table["smiles"], np.arange(160) % 3 > 0
    expected = BioassayClassifier(**QUICK).fit(smiles[kept], outcomes[kept])
    found = BioassayClassifier(**QUICK).fit(smiles, outcomes, sample_weight=kept * 1.0)
    np.testing.assert_array_equal(found.predict_proba(smiles), expected.predict_proba(smiles))
    assert found.model_.label_counts == expected.model_.label_counts
    cells = np.ones((160, 2))
    cells[~kept, 0] = 0
    expected = BioassayClassifier(**QUICK).fit(
        smiles, outcomes.assign(rings=outcomes["rings"].where(kept))
    )
    found = BioassayClassifier(**QUICK).fit(smiles, outcomes, cells)
    np.testing.assert_allclose(
        found.predict_proba(smiles), expected.predict_proba(smiles), rtol=1e-5
    )


def test_weights_of_samples_are_those_of_their_cells(
    table: pd.DataFrame, outcomes: pd.DataFrame
) -> None:
    weights = np.where(outcomes["rings"] == 1, 8.0, 0.5)
    by_cell = np.repeat(weights[:, None], 2, axis=1)
    fits = [
        BioassayClassifier(**QUICK).fit(table["smiles"], outcomes, sample_weight=given)
        for given in (None, weights, pd.Series(weights), by_cell)
    ]
    plain, *weighed = (fit.predict_proba(table["smiles"]) for fit in fits)
    np.testing.assert_array_equal(weighed[0], weighed[1])
    np.testing.assert_array_equal(weighed[0], weighed[2])
    assert weighed[0][:, 0].mean() > plain[:, 0].mean() + 0.05


def test_one_assay_and_values(table: pd.DataFrame, measured: pd.DataFrame) -> None:
    smiles, y = table["smiles"], measured["rings"]
    heavy = np.where(y == 1, 0.1, 10.0)
    plain = BioassayClassifier(**QUICK).fit(smiles, y).predict_proba(smiles)[:, 1]
    found = BioassayClassifier(**QUICK).fit(smiles, y, heavy).predict_proba(smiles)[:, 1]
    assert found.mean() < plain.mean() - 0.05
    values = np.where(np.arange(160) % 2, 1.0, 0.0)
    up = BioassayRegressor(**QUICK).fit(smiles, values, values + 0.01).predict(smiles)
    down = BioassayRegressor(**QUICK).fit(smiles, values, 1.01 - values).predict(smiles)
    assert up.mean() > down.mean() + 0.1


def test_scores(table: pd.DataFrame, outcomes: pd.DataFrame, measured: pd.DataFrame) -> None:
    smiles, weights = table["smiles"], np.random.default_rng(0).integers(0, 4, 160)
    panel = BioassayClassifier(**QUICK).fit(smiles, outcomes)
    found = panel.predict_proba(smiles)
    expected = []
    for task, name in enumerate(outcomes):
        rows = outcomes[name].notna() & (weights > 0)
        expected.append(
            roc_auc_score(outcomes[name][rows], found[rows, task], sample_weight=weights[rows])
        )
    assert panel.score(smiles, outcomes, weights) == pytest.approx(np.mean(expected))
    assert panel.score(smiles, outcomes, weights) != panel.score(smiles, outcomes)
    one = BioassayClassifier(**QUICK).fit(smiles, measured["logp"])
    assert one.score(smiles, measured["logp"], weights) == pytest.approx(
        accuracy_score(measured["logp"], one.predict(smiles), sample_weight=weights)
    )
    values = BioassayRegressor(**QUICK).fit(smiles, table["logp"].fillna(0))
    assert values.score(smiles, table["logp"].fillna(0), weights) == pytest.approx(
        r2_score(table["logp"].fillna(0), values.predict(smiles), sample_weight=weights)
    )


def test_weights_are_cut_to_folds(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    weights = np.where(outcomes["rings"] == 1, 8.0, 0.5)
    given = {"cv": KFold(2), "params": {"sample_weight": weights}, "return_estimator": True}
    smiles = table["smiles"]
    found = cross_validate(BioassayClassifier(**QUICK), smiles, outcomes, **given)
    expected = BioassayClassifier(**QUICK).fit(smiles[80:], outcomes[80:], weights[80:])
    np.testing.assert_array_equal(
        found["estimator"][0].predict_proba(smiles), expected.predict_proba(smiles)
    )


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(5), r"must be \(160,\) or \(160, 2\), found \(5,\)"),
        (np.ones((160, 3)), r"must be \(160,\) or \(160, 2\), found \(160, 3\)"),
        (-np.ones(160), "0 or more; found -1"),
        (np.full(160, np.nan), "finite, and 0 or more; found nan"),
        (["heavy"] * 160, "must be numbers"),
        (np.zeros(160), "zero in every measured cell"),
    ],
)
def test_wrong_weights(
    table: pd.DataFrame, outcomes: pd.DataFrame, weights: object, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        BioassayClassifier(**QUICK).fit(table["smiles"], outcomes, weights)
    if "zero" not in message:
        with pytest.raises(DataError, match=message):
            MacroScorer(roc_auc_score)(_Halves(), table["smiles"], outcomes, weights)


class _Halves:
    def predict_proba(self, X: pd.Series) -> np.ndarray:
        return np.full((len(X), 2), 0.5)
