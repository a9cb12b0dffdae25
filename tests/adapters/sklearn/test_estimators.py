"""The estimators on panels with gaps."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline

import bioassay_mtl as bm
from bioassay_mtl.adapters.arrays import DataError
from bioassay_mtl.adapters.sklearn import (
    BioassayClassifier,
    BioassayRegressor,
    MacroScorer,
    SmilesToDescriptors,
    SmilesToFingerprint,
)
from tests.adapters.sklearn.conftest import MORGAN, small


@pytest.fixture(scope="module")
def fitted(table: pd.DataFrame, outcomes: pd.DataFrame) -> BioassayClassifier:
    return BioassayClassifier(**MORGAN).fit(table["smiles"], outcomes)


def test_probabilities_of_all_tasks(
    fitted: BioassayClassifier, table: pd.DataFrame, outcomes: pd.DataFrame
) -> None:
    smiles = table["smiles"].tolist()
    found = fitted.predict_proba(smiles)
    assert found.shape == (len(table), 2)
    assert fitted.model_.tasks == ("rings", "logp")
    np.testing.assert_array_equal(found, fitted.model_.predict(smiles)[["rings", "logp"]])
    assert fitted.predict(smiles).tolist() == (found > 0.5).astype(int).tolist()
    aucs = [
        roc_auc_score(outcomes[name].dropna(), found[outcomes[name].notna(), column])
        for column, name in enumerate(outcomes)
    ]
    assert fitted.score(smiles, outcomes) == pytest.approx(np.mean(aucs))
    assert min(aucs) > 0.8


def test_a_smiles_that_cannot_be_used(fitted: BioassayClassifier) -> None:
    rows = ["CCO", "not a molecule", "c1ccccc1"]
    assert np.isnan(fitted.predict_proba(rows)).all(axis=1).tolist() == [False, True, False]
    with pytest.raises(DataError, match="1 SMILES cannot be used, the first in row 1"):
        fitted.predict(rows)
    assert 0 <= fitted.score(rows, [[1, 0], [1, 1], [0, 1]]) <= 1


def test_no_smiles_but_missing_ones(fitted: BioassayClassifier) -> None:
    for missing in ([None, ""], [None, None], pd.Series([None, np.nan], dtype=object)):
        assert np.isnan(fitted.predict_proba(missing)).tolist() == [[True, True]] * 2
    nothing: list[Any] = [[], pd.Series([], dtype=str), pd.DataFrame({"smiles": []})]
    for none in nothing:
        assert fitted.predict_proba(none).shape == fitted.predict(none).shape == (0, 2)
    with pytest.raises(DataError, match="the model reads SMILES"):
        fitted.predict_proba(np.eye(3))


def test_pickled_state_is_the_models_files(fitted: BioassayClassifier, tmp_path: Path) -> None:
    state = fitted.__getstate__()["model_"]
    files = {"model.safetensors", "config.json", "metrics.json", "README.md", "domain.safetensors"}
    assert set(state) == {*files, "training_molecules.safetensors", "assays.json"}
    assert all(isinstance(data, bytes) for data in state.values())
    back = pickle.loads(pickle.dumps(fitted))
    rows = ["CCO", "c1ccccc1CCN"]
    assert back.model_.in_training(rows).tolist() == fitted.model_.in_training(rows).tolist()
    np.testing.assert_array_equal(back.predict_proba(rows), fitted.predict_proba(rows))
    assert back.model_.beside["assays"] == fitted.model_.sheet
    saved = fitted.model_.save(tmp_path / "model")
    np.testing.assert_array_equal(
        bm.load(saved).predict(rows)[["rings", "logp"]], fitted.predict_proba(rows)
    )


def test_classes_of_any_name(table: pd.DataFrame) -> None:
    rings = table["rings"].dropna()
    smiles = table["smiles"][rings.index]
    two = np.where(rings > 0, "cyclic", "chain")
    found = BioassayClassifier(**MORGAN).fit(smiles, two)
    assert found.classes_.tolist() == ["chain", "cyclic"]
    assert found.predict_proba(smiles).sum(axis=1) == pytest.approx(1)
    assert found.score(smiles, two) == np.mean(found.predict(smiles) == two) > 0.8
    three = rings.clip(upper=2).to_numpy()
    found = BioassayClassifier(**MORGAN).fit(smiles, three)
    assert found.predict_proba(smiles).shape == (len(smiles), 3)
    assert found.score(smiles, three) > 0.6
    for y in (three, three.astype(str)):
        with pytest.raises(DataError, match=r"y \(n,\) has 3 classes.*roc_auc_ovr"):
            MacroScorer(roc_auc_score)(found, smiles, y)


def gaps_of_pandas(y: pd.Series) -> list[pd.Series]:
    """One series of 1, 0 and NaN in types that hold gaps in other ways."""
    texts = y.map({0.0: "chain", 1.0: "cyclic"})
    return [
        y.astype("Int64"),
        y.astype("boolean"),
        y.astype(object).where(y.notna(), None),
        texts,
        texts.astype("string"),
        texts.astype("category"),
        texts.astype(object).where(y.notna(), None),
    ]


@pytest.mark.soak
def test_gaps_of_all_types(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    smiles, y = table["smiles"], outcomes["rings"]
    expected = BioassayClassifier(**MORGAN).fit(smiles, y)
    for each in gaps_of_pandas(y):
        found = BioassayClassifier(**MORGAN).fit(smiles, each)
        assert found.classes_.tolist() == sorted(each.dropna().unique())
        np.testing.assert_array_equal(found.predict_proba(smiles), expected.predict_proba(smiles))
        assert found.score(smiles, each) == expected.score(smiles, y)
    panel = BioassayClassifier(**MORGAN).fit(smiles, outcomes)
    for dtype in ("Int64", "boolean"):
        typed = outcomes.astype(dtype)
        found = BioassayClassifier(**MORGAN).fit(smiles, typed)
        np.testing.assert_array_equal(found.predict_proba(smiles), panel.predict_proba(smiles))
        assert found.score(smiles, typed) == panel.score(smiles, outcomes)
    for nothing in ([None] * 160, pd.Series([pd.NA] * 160)):
        with pytest.raises(DataError, match="no measured cell"):
            BioassayClassifier(**MORGAN).fit(smiles, nothing)


def test_flags_of_one_fold_are_numbers_in_another() -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.random((60, 6)) < 0.3) * 1.0, (rng.random((60, 2)) < 0.5) * 1.0
    x[7, 2], x[8, 3] = 2, np.nan
    estimator = BioassayClassifier(network=small("features"), epochs=1)
    scores = cross_validate(estimator, x, y, cv=KFold(4), error_score="raise")
    assert np.isfinite(scores["test_score"]).all()


def test_epochs_that_are_not_given_suit_the_rows(
    table: pd.DataFrame, outcomes: pd.DataFrame
) -> None:
    settings = {name: value for name, value in MORGAN.items() if name != "epochs"}
    assert BioassayClassifier(**settings).fit(table["smiles"], outcomes).n_epochs_ == 30


def test_values(table: pd.DataFrame) -> None:
    y = table[["rings", "logp"]]
    found = BioassayRegressor(**MORGAN | {"epochs": 20}).fit(table["smiles"], y)
    assert found.predict(table["smiles"]).shape == (len(table), 2)
    assert found.score(table["smiles"], y) > 0.6
    assert np.isnan(found.predict(["not a molecule"])).all()
    one = BioassayRegressor(**MORGAN | {"epochs": 20}).fit(table["smiles"], y["logp"])
    assert one.predict(["CCO"]).shape == (1,)


def test_features_of_all_kinds(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    estimator = BioassayClassifier(network=small("features"), epochs=6)
    for step in (
        SmilesToFingerprint(n_bits=512),
        SmilesToFingerprint(n_bits=512, counts=True),
        SmilesToDescriptors(["RingCount", "MolLogP", "TPSA", "MolWt"]),
    ):
        pipeline = make_pipeline(step, clone(estimator)).fit(table["smiles"], outcomes)
        assert pipeline.score(table["smiles"], outcomes) > 0.8
        with pytest.raises(DataError, match="the model reads features"):
            pipeline[-1].predict_proba(["CCO"])


def test_cross_validation_and_search(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    estimator = BioassayClassifier(**MORGAN)
    scorer = MacroScorer(average_precision_score)
    folds = KFold(2, shuffle=True, random_state=0)
    scores = cross_validate(estimator, table["smiles"], outcomes, cv=folds, scoring=scorer)
    assert (scores["test_score"] > 0.5).all()
    search = GridSearchCV(estimator, {"learning_rate": [1e-5, 16e-3]}, cv=folds, scoring=scorer)
    search.fit(table["smiles"], outcomes)
    assert search.best_params_ == {"learning_rate": 16e-3}
    assert search.best_score_ == pytest.approx(scores["test_score"].mean())


def test_faults_are_named(table: pd.DataFrame, outcomes: pd.DataFrame) -> None:
    smiles = table["smiles"]
    estimator = BioassayClassifier(**MORGAN)
    for y, message in (
        (outcomes * np.nan, "no measured cell"),
        (outcomes[:5], r"y must be \(160,\) or \(160, tasks\), found \(5, 2\)"),
        (np.zeros(160), "found 1 class: 0.0"),
        (outcomes + np.inf, "infinity"),
        (outcomes.replace(1.0, "active"), "could not convert"),
    ):
        with pytest.raises(DataError, match=message):
            estimator.fit(smiles, y)
    with pytest.raises(DataError, match="fingerprints are made of SMILES"):
        estimator.fit(np.eye(160), outcomes)
