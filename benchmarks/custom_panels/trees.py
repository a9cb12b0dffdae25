"""Random forests and boosted trees, one an assay; those of values take a bound for a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.custom_panels.contender import Options, Outcome, contender
from benchmarks.custom_panels.panels import CustomPanel
from benchmarks.rivals.per_assay import BOOSTED, FOREST, RIVALS, predict_assay

FEWER = {"n_estimators": 5}
"""For a quick run."""
ROWS = {"rows": "those fitted on and the validation rows"}

FitPredict = Callable[
    [sparse.csr_matrix, NDArray[np.float32], sparse.csr_matrix, dict[str, Any]],
    NDArray[np.floating],
]


@contender("random forest", reads="counts")
def forest(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """scikit-learn's, of 100 trees."""
    return _per_assay(data, seed, options.quick, "random_forest", FOREST, _forest)


@contender("XGBoost", reads="counts")
def boosted(data: CustomPanel, seed: int, options: Options) -> Outcome:
    """Of 200 trees."""
    return _per_assay(data, seed, options.quick, "xgboost", BOOSTED, _boosted)


def _forest(
    x_fit: sparse.csr_matrix,
    y_fit: NDArray[np.float32],
    x_new: sparse.csr_matrix,
    settings: dict[str, Any],
) -> NDArray[np.floating]:
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(**settings, n_jobs=1).fit(x_fit.tocsc(), y_fit)
    return np.asarray(model.predict(x_new))


def _boosted(
    x_fit: sparse.csr_matrix,
    y_fit: NDArray[np.float32],
    x_new: sparse.csr_matrix,
    settings: dict[str, Any],
) -> NDArray[np.floating]:
    from xgboost import XGBRegressor

    model = XGBRegressor(**settings, tree_method="hist", n_jobs=1).fit(x_fit, y_fit)
    return np.asarray(model.predict(x_new))


def _per_assay(
    data: CustomPanel,
    seed: int,
    quick: bool,
    rival: str,
    settings: dict[str, Any],
    fit_predict: FitPredict,
) -> Outcome:
    """Predictions of the measured cells; the others are 0, and nothing looks at them."""
    labels, mask, x = data.panel.labels, data.panel.mask, data.counts
    known, test = data.known, data.parts.test
    settings = settings | FEWER if quick else settings
    guess = np.zeros((len(test), labels.shape[1]))
    for assay in range(labels.shape[1]):
        column, measured = labels[:, assay], mask[:, assay]
        at, fit = measured[test], known[measured[known]]
        new = test[at]
        if data.is_binary:
            found = predict_assay(RIVALS[rival], x, column, fit, new, seed, quick)
        else:
            seeded = settings | {"random_state": seed}
            found = fit_predict(x[fit], column[fit], x[new], seeded)
        guess[at, assay] = found
    return Outcome(guess, settings | ROWS)
