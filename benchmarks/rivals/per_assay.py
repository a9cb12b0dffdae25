"""Rivals that fit one model an assay: logistic regression, XGBoost, random forest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FitPredict = Callable[
    [sparse.csr_matrix, NDArray[np.int8], sparse.csr_matrix, int, bool], NDArray[np.floating]
]


@dataclass(frozen=True)
class AssayRival:
    """A model fitted per assay.

    Attributes
    ----------
    settings : dict
        What is written beside the results.
    fit_predict : callable
        ``(x_fit, y_fit, x_new, seed, quick) -> (n_new,)`` scores, higher = more likely active.
    inactives_cap : int or None
        Largest number of inactive training rows kept, drawn at random; None keeps all.
    choice_assays : int
        On how many assays the features are chosen.
    """

    settings: dict[str, Any]
    fit_predict: FitPredict
    inactives_cap: int | None = None
    choice_assays: int = 40


LOGISTIC = {"C": 0.3, "solver": "liblinear", "max_iter": 300}
BOOSTED = {"n_estimators": 200, "max_depth": 6, "learning_rate": 0.1, "colsample_bytree": 0.3}
FOREST = {"n_estimators": 100, "max_features": "sqrt", "min_samples_leaf": 1}


def _logistic(
    x_fit: sparse.csr_matrix,
    y_fit: NDArray[np.int8],
    x_new: sparse.csr_matrix,
    seed: int,
    quick: bool,
) -> NDArray[np.floating]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(**LOGISTIC, random_state=seed).fit(x_fit, y_fit)
    return np.asarray(model.decision_function(x_new))


def _boosted(
    x_fit: sparse.csr_matrix,
    y_fit: NDArray[np.int8],
    x_new: sparse.csr_matrix,
    seed: int,
    quick: bool,
) -> NDArray[np.floating]:
    from xgboost import XGBClassifier

    settings = {**BOOSTED, "n_estimators": 10} if quick else BOOSTED
    model = XGBClassifier(**settings, tree_method="hist", n_jobs=1, random_state=seed)
    return np.asarray(model.fit(x_fit, y_fit).predict(x_new, output_margin=True))


def _forest(
    x_fit: sparse.csr_matrix,
    y_fit: NDArray[np.int8],
    x_new: sparse.csr_matrix,
    seed: int,
    quick: bool,
) -> NDArray[np.floating]:
    from sklearn.ensemble import RandomForestClassifier

    settings = {**FOREST, "n_estimators": 5} if quick else FOREST
    model = RandomForestClassifier(**settings, n_jobs=1, random_state=seed)
    model.fit(x_fit.toarray(), y_fit)
    return np.asarray(model.predict_proba(x_new.toarray())[:, 1])


RIVALS: dict[str, AssayRival] = {
    "logistic_regression": AssayRival(LOGISTIC, _logistic),
    "xgboost": AssayRival({**BOOSTED, "tree_method": "hist"}, _boosted),
    "random_forest": AssayRival(FOREST, _forest, choice_assays=8),
}


def cap_inactives(rival: AssayRival, cap: int) -> AssayRival:
    """Return the rival fitted on all actives and at most ``cap`` inactives drawn at random."""
    return replace(rival, settings={**rival.settings, "inactives_cap": cap}, inactives_cap=cap)


def predict_assay(
    rival: AssayRival,
    x: sparse.csr_matrix,
    label: NDArray[np.int8],
    fit: NDArray[np.int64],
    new: NDArray[np.int64],
    seed: int,
    quick: bool,
) -> NDArray[np.floating]:
    """Fit on the measured rows of one assay and score new rows.

    Parameters
    ----------
    rival : AssayRival
    x : (n_molecules, n_features) sparse
    label : (n_molecules,) int8
        1 active, 0 inactive, -1 not measured.
    fit, new : (n,) int64
        Rows to fit on, rows to score.
    seed : int
    quick : bool
        Fewer trees.

    Returns
    -------
    (n_new,) float
        All zero where the fitted rows have one class only: nothing can be learned there.
    """
    rows = fit[label[fit] >= 0]
    actives, inactives = rows[label[rows] == 1], rows[label[rows] == 0]
    if len(actives) == 0 or len(inactives) == 0:
        return np.zeros(len(new))
    if rival.inactives_cap is not None and len(inactives) > rival.inactives_cap:
        generator = np.random.default_rng(seed)
        inactives = generator.choice(inactives, rival.inactives_cap, replace=False)
        rows = np.sort(np.concatenate([actives, inactives]))
    return rival.fit_predict(x[rows], label[rows], x[new], seed, quick)
