"""Models of other libraries, one an assay: forests, boosted trees, linear ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from benchmarks.harness.datasets import Rows
from benchmarks.harness.ledger import Floats

Settings = Mapping[str, Any]
FitPredict = Callable[[Any, Any, Any, Settings, bool, int], Floats]
"""From rows, their labels, new rows, settings, whether labels are outcomes, and a seed to scores of
the new rows: values, or what is higher for likely actives."""


def forest(x: Any, y: Any, new: Any, settings: Settings, outcomes: bool, seed: int) -> Floats:
    """scikit-learn's random forest."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    if outcomes:
        x, new = (each.toarray() if issparse(each) else each for each in (x, new))
        model = RandomForestClassifier(n_jobs=1, random_state=seed, **settings).fit(x, y)
        return np.asarray(model.predict_proba(new)[:, 1])
    fewer = {name: value for name, value in settings.items() if name != "class_weight"}
    x = x.tocsc() if issparse(x) else x
    values = RandomForestRegressor(n_jobs=1, random_state=seed, **fewer).fit(x, y)
    return np.asarray(values.predict(new))


def lightgbm(x: Any, y: Any, new: Any, settings: Settings, outcomes: bool, seed: int) -> Floats:
    """LightGBM."""
    import lightgbm

    kind = lightgbm.LGBMClassifier if outcomes else lightgbm.LGBMRegressor
    model = kind(
        n_jobs=1, random_state=seed, verbose=-1, subsample_freq=1, subsample=0.8, **settings
    )
    return np.asarray(model.fit(x, y).booster_.predict(new))


def xgboost(x: Any, y: Any, new: Any, settings: Settings, outcomes: bool, seed: int) -> Floats:
    """XGBoost."""
    import xgboost

    kind = xgboost.XGBClassifier if outcomes else xgboost.XGBRegressor
    model = kind(n_jobs=1, random_state=seed, tree_method="hist", **settings).fit(x, y)
    return np.asarray(model.predict_proba(new)[:, 1] if outcomes else model.predict(new))


def linear(x: Any, y: Any, new: Any, settings: Settings, outcomes: bool, seed: int) -> Floats:
    """Logistic, or ridge, regression."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if not outcomes:
        return np.asarray(Ridge(settings["penalty"]).fit(x, y).predict(new))
    if "penalty" in settings:
        settings = {"C": 1 / settings["penalty"], "max_iter": 500}
    return np.asarray(LogisticRegression(**settings).fit(x, y).decision_function(new))


@dataclass(frozen=True)
class AssayModel:
    """A model fitted per assay, to at most so many inactive rows, drawn at random."""

    fit_predict: FitPredict
    settings: Settings
    inactives_cap: int | None = None

    @property
    def about(self) -> dict[str, Any]:
        """What is written beside the results."""
        cap = {} if self.inactives_cap is None else {"inactives_cap": self.inactives_cap}
        return {**self.settings, **cap}

    def quick(self) -> AssayModel:
        """With fewer trees."""
        few = {"n_estimators": 5} if "n_estimators" in self.settings else {}
        return AssayModel(self.fit_predict, {**self.settings, **few}, self.inactives_cap)


FOREST = {"n_estimators": 100, "max_features": "sqrt", "min_samples_leaf": 1}
BOOSTED = {"n_estimators": 200, "max_depth": 6, "learning_rate": 0.1, "colsample_bytree": 0.3}
LOGISTIC = {"C": 0.3, "solver": "liblinear", "max_iter": 300}
MODELS = {
    "logistic_regression": AssayModel(linear, LOGISTIC),
    "xgboost": AssayModel(xgboost, BOOSTED),
    "random_forest": AssayModel(forest, FOREST, inactives_cap=5000),
}


def predict_assay(
    model: AssayModel,
    x: Any,
    label: NDArray[Any],
    fit: Rows,
    new: Rows,
    outcomes: bool = True,
    seed: int = 0,
) -> Floats:
    """Scores ``(n_new,)`` of new rows, fitted on the measured ones of some rows of one assay.

    Labels are outcomes (-1: not measured) or values (NaN). Where the fitted rows have one alone, it
    is that one: nothing can be learned.
    """
    rows = fit[label[fit] >= 0] if outcomes else fit[~np.isnan(label[fit])]
    if len(np.unique(label[rows])) < 2:
        return np.full(len(new), label[rows].mean() if len(rows) else 0.0)
    inactives = rows[label[rows] == 0]
    if outcomes and model.inactives_cap is not None and len(inactives) > model.inactives_cap:
        kept = np.random.default_rng(seed).choice(inactives, model.inactives_cap, replace=False)
        rows = np.sort(np.concatenate([rows[label[rows] == 1], kept]))
    return model.fit_predict(x[rows], label[rows], x[new], model.settings, outcomes, seed)
