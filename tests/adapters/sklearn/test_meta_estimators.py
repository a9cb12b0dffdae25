"""scikit-learn's estimators of estimators take ours, for one assay and for many."""

from __future__ import annotations

import pickle
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.adapters.sklearn import (
    BioassayClassifier,
    BioassayRegressor,
    SmilesToFingerprint,
)
from bioassay_mtl.adapters.sklearn import cross_val_predict as cross_val_predict_with_gaps
from tests.adapters.sklearn.conftest import MORGAN, small

QUICK = MORGAN | {"epochs": 3}
FOLDS = KFold(2)


@pytest.fixture(scope="module")
def smiles(table: pd.DataFrame) -> list[str]:
    return list(table["smiles"])


def out_of_fold(estimator: Any, smiles: list[str], y: Any) -> np.ndarray[Any, Any]:
    """``(n, T)`` probabilities, fold by fold."""
    found = np.zeros(y.shape)
    for train, test in FOLDS.split(smiles):
        fitted = clone(estimator).fit([smiles[i] for i in train], y[train])
        found[test] = fitted.predict_proba([smiles[i] for i in test])
    return found


def test_out_of_fold_probabilities_of_a_panel(smiles: list[str], measured: pd.DataFrame) -> None:
    estimator, y = BioassayClassifier(**QUICK), measured.to_numpy()
    expected = out_of_fold(estimator, smiles, y)
    asked = {"cv": FOLDS, "method": "predict_proba"}
    np.testing.assert_array_equal(cross_val_predict(estimator, smiles, y, **asked), expected)
    pairs = cross_val_predict(clone(estimator).set_params(proba="list"), smiles, y, **asked)
    assert [task.shape for task in pairs] == [(160, 2)] * 3
    np.testing.assert_array_equal(np.stack([task[:, 1] for task in pairs], axis=1), expected)
    labels = cross_val_predict(estimator, smiles, y, cv=FOLDS)
    np.testing.assert_array_equal(labels, expected > 0.5)


def test_out_of_fold_probabilities_of_one_assay(smiles: list[str], measured: pd.DataFrame) -> None:
    y = np.where(measured["rings"] == 1, "cyclic", "chain")
    found = cross_val_predict(
        BioassayClassifier(**QUICK), smiles, y, cv=FOLDS, method="predict_proba"
    )
    expected = out_of_fold(BioassayClassifier(**QUICK), smiles, measured[["rings"]].to_numpy())
    np.testing.assert_allclose(found[:, 1], expected[:, 0], rtol=1e-5)
    assert found.sum(axis=1) == pytest.approx(1)


def test_out_of_fold_probabilities_with_gaps(smiles: list[str], outcomes: pd.DataFrame) -> None:
    estimator = BioassayClassifier(**QUICK)
    expected = out_of_fold(estimator, smiles, outcomes.to_numpy())
    for y in (outcomes, outcomes.to_numpy()):
        found = cross_val_predict_with_gaps(estimator, smiles, y, cv=FOLDS, method="predict_proba")
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(DataError, match=r"found 2 \(cross_val_predict of scikit-learn"):
        cross_val_predict(estimator, smiles, outcomes, cv=FOLDS, method="predict_proba")


def test_classes_that_a_fold_lacks(smiles: list[str], table: pd.DataFrame) -> None:
    y = table["rings"].clip(upper=2).map({0: "none", 1: "one", 2: "more"})
    order = np.argsort(np.where(y == "one", 1, 0), kind="stable")[-60:]
    rows, labels = [smiles[i] for i in order], y.iloc[order]
    assert labels.iloc[30:].nunique() == 1
    assert labels.iloc[:30].nunique() == 3
    folds = [(np.arange(30), np.arange(30, 60)), (np.arange(20, 60), np.arange(30))]
    with pytest.raises(DataError, match="each row into one fold"):
        cross_val_predict_with_gaps(clone(BioassayClassifier(**QUICK)), rows, labels, cv=folds[:1])
    found = cross_val_predict_with_gaps(
        BioassayClassifier(**QUICK), rows, labels, cv=folds, method="predict_proba"
    )
    known = np.unique(labels.iloc[20:].dropna())
    assert found.shape == (60, 3)
    assert found[:30].any(axis=0).tolist() == np.isin(["more", "none", "one"], known).tolist()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


def test_stacking_one_assay(smiles: list[str], measured: pd.DataFrame) -> None:
    members = [
        ("ours", BioassayClassifier(**QUICK)),
        ("forest", make_pipeline(SmilesToFingerprint(n_bits=256), RandomForestClassifier(10))),
    ]
    stack = StackingClassifier(members, cv=FOLDS).fit(smiles, measured["rings"])
    ours = stack.named_estimators_["ours"].predict_proba(smiles)
    np.testing.assert_array_equal(stack.transform(smiles)[:, 0], ours[:, 1])
    assert stack.predict_proba(smiles).sum(axis=1) == pytest.approx(1)
    assert stack.score(smiles, measured["rings"]) > 0.8


