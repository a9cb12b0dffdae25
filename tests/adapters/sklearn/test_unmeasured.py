"""A task that was never measured in fit has no probability."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold, cross_validate

from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.adapters.sklearn import BioassayClassifier, BioassayRegressor
from tests.adapters.sklearn.conftest import MORGAN

QUICK = MORGAN | {"epochs": 3}
MESSAGE = "never measured in fit: absent"


def test_probabilities_are_nan(
    table: pd.DataFrame, outcomes: pd.DataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    smiles, y = table["smiles"], outcomes.assign(absent=np.nan)[["rings", "absent", "logp"]]
    with pytest.warns(UserWarning, match=MESSAGE):
        fitted = BioassayClassifier(**QUICK).fit(smiles, y)
    assert fitted.is_measured_.tolist() == [True, False, True]
    again = pickle.loads(pickle.dumps(fitted))
    for estimator in (fitted, again):
        found = estimator.predict_proba(smiles)
        assert np.isnan(found).all(axis=0).tolist() == [False, True, False]
        assert np.isfinite(found[:, [0, 2]]).all()
    pairs = again.set_params(proba="list").predict_proba(smiles)
    assert [bool(np.isnan(task).all()) for task in pairs] == [False, True, False]
    with pytest.raises(DataError, match=MESSAGE):
        fitted.predict(smiles)
    assert fitted.score(smiles, y) > 0.6
    assert fitted.score(smiles, y.fillna(1)) > 0.5
    assert "never measured in fit: 1 task" in caplog.text


def test_values_are_nan(table: pd.DataFrame) -> None:
    y = table[["rings", "logp"]].assign(absent=np.nan)
    with pytest.warns(UserWarning, match=MESSAGE):
        fitted = BioassayRegressor(**QUICK).fit(table["smiles"], y)
    found = fitted.predict(table["smiles"])
    assert np.isnan(found).all(axis=0).tolist() == [False, False, True]
    assert np.isfinite(fitted.score(table["smiles"], y))


def test_cells_without_weight_are_not_measured(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    weights = np.tile([1.0, 0.0], (160, 1))
    with pytest.warns(UserWarning, match="never measured in fit: logp"):
        fitted = BioassayClassifier(**QUICK).fit(table["smiles"], outcomes, weights)
    assert np.isnan(fitted.predict_proba(table["smiles"])).all(axis=0).tolist() == [False, True]


def test_folds_that_lack_a_task(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    y = outcomes.assign(late=outcomes["rings"].where(np.arange(160) >= 80))
    with pytest.warns(UserWarning, match="never measured in fit: late"):
        scores = cross_validate(
            BioassayClassifier(**QUICK), table["smiles"], y, cv=KFold(2), error_score="raise"
        )
    assert np.isfinite(scores["test_score"]).all()
