"""Models of other libraries on the rows of a source, each in one way for all studies.

Here are those that fit one model an assay; ``deepchem_networks`` and ``chemprop_program`` have the
networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from benchmarks.harness.datasets import Rows, Source
from benchmarks.harness.ledger import Entry, Floats, Key, Ledger

Settings = Mapping[str, Any]
FitPredict = Callable[[Any, Any, Any, Settings, bool, int], Floats]
"""From rows, their labels, new rows, settings, whether labels are outcomes, and a seed to scores of
the new rows: values, or what is higher for likely actives."""


@dataclass(frozen=True)
class Options:
    """How contenders are run: where chemprop is, and whether there is hardly any training."""

    chemprop: Path | None = None
    quick: bool = False


@dataclass(frozen=True)
class Outcome:
    """Predictions of the test rows, (n_test, T), and how they came about."""

    test: Floats
    settings: Settings
    notes: dict[str, Any] = field(default_factory=dict)


Contender = Callable[[Source, int, Options], Outcome]
"""From rows, a seed and options to an outcome."""


def contested(
    ledger: Ledger, key: Key, contender: Contender, data: Source, options: Options
) -> Entry:
    """The entry of a contender with a seed; what the ledger has is not done again."""

    def work() -> Entry:
        outcome = contender(data, key[4], options)
        return data.scored(key, outcome.test, settings=outcome.settings, **outcome.notes)

    return ledger.once(key, work)


def forest(x: Any, y: Any, new: Any, settings: Settings, outcomes: bool, seed: int) -> Floats:
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
    import lightgbm

    kind = lightgbm.LGBMClassifier if outcomes else lightgbm.LGBMRegressor
    fixed = {"n_jobs": 1, "verbose": -1, "subsample_freq": 1, "subsample": 0.8}
    model = kind(random_state=seed, **fixed, **settings)
    return np.asarray(model.fit(x, y).booster_.predict(new))


def xgboost(x: Any, y: Any, new: Any, settings: Settings, outcomes: bool, seed: int) -> Floats:
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
    """A contender that fits a model per assay, to at most so many inactive rows, drawn at random.

    Predictions of cells that were not measured are 0.
    """

    fit_predict: FitPredict
    settings: Settings
    inactives_cap: int | None = None

    def __call__(self, data: Source, seed: int, options: Options) -> Outcome:
        if options.quick and "n_estimators" in self.settings:
            few = replace(self, settings={**self.settings, "n_estimators": 5})
            return few(data, seed, Options())
        labels, mask, test = data.panel.labels, data.panel.mask, data.test
        guess = np.zeros((len(test), labels.shape[1]))
        for assay, label in enumerate(labels.T):
            at = mask[test, assay]
            of_assay = (data.matrix, label, data.known, test[at], data.is_binary, seed)
            guess[at, assay] = self.predict(*of_assay)
        cap = {} if self.inactives_cap is None else {"inactives_cap": self.inactives_cap}
        return Outcome(guess, {**self.settings, **cap})

    def predict(
        self,
        x: Any,
        label: NDArray[Any],
        fit: Rows,
        new: Rows,
        outcomes: bool = True,
        seed: int = 0,
    ) -> Floats:
        """Scores ``(n_new,)`` of new rows, fitted on the measured ones of some rows of one assay.

        Labels are outcomes (-1: not measured) or values (NaN). Where the fitted rows have one
        alone, it is that one: nothing can be learned.
        """
        rows = fit[label[fit] >= 0] if outcomes else fit[~np.isnan(label[fit])]
        if len(np.unique(label[rows])) < 2:
            return np.full(len(new), label[rows].mean() if len(rows) else 0.0)
        inactives, cap = rows[label[rows] == 0], self.inactives_cap
        if outcomes and cap is not None and len(inactives) > cap:
            kept = np.random.default_rng(seed).choice(inactives, cap, replace=False)
            rows = np.sort(np.concatenate([rows[label[rows] == 1], kept]))
        return self.fit_predict(x[rows], label[rows], x[new], self.settings, outcomes, seed)


LOGISTIC = AssayModel(linear, {"C": 0.3, "solver": "liblinear", "max_iter": 300})
BOOSTED = AssayModel(
    xgboost, {"n_estimators": 200, "max_depth": 6, "learning_rate": 0.1, "colsample_bytree": 0.3}
)
WHOLE_FOREST = AssayModel(
    forest, {"n_estimators": 100, "max_features": "sqrt", "min_samples_leaf": 1}
)
FOREST = replace(WHOLE_FOREST, inactives_cap=5000)