@pytest.mark.parametrize(("proba", "n_tasks"), [("array", 3), ("list", 3), ("list", 2)])
def test_stacking_a_panel(
    smiles: list[str], measured: pd.DataFrame, proba: Literal["array", "list"], n_tasks: int
) -> None:
    y = measured.to_numpy()[:, :n_tasks]
    members = [("ours", BioassayClassifier(**QUICK, proba=proba))]
    stack = StackingClassifier(members, KNeighborsClassifier(), cv=FOLDS).fit(smiles, y)
    alone = BioassayClassifier(**QUICK).fit(smiles, y).predict_proba(smiles)
    np.testing.assert_allclose(stack.transform(smiles), alone, rtol=1e-6)
    assert stack.predict(smiles).shape == y.shape
    assert np.mean(stack.predict(smiles) == y) > 0.75


def test_voting(smiles: list[str], measured: pd.DataFrame) -> None:
    y = np.where(measured["logp"] == 1, "fat", "water")
    members = [(str(seed), BioassayClassifier(**QUICK, random_state=seed)) for seed in (0, 1)]
    vote = VotingClassifier(members, voting="soft").fit(smiles, y, sample_weight=np.ones(160))
    alone = [clone(member).fit(smiles, y).predict_proba(smiles) for _, member in members]
    np.testing.assert_allclose(vote.predict_proba(smiles), np.mean(alone, axis=0), rtol=1e-5)
    assert set(vote.predict(smiles)) == {"fat", "water"}


def test_calibration(smiles: list[str], measured: pd.DataFrame) -> None:
    y = measured["rings"]
    calibrated = CalibratedClassifierCV(BioassayClassifier(**QUICK), cv=2, ensemble=False)
    found = calibrated.fit(smiles, y, sample_weight=np.ones(160)).predict_proba(smiles)
    alone = BioassayClassifier(**QUICK).fit(smiles, y).predict_proba(smiles)
    assert roc_auc_score(y, found[:, 1]) == pytest.approx(roc_auc_score(y, alone[:, 1]))
    assert found.sum(axis=1) == pytest.approx(1)


def test_search_in_a_pipeline(smiles: list[str], measured: pd.DataFrame) -> None:
    classifier = BioassayClassifier(network=small("features"), epochs=3)
    pipeline = make_pipeline(SmilesToFingerprint(n_bits=256), classifier)
    grid = {"bioassayclassifier__learning_rate": [1e-5, 16e-3]}
    search = GridSearchCV(pipeline, grid, cv=FOLDS, scoring="roc_auc")
    search.fit(smiles, measured.to_numpy())
    assert search.best_params_ == {"bioassayclassifier__learning_rate": 16e-3}
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict_proba(smiles), search.predict_proba(smiles))


def test_scorers_of_scikit_learn(smiles: list[str], measured: pd.DataFrame) -> None:
    y, found = measured.to_numpy(), {}
    for proba in ("array", "list"):
        estimator = BioassayClassifier(**QUICK, proba=proba)
        scores = cross_validate(estimator, smiles, y, cv=FOLDS, scoring=["roc_auc", "accuracy"])
        found[proba] = scores["test_roc_auc"]
        own = cross_validate(estimator, smiles, y, cv=FOLDS)["test_score"]
        np.testing.assert_allclose(own, found[proba])
    np.testing.assert_array_equal(found["array"], found["list"])
    assert (found["array"] > 0.6).all()


def test_values_of_many_assays(smiles: list[str], table: pd.DataFrame) -> None:
    y = table[["rings", "logp"]].fillna(0).to_numpy()
    found = cross_val_predict(BioassayRegressor(**QUICK), smiles, y, cv=FOLDS)
    with_gaps = cross_val_predict_with_gaps(BioassayRegressor(**QUICK), smiles, y, cv=FOLDS)
    np.testing.assert_array_equal(found, with_gaps)
    assert found.shape == y.shape


def test_parameters() -> None:
    estimator = BioassayClassifier(**QUICK, proba="list")
    assert clone(estimator).get_params() == estimator.get_params()
    assert estimator.get_params()["proba"] == "list"
    assert "proba='list'" in repr(estimator)
    with pytest.raises(DataError, match="proba must be 'array' or 'list', found 'pairs'"):
        clone(estimator).set_params(proba="pairs").fit(["C", "CC"], [0, 1])
